import { z } from 'zod';
import { crlReasons } from '../../x509/crl/crl-reason.ts';

const base64 = z.base64();
const instant = z.number().int();

const issuedIntermediate = z.strictObject({
  serialNumber: z.string(),
  subject: z.string(),
  notBefore: instant,
  notAfter: instant,
  pathLength: z.number().int(),
  certificate: base64,
  issuedAt: instant,
  revokedAt: instant.optional(),
  reason: z.enum(crlReasons).optional(),
});

/** Everything that an offline root is: what its encrypted file holds. */
export const rootState = z.strictObject({
  revision: z.number().int().positive(),
  certificate: base64,
  /** PKCS#8. */
  privateKey: base64,
  crlNumber: z.number().int().nonnegative(),
  issued: z.array(issuedIntermediate),
});

/** A root's whole state. */
export type RootState = z.infer<typeof rootState>;
/** An intermediate in a root's state. */
export type IssuedIntermediateState = z.infer<typeof issuedIntermediate>;
