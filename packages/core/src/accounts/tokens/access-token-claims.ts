import { z } from 'zod';
import { confirmation } from './confirmation.ts';

const text = z.string().min(1);
/** Seconds since the epoch (RFC 7519 section 2, NumericDate). */
const seconds = z.number().int().nonnegative();

/** The claims of an access token: the profile of RFC 9068, and what ties it to a session. Of later versions there may be more. */
export const accessTokenClaims = z.object({
  iss: text,
  aud: text,
  sub: text,
  iat: seconds,
  exp: seconds,
  jti: text,
  client_id: text.optional(),
  /** The session. */
  sid: text,
  roles: z.array(z.string()),
  /** The account's epoch when the session was opened: once the account has another, the token is void. */
  epoch: z.number().int().nonnegative(),
  cnf: confirmation.optional(),
});

/** See `accessTokenClaims`. */
export type AccessTokenClaims = z.infer<typeof accessTokenClaims>;
