import type { z } from 'zod';
import { fromBase64 } from '../../encoding/base64.ts';
import { ConflictError, NotFoundError } from '../../errors/families.ts';
import { quote, shorten } from '../../errors/quote.ts';
import { StorageError } from '../../errors/storage-error.ts';
import type { PrivateKey } from '../../ports/crypto.ts';
import { openField, type SealedField } from '../../store/seal.ts';
import type { Entry } from '../../store/store.ts';
import { type Certificate, parseCertificate } from '../../x509/certificate/certificate.ts';
import type { CrlReason } from '../../x509/crl/crl-reason.ts';
import { authorities, intermediates } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import type { IntermediateState, IntermediateValue } from './intermediate.ts';

const LOAD_ATTEMPTS = 10;

type AuthorityValue = z.infer<typeof authorities.schema>;

/** An installed intermediate, parsed, with its key a call away. */
export interface InstalledIntermediate {
  readonly id: string;
  readonly state: IntermediateState;
  /** While it is revoked or on hold: since when (epoch milliseconds), and why. */
  readonly revocation: { readonly revokedAt: number; readonly reason: CrlReason } | undefined;
  readonly certificate: Certificate;
  readonly certificatePem: string;
  /** The trust anchor that signed it. */
  readonly trustAnchor: Certificate;
  /** How many CRLs share its certificates. */
  readonly crlShards: number;
  /** Where the CRLs of the shards are served; undefined where there is one CRL, which follows the authority's `baseUrl`. */
  readonly crlBaseUrl: string | undefined;
  /** Whether its CRLs point to delta CRLs. */
  readonly deltaCrls: boolean;
  /** Opens the sealed key once and keeps it. */
  privateKey(): Promise<PrivateKey>;
}

/** What an authority could sign with at one version of its document. */
export interface SigningSnapshot {
  readonly version: string;
  /** Newest first. */
  readonly intermediates: readonly InstalledIntermediate[];
  readonly trustAnchors: readonly Certificate[];
}

/**
 * The intermediates of one authority, read once and kept. Issuance checks the snapshot's version in its own commit, so a stale
 * snapshot costs a retry and never signs for an intermediate that another instance has shut down.
 */
export class SigningState {
  readonly #context: AuthorityContext;
  readonly #keys = new Map<string, Promise<PrivateKey>>();
  #snapshot: Promise<SigningSnapshot> | undefined;

  constructor(context: AuthorityContext) {
    this.#context = context;
  }

  /** @throws {ConflictError} AUTHORITY_NOT_READY: no intermediate was ever installed */
  current(): Promise<SigningSnapshot> {
    const snapshot = this.#snapshot ?? this.#load();
    if (this.#snapshot === undefined) {
      this.#snapshot = snapshot;
      snapshot.catch(() => {
        if (this.#snapshot === snapshot) this.#snapshot = undefined;
      });
    }
    return snapshot;
  }

  /** Reads anew: for what must be true at this instant, such as a list or a CRL. */
  fresh(): Promise<SigningSnapshot> {
    this.#snapshot = undefined;
    return this.current();
  }

  /** The next reading is a new one. */
  forget(): void {
    this.#snapshot = undefined;
  }

  /**
   * The intermediate of an id, or the only one.
   *
   * @throws {NotFoundError} INTERMEDIATE_NOT_FOUND
   * @throws {ConflictError} INTERMEDIATE_AMBIGUOUS: several are installed and none was named
   */
  async named(id: string | undefined): Promise<InstalledIntermediate> {
    if (id !== undefined) return this.installed(id);
    const { intermediates: all } = await this.fresh();
    const [only] = all;
    if (only === undefined || all.length > 1) {
      const ids = all.map((intermediate) => intermediate.id);
      throw new ConflictError('INTERMEDIATE_AMBIGUOUS', `Name one of the intermediates ${ids.join(', ')}`, {
        facts: { intermediates: ids },
      });
    }
    return only;
  }

  /** @throws {NotFoundError} INTERMEDIATE_NOT_FOUND: none of that id is installed */
  async installed(id: string): Promise<InstalledIntermediate> {
    const known = (await this.current()).intermediates.find((intermediate) => intermediate.id === id);
    const found = known ?? (await this.fresh()).intermediates.find((intermediate) => intermediate.id === id);
    if (found === undefined) throw intermediateNotFound(id);
    return found;
  }

  /**
   * The newest active intermediate that is valid at an instant.
   *
   * @throws {ConflictError} AUTHORITY_NOT_READY: there is none
   */
  signer(snapshot: SigningSnapshot, now: number): InstalledIntermediate {
    const signer = snapshot.intermediates.find(
      ({ state, certificate }) =>
        state === 'active' && certificate.notBefore.getTime() <= now && now <= certificate.notAfter.getTime(),
    );
    if (signer === undefined) throw notReady(this.#context.name, 'has no active intermediate that is valid now');
    return signer;
  }

  /** Whether no instance has changed the authority since a snapshot was taken. */
  async isCurrent(snapshot: { readonly version: string }): Promise<boolean> {
    const { store, name } = this.#context;
    return (await store.get(authorities, name))?.version === snapshot.version;
  }

  async #load(): Promise<SigningSnapshot> {
    const { store, name } = this.#context;
    for (let attempt = 1; attempt <= LOAD_ATTEMPTS; attempt++) {
      const authority = await store.get(authorities, name);
      if (authority === undefined) throw notReady(name, 'has no intermediate: bootstrap() it, or install one');
      const entries = await listIntermediates(this.#context);
      // Two readings make one picture only if nothing changed between them.
      if (await this.isCurrent(authority)) return this.#snapshotOf(authority, entries);
    }
    throw new ConflictError(
      'COMMIT_CONFLICT',
      `Authority ${name} changed ${LOAD_ATTEMPTS} times while it was being read`,
    );
  }

  #snapshotOf(authority: Entry<AuthorityValue>, entries: readonly Entry<IntermediateValue>[]): SigningSnapshot {
    const trustAnchors = new Map(
      Object.entries(authority.value.trustAnchors).map(([sha256, der]) => [sha256, parseCertificate(fromBase64(der))]),
    );
    const installed = entries
      .filter(({ value }) => value.installedAt !== undefined)
      .sort((a, b) => (b.value.installedIn ?? 0) - (a.value.installedIn ?? 0));
    return {
      version: authority.version,
      intermediates: installed.map((entry) => this.#install(entry, trustAnchors)),
      trustAnchors: [...trustAnchors.values()],
    };
  }

  #install(entry: Entry<IntermediateValue>, trustAnchors: ReadonlyMap<string, Certificate>): InstalledIntermediate {
    const { certificate: certificatePem, trustAnchor: fingerprint, revokedAt, reason = 'unspecified' } = entry.value;
    const trustAnchor = trustAnchors.get(fingerprint ?? '');
    if (certificatePem === undefined || trustAnchor === undefined) {
      throw new StorageError(
        'STORAGE_CORRUPT',
        `Intermediate ${entry.id} is installed without its certificate or trust anchor`,
      );
    }
    return {
      id: entry.id,
      state: entry.value.state,
      revocation: revokedAt === undefined ? undefined : { revokedAt, reason },
      certificate: parseCertificate(certificatePem),
      certificatePem,
      trustAnchor,
      crlShards: entry.value.crlShards ?? 1,
      crlBaseUrl: entry.value.crlBaseUrl,
      deltaCrls: entry.value.deltaCrls ?? false,
      privateKey: () => this.#privateKey(entry),
    };
  }

  #privateKey(entry: Entry<IntermediateValue>): Promise<PrivateKey> {
    const known = this.#keys.get(entry.id);
    if (known !== undefined) return known;
    const key = openIntermediateKey(this.#context, entry);
    this.#keys.set(entry.id, key);
    key.catch(() => this.#keys.delete(entry.id));
    return key;
  }
}

/** All intermediates of an authority, oldest first, with their sealed keys. */
export async function listIntermediates({ store, name }: AuthorityContext): Promise<Entry<IntermediateValue>[]> {
  const all: Entry<IntermediateValue>[] = [];
  const query = { index: 'byAuthority', equals: { authority: name }, limit: 100, withBytes: true };
  for await (const entry of store.walk(intermediates, query)) all.push(entry);
  return all;
}

/** Where an intermediate's key is sealed to. */
export function intermediateKeyPlace(id: string): SealedField {
  return { collection: intermediates, id, field: 'privateKey' };
}

async function openIntermediateKey(
  context: AuthorityContext,
  { id, bytes }: Entry<IntermediateValue>,
): Promise<PrivateKey> {
  if (bytes === undefined) throw new StorageError('STORAGE_CORRUPT', `Intermediate ${id} has lost its sealed key`);
  const pkcs8 = await openField(context.store, context.keyring, intermediateKeyPlace(id), bytes);
  const key = await context.crypto.importPrivateKey(pkcs8);
  pkcs8.fill(0);
  return key;
}

/** Makes the error for an id under which nothing is installed. */
export function intermediateNotFound(id: string): NotFoundError {
  return new NotFoundError('INTERMEDIATE_NOT_FOUND', `No intermediate ${quote(id)} is installed`, {
    facts: typeof id === 'string' ? { id: shorten(id) } : {},
  });
}

function notReady(name: string, why: string): ConflictError {
  return new ConflictError('AUTHORITY_NOT_READY', `Authority ${quote(name)} ${why}`, {
    facts: { authority: name },
  });
}
