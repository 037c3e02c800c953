import { z } from 'zod';
import type { Abortable } from '../../ports/abortable.ts';
import type { CrlReasonName } from '../../ports/issuer.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { unsettledRevocations } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { parseInput } from './certificate-input.ts';

/** A revocation that not every issuer has confirmed. */
export interface UnsettledRevocation {
  /** The certificate may be deleted. */
  readonly certificateId: string;
  /** Of the generation that was in force. */
  readonly issuer: string;
  readonly reason: CrlReasonName;
  readonly revokedAt: Date;
}

/** How much of the list to give. */
export interface ListUnsettledRevocationsOptions extends Abortable {
  /** 1 to 1,000 a page. */
  readonly limit: number;
  readonly cursor?: string;
}

const listInput = z.strictObject({
  limit: z.number().int().min(1).max(1_000),
  cursor: z.string().optional(),
  signal: abortSignal,
});

/** See `CertificateManager.unsettledRevocations`. */
export async function listUnsettledRevocations(
  { store }: CertificatesContext,
  options: ListUnsettledRevocationsOptions,
): Promise<{ items: UnsettledRevocation[]; cursor?: string }> {
  const { limit, cursor: after, signal } = parseInput(listInput, 'unsettledRevocations() options', options);
  throwIfAborted(signal);
  const { entries, cursor } = await store.query(unsettledRevocations, {
    index: 'byAge',
    limit,
    ...(after === undefined ? {} : { cursor: after }),
  });
  const items = entries.map(({ id, value: { issuer, reason, at } }) => ({
    certificateId: id,
    issuer,
    reason,
    revokedAt: new Date(at),
  }));
  return { items, ...(cursor === undefined ? {} : { cursor }) };
}
