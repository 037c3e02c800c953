import type { Entry } from '../../store/entry.ts';
import type { Transaction } from '../../store/transaction.ts';
import { type GenerationValue, generations } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { dropDraft, giveUpDraft } from './draft.ts';
import { isOutstanding } from './outstanding.ts';

/** What one commit can delete beside a hundred names: two documents each. */
const DROPPED_A_COMMIT = 50;
/** What one commit can write anew: up to 100 KiB each. */
const KEPT_A_COMMIT = 20;

/**
 * Adds to a transaction that the generations of a certificate are forgotten with their keys, the oldest first.
 *
 * @param last those that go when no others are left
 * @returns whether no others are left: what is more than a commit can do is for the next one
 */
export async function dropGenerations(
  context: CertificatesContext,
  transaction: Transaction,
  certificateId: string,
  last: readonly (string | undefined)[] = [],
): Promise<boolean> {
  const { oldest, isAll } = await oldestOf(context, certificateId, DROPPED_A_COMMIT);
  for (const { id } of oldest) {
    if (isAll || !last.includes(id)) dropDraft(context, transaction, id);
  }
  return isAll;
}

/**
 * Adds to a transaction that of the generations of a certificate, and their keys, only those are kept that an issuer is to revoke.
 *
 * @returns as {@link dropGenerations}
 */
export async function keepOutstanding(
  context: CertificatesContext,
  transaction: Transaction,
  certificateId: string,
): Promise<boolean> {
  const now = context.clock.now();
  const isKept = ({ value }: Entry<GenerationValue>) => isOutstanding(value, now);
  const isDone = (entry: Entry<GenerationValue>) => isKept(entry) && !entry.value.hasPrivateKey;
  const { oldest, isAll } = await oldestOf(context, certificateId, KEPT_A_COMMIT, isDone);
  for (const entry of oldest) {
    const { id, value } = entry;
    if (!isKept(entry)) dropDraft(context, transaction, id);
    else await giveUpDraft(context, transaction, id, value.notAfter === undefined ? undefined : value.notAfter - now);
  }
  return isAll;
}

async function oldestOf(
  { store }: CertificatesContext,
  certificateId: string,
  limit: number,
  isDone: (entry: Entry<GenerationValue>) => boolean = () => false,
): Promise<{ readonly oldest: readonly Entry<GenerationValue>[]; readonly isAll: boolean }> {
  const oldest: Entry<GenerationValue>[] = [];
  const query = { index: 'byCertificate', equals: { certificateId }, limit: limit + 1 } as const;
  for await (const entry of store.walk(generations, query)) {
    if (isDone(entry)) continue;
    if (oldest.length === limit) return { oldest, isAll: false };
    oldest.push(entry);
  }
  return { oldest, isAll: true };
}
