import { z } from 'zod';
import type { BoundTo } from './principal.ts';

const MANAGED = 'urn:chancery:certificate';
const SECRET = 'urn:chancery:secret';
const text = z.string().min(1).optional();

/** What a token is bound to: its `cnf` claim (RFC 7800), and the same in the session that it belongs to. */
export const confirmation = z.strictObject({
  /** The thumbprint of a DPoP key (RFC 9449 section 6.1). */
  jkt: text,
  /** The thumbprint of a client certificate (RFC 8705 section 3.1). */
  'x5t#S256': text,
  /** The id of a managed certificate, any good generation of which will do. */
  [MANAGED]: text,
  /** SHA-256 of a secret that the client sends beside the token, such as a cookie. */
  [SECRET]: text,
});

/** See `confirmation`. Without members: a bearer token. */
export type Confirmation = z.infer<typeof confirmation>;

/** The member for a managed certificate. */
export const MANAGED_CERTIFICATE = MANAGED;
/** The member for a binding secret. */
export const BINDING_SECRET = SECRET;

/** Names what a confirmation asks for. */
export function boundTo(cnf: Confirmation): readonly BoundTo[] {
  const bound: BoundTo[] = [];
  if (cnf.jkt !== undefined) bound.push('dpop');
  if (cnf['x5t#S256'] !== undefined) bound.push('certificate');
  if (cnf[MANAGED] !== undefined) bound.push('managedCertificate');
  if (cnf[SECRET] !== undefined) bound.push('bindingSecret');
  return bound;
}

/** Whether a key of the client's proves who sends the token: DPoP or a certificate. */
export function isSenderConstrained(cnf: Confirmation): boolean {
  return boundTo(cnf).some((kind) => kind !== 'bindingSecret');
}
