import { z } from 'zod';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { EntryPage, EntryQuery } from '../../store/store.ts';
import type { Certificate, CertificateState, ManagedCertificateStatus } from '../certificate.ts';
import {
  activityOf,
  type CertificateEntry,
  certificateNotFound,
  NO_END,
  requireCertificateId,
  toCertificate,
} from '../certificate-record.ts';
import { type CertificateValue, certificates } from '../collections.ts';
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

/** How many certificates one call looks at where no index tells those that are meant. */
const MOST_LOOKED_AT = 3_000;
const MOST_AT_ONCE = 1_000;

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
  options: Abortable,
): Promise<Certificate> {
  requireCertificateId(id);
  throwIfAborted(signalOf(options).signal);
  const entry = await context.store.get(certificates, id);
  if (entry === undefined) throw certificateNotFound(id);
  return toCertificate(context, entry);
}

/** See `CertificateManager.getByName`. */
export async function getCertificateByName(
  context: CertificatesContext,
  name: string,
  options: Abortable,
): Promise<Certificate | undefined> {
  const equals = { heldName: requireName(name) };
  throwIfAborted(signalOf(options).signal);
  const { entries } = await context.store.query(certificates, { index: 'byName', equals, limit: 1 });
  return entries[0] && toCertificate(context, entries[0]);
}

/** See `CertificateManager.list`. */
export async function listCertificates(
  context: CertificatesContext,
  options: ListManagedCertificatesOptions,
): Promise<{ items: Certificate[]; cursor?: string }> {
  const input = parseInput(listInput, 'list() options', options);
  throwIfAborted(input.signal);
  const listing = listingOf(input, context.clock.now());
  if (listing === undefined) return { items: [] };
  const { entries, cursor } = await fullPage(context, listing, input);
  return { items: entries.map((entry) => toCertificate(context, entry)), ...(cursor === undefined ? {} : { cursor }) };
}

/** A stretch of an index, and which of its certificates are meant. */
interface Listing {
  readonly query: Pick<EntryQuery, 'index' | 'equals' | 'from' | 'to'>;
  /** Absent: all are. */
  readonly fits?: (value: CertificateValue) => boolean;
}

/** @returns undefined where no certificate can be meant */
function listingOf(input: ListInput, now: number): Listing | undefined {
  const { accountId, status, active } = input;
  const state = stateOf(status);
  const range = expiryRange(input, now);
  if ((range.from ?? 0) >= (range.to ?? Number.POSITIVE_INFINITY)) return undefined;
  if (active === undefined) return { query: { ...selection(input), ...range } };
  if (state === 'revoked') return active ? undefined : { query: { ...selection(input), ...range } };
  // Of those without an end, few are not active: their state is what narrows them.
  if (state === 'pending' || state === 'failed')
    return { query: { ...selection(input), ...range }, fits: (value) => value.active === active };
  const { activity } = activityOf(active);
  const pinned =
    accountId === undefined
      ? { index: 'byActivity', equals: { activity } }
      : { index: 'byAccountAndActivity', equals: { accountId, activity } };
  if (state === undefined) return { query: { ...pinned, ...range } };
  const query = { ...pinned, ...range, to: Math.min(range.to ?? NO_END, NO_END) };
  // What is active and has an end is issued; what is not may be revoked.
  return active ? { query } : { query, fits: (value) => value.state === state };
}

/** Reads on until a page is full, or a bounded number of certificates that were not meant has been looked at. */
async function fullPage(
  { store }: CertificatesContext,
  { query, fits = () => true }: Listing,
  { limit, cursor: first, signal }: ListInput,
): Promise<EntryPage<CertificateValue>> {
  const entries: CertificateEntry[] = [];
  let cursor = first;
  let size = limit;
  for (let left = MOST_LOOKED_AT; left > 0; ) {
    throwIfAborted(signal);
    const page = { ...query, limit: size, ...(cursor === undefined ? {} : { cursor }) };
    const found = await store.query(certificates, page);
    const fitting = found.entries.filter(({ value }) => fits(value));
    const surplus = fitting[limit - entries.length];
    left -= Math.max(1, found.entries.length);
    if (surplus !== undefined) {
      // Once more, as far as there is a place: that is where the cursor is to stand.
      size = found.entries.indexOf(surplus);
      continue;
    }
    entries.push(...fitting);
    cursor = found.cursor;
    if (cursor === undefined || entries.length === limit) break;
    size = Math.min(Math.max(2 * size, limit - entries.length), MOST_AT_ONCE);
  }
  return { entries, ...(cursor === undefined ? {} : { cursor }) };
}

/** The index that lists certificates by expiry, of an account and in a state where those are given. */
export function selection({
  accountId,
  status,
}: Pick<ListInput, 'accountId' | 'status'>): Pick<EntryQuery, 'index' | 'equals'> {
  const state = stateOf(status);
  if (accountId === undefined) {
    return state === undefined ? { index: 'byExpiry' } : { index: 'byState', equals: { state } };
  }
  return state === undefined
    ? { index: 'byAccount', equals: { accountId } }
    : { index: 'byAccountAndState', equals: { accountId, state } };
}

function stateOf(status: ManagedCertificateStatus | undefined): CertificateState | undefined {
  return status === 'valid' || status === 'expired' ? 'issued' : status;
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
