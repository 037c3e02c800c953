import { z } from 'zod';
import { toBase64Url } from '../../encoding/base64.ts';
import { utf8 } from '../../encoding/bytes.ts';
import type { PutWrite } from '../../ports/storage.ts';
import { defineCollection } from '../../store/collection.ts';
import type { Store } from '../../store/store.ts';
import type { VerifiedProof } from './dpop-proof.ts';

/** One document a proof that was spent, by key and `jti`; gone when no instance could accept the proof any more. */
export const spentProofs = defineCollection({
  name: 'account_spent_proofs',
  recordVersion: 1,
  schema: z.strictObject({}),
});

/**
 * Where a proof is remembered. A hash, since a `jti` is whatever the client chose.
 *
 * @returns the id of its document
 */
export async function spentProofId({ crypto }: Store, { thumbprint, jti }: VerifiedProof): Promise<string> {
  return toBase64Url(await crypto.digest('SHA-256', utf8(`${thumbprint} ${jti}`)));
}

/** The write that spends a proof: of several, on whatever instances, one commits. */
export async function spendProof(store: Store, proof: VerifiedProof): Promise<PutWrite> {
  const id = await spentProofId(store, proof);
  return store.put(spentProofs, id, {}, { ifVersion: null, expiresAt: proof.rememberUntil });
}
