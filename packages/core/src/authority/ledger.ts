import { z } from 'zod';
import { encodePem } from '../encoding/pem.ts';
import { NotFoundError } from '../errors/families.ts';
import { invalidArgument } from '../errors/from-issues.ts';
import { quote } from '../errors/quote.ts';
import { StorageError } from '../errors/storage-error.ts';
import type { Abortable } from '../ports/abortable.ts';
import type { Clock } from '../ports/clock.ts';
import { abortSignal } from '../store/abort-signal.ts';
import { throwIfAborted } from '../store/backoff.ts';
import type { Entry, Store } from '../store/store.ts';
import type { CrlReason } from '../x509/crl/crl-reason.ts';
import { ledger } from './collections.ts';

/** `valid` and `expired` are told apart by the clock; `revoked` and `onHold` stay so after expiry. */
export type CertificateStatus = 'valid' | 'expired' | 'revoked' | 'onHold';

/** A certificate as the ledger knows it. */
export interface CertificateRecord {
  /** Lower-case hex. */
  readonly serialNumber: string;
  readonly certificatePem: string;
  /** The intermediate that signed it. */
  readonly intermediateId: string;
  readonly profile: string;
  /** RFC 4514; empty where the names stand in `subjectAltNames` alone. */
  readonly subject: string;
  readonly subjectAltNames: readonly string[];
  readonly accountId?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly issuedAt: Date;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly sha256Fingerprint: string;
  readonly status: CertificateStatus;
  readonly revokedAt?: Date;
  readonly reason?: CrlReason;
  readonly invalidityDate?: Date;
}

/** Which certificates to list, soonest expiry first. What is left out does not restrict. */
export interface ListCertificatesOptions extends Abortable {
  readonly accountId?: string;
  readonly status?: CertificateStatus;
  /** Only certificates whose notAfter lies before this instant. */
  readonly expiresBefore?: Date;
  /** 1 to 1,000 a page. */
  readonly limit: number;
  readonly cursor?: string;
}

const listOptions = z.strictObject({
  accountId: z.string().optional(),
  status: z.enum(['valid', 'expired', 'revoked', 'onHold']).optional(),
  expiresBefore: z.date().optional(),
  limit: z.number().int().min(1).max(1_000),
  cursor: z.string().optional(),
  signal: abortSignal,
});

/** A certificate as it is stored. */
export type LedgerValue = z.infer<typeof ledger.schema>;

/** The rolls of one authority: what it issued, by serial number, by account and by expiry. */
export class Ledger {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #authority: string;

  constructor(store: Store, clock: Clock, authority: string) {
    this.#store = store;
    this.#clock = clock;
    this.#authority = authority;
  }

  /** @throws {NotFoundError} CERTIFICATE_NOT_FOUND: what is no serial number is none of this authority's */
  documentId(serialNumber: string): string {
    if (typeof serialNumber !== 'string' || !/^[0-9a-f]{1,40}$/i.test(serialNumber)) {
      throw certificateNotFound(serialNumber);
    }
    return `${this.#authority}/${serialNumber.toLowerCase()}`;
  }

  /** @throws {NotFoundError} CERTIFICATE_NOT_FOUND: this authority issued no certificate of that serial number */
  async get(serialNumber: string): Promise<CertificateRecord> {
    return this.toRecord(await this.entry(serialNumber));
  }

  async entry(serialNumber: string): Promise<Entry<LedgerValue>> {
    const entry = await this.#store.get(ledger, this.documentId(serialNumber));
    if (entry === undefined) throw certificateNotFound(serialNumber);
    return entry;
  }

  async list(given: ListCertificatesOptions): Promise<{ items: CertificateRecord[]; cursor?: string }> {
    const options = parseListOptions(given);
    throwIfAborted(options.signal);
    const { entries, cursor } = await this.#store.query(ledger, {
      ...this.#selection(options),
      ...this.#expiryRange(options),
      limit: options.limit,
      withBytes: true,
      ...(options.cursor === undefined ? {} : { cursor: options.cursor }),
    });
    const items = entries.map((entry) => this.toRecord(entry));
    return cursor === undefined ? { items } : { items, cursor };
  }

  toRecord(entry: { readonly value: LedgerValue; readonly bytes?: Uint8Array }): CertificateRecord {
    const { value } = entry;
    const { accountId, metadata, revokedAt, reason, invalidityDate } = value;
    return {
      serialNumber: value.serialNumber,
      profile: value.profile,
      subject: value.subject,
      subjectAltNames: value.subjectAltNames,
      sha256Fingerprint: value.sha256Fingerprint,
      ...(accountId === undefined ? {} : { accountId }),
      ...(metadata === undefined ? {} : { metadata }),
      certificatePem: encodePem('CERTIFICATE', certificateOf(entry)),
      intermediateId: value.intermediate,
      notBefore: new Date(value.notBefore),
      notAfter: new Date(value.notAfter),
      issuedAt: new Date(value.issuedAt),
      status: this.#status(value),
      ...(revokedAt === undefined ? {} : { revokedAt: new Date(revokedAt) }),
      ...(reason === undefined ? {} : { reason }),
      ...(invalidityDate === undefined ? {} : { invalidityDate: new Date(invalidityDate) }),
    };
  }

  #selection({ accountId, status }: ListCertificatesOptions): { index: string; equals: Record<string, string> } {
    const state = status === 'expired' || status === 'valid' ? 'issued' : status;
    const authority = this.#authority;
    if (accountId === undefined && state === undefined) return { index: 'byExpiry', equals: { authority } };
    if (accountId === undefined) return { index: 'byState', equals: { authority, state: state as string } };
    if (state === undefined) return { index: 'byAccount', equals: { authority, accountId } };
    return { index: 'byAccountAndState', equals: { authority, accountId, state } };
  }

  #expiryRange({ status, expiresBefore }: ListCertificatesOptions): { from?: number; to?: number } {
    const now = this.#clock.now();
    const to = Math.min(
      expiresBefore?.getTime() ?? Number.POSITIVE_INFINITY,
      status === 'expired' ? now : Number.POSITIVE_INFINITY,
    );
    return {
      ...(status === 'valid' ? { from: now } : {}),
      ...(Number.isFinite(to) ? { to } : {}),
    };
  }

  /** notAfter itself is still valid (RFC 5280 section 4.1.2.5). */
  #status({ state, notAfter }: LedgerValue): CertificateStatus {
    if (state !== 'issued') return state;
    return notAfter < this.#clock.now() ? 'expired' : 'valid';
  }
}

function certificateOf({ value, bytes }: { readonly value: LedgerValue; readonly bytes?: Uint8Array }): Uint8Array {
  if (bytes !== undefined) return bytes;
  throw new StorageError('STORAGE_CORRUPT', `The ledger has lost the certificate ${value.serialNumber}`, {
    facts: { serialNumber: value.serialNumber },
  });
}

function parseListOptions(options: ListCertificatesOptions): ListCertificatesOptions {
  const parsed = listOptions.safeParse(options);
  if (!parsed.success) throw invalidArgument('list() options', parsed.error.issues);
  return options;
}

/** Makes the error for a serial number that the ledger does not have. */
export function certificateNotFound(serialNumber: string): NotFoundError {
  const message = `No certificate with serial number ${quote(serialNumber)} was issued here`;
  return new NotFoundError('CERTIFICATE_NOT_FOUND', message, {
    facts: typeof serialNumber === 'string' ? { serialNumber: serialNumber.slice(0, 64) } : {},
  });
}
