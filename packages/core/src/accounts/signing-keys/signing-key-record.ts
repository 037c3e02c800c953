import { z } from 'zod';
import { defineCollection } from '../../store/collection.ts';
import type { SealedField } from '../../store/seal.ts';

const instant = z.number().int();
const text = z.string();

/** A key from the moment it is made: announced, signing, verifying what it has signed, done (NIST SP 800-57 part 1 section 7). */
const signingKey = z.strictObject({
  /** Its thumbprint (RFC 7638), and the `kid` of what it signs. */
  kid: text,
  algorithm: z.enum(['ES256', 'Ed25519']),
  state: z.enum(['pending', 'active', 'verify-only', 'retired']),
  jwk: z.union([
    z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: text, y: text }),
    z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: text }),
  ]),
  /** The private key, sealed, in base64; gone once it signs no more. */
  sealed: text.optional(),
  createdAt: instant,
  /** From when on it may sign: by then every cache has the public key. */
  signsFrom: instant,
  /** From when on it verifies nothing. */
  verifiesUntil: instant.optional(),
});

/** One document a namespace: every signing key and its state, so that each change of them is one conditional commit. */
export const signingKeys = defineCollection({
  name: 'account_signing_keys',
  recordVersion: 1,
  schema: z.strictObject({
    /** Counts the changes that events tell of, from 1. */
    revision: z.number().int().positive(),
    /** Oldest first. */
    keys: z.array(signingKey),
  }),
});

/** The id of that document. */
export const KEY_RING_ID = 'ring';

/** One key as it is stored. */
export type StoredSigningKey = z.infer<typeof signingKey>;

/** All keys as they are stored. */
export type KeyRing = z.infer<typeof signingKeys.schema>;

/** Where a private key is sealed to. */
export function signingKeyPlace(kid: string): SealedField {
  return { collection: signingKeys, id: KEY_RING_ID, field: `privateKey:${kid}` };
}
