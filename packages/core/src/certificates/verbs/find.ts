import { z } from 'zod';
import type { Abortable } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { EntryQuery } from '../../store/store.ts';
import type { Certificate, ManagedCertificateStatus } from '../certificate.ts';
import { certificateNotFound, requireCertificateId, toCertificate } from '../certificate-record.ts';
import { certificates } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { parseInput, requireName } from './certificate-input.ts';

/** Which certificates to list, soonest expiry first. What is left out does not restrict. */
export interface ListManagedCertificatesOptions extends Abortable {
  readonly accountId?: string;
  readonly status?: ManagedCertificateStatus;
  readonly active?: boolean;
  /** Only certificates whose notAfter lies before this instant. */
  readonly expiresBefore?: Date;
  /** 1 to 1,000 a page. */
  readonly limit: number;
  readonly cursor?: string;
}

/** How many pages one call looks through where `active` leaves few of them. */
const MOST_PAGES = 10;

const listInput = z.strictObject({
  accountId: z.string().optional(),
  status: z.enum(['pending', 'valid', 'expired', 'revoked', 'failed']).optional(),
  active: z.boolean().optional(),
  expiresBefore: z.date().optional(),
  limit: z.number().int().min(1).max(1_000),
  cursor: z.string().optional(),
  signal: abortSignal,
});

type ListInput = z.infer<typeof listInput>;

/** See `CertificateManager.get`. */
export async function getCertificate(
  context: CertificatesContext,
  id: string,
  { signal }: Abortable,
): Promise<Certificate> {
  requireCertificateId(id);
  throwIfAborted(signal);
  const entry = await context.store.get(certificates, id);
  if (entry === undefined) throw certificateNotFound(id);
  return toCertificate(context, entry);
}

/** See `CertificateManager.getByName`. */
export async function getCertificateByName(
  context: CertificatesContext,
  name: string,
  { signal }: Abortable,
): Promise<Certificate | undefined> {
  const equals = { heldName: requireName(name) };
  throwIfAborted(signal);
  const { entries } = await context.store.query(certificates, { index: 'byName', equals, limit: 1 });
  return entries[0] && toCertificate(context, entries[0]);
}

/** See `CertificateManager.list`. */
export async function listCertificates(
  context: CertificatesContext,
  options: ListManagedCertificatesOptions,
): Promise<{ items: Certificate[]; cursor?: string }> {
  const input = parseInput(listInput, 'list() options', options);
  const query = { ...selection(input), ...expiryRange(input, context.clock.now()) };
  const items: Certificate[] = [];
  let { cursor } = input;
  for (let page = 1; page <= MOST_PAGES; page++) {
    throwIfAborted(input.signal);
    const limit = input.limit - items.length;
    const found = await context.store.query(certificates, {
      ...query,
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const fitting = found.entries.filter(({ value }) => input.active === undefined || value.active === input.active);
    items.push(...fitting.map((entry) => toCertificate(context, entry)));
    cursor = found.cursor;
    if (cursor === undefined) return { items };
    if (items.length === input.limit || input.active === undefined) break;
  }
  return { items, ...(cursor === undefined ? {} : { cursor }) };
}

/** The index that lists certificates by expiry, of an account and in a state where those are given. */
export function selection({
  accountId,
  status,
}: Pick<ListInput, 'accountId' | 'status'>): Pick<EntryQuery, 'index' | 'equals'> {
  const state = status === 'valid' || status === 'expired' ? 'issued' : status;
  if (accountId === undefined) {
    return state === undefined ? { index: 'byExpiry' } : { index: 'byState', equals: { state } };
  }
  return state === undefined
    ? { index: 'byAccount', equals: { accountId } }
    : { index: 'byAccountAndState', equals: { accountId, state } };
}

/** When the certificates end that are asked for. What has no generation ends beyond all others. */
export function expiryRange(
  {
    status,
    expiresFrom,
    expiresBefore,
  }: Pick<ListInput, 'status' | 'expiresBefore'> & { expiresFrom?: Date | undefined },
  now: number,
): Pick<EntryQuery, 'from' | 'to'> {
  const from = Math.max(expiresFrom?.getTime() ?? 0, status === 'valid' ? now : 0);
  const to = Math.min(
    expiresBefore?.getTime() ?? Number.POSITIVE_INFINITY,
    status === 'expired' ? now : Number.POSITIVE_INFINITY,
  );
  return { ...(from > 0 ? { from } : {}), ...(Number.isFinite(to) ? { to } : {}) };
}
