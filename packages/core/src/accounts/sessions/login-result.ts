/** The tokens of a session, told once and kept nowhere. */
export interface LoginResult {
  /** A JWT (RFC 9068) for `authenticate`, and for every verifier that reads `jwks()`. */
  readonly accessToken: string;
  /** Good for one `refresh`, which gives the next one. */
  readonly refreshToken: string;
  /** How the access token is sent: `Authorization: DPoP …` where it is bound to a DPoP key (RFC 9449 section 5). */
  readonly tokenType: 'Bearer' | 'DPoP';
  /** When the access token runs out. */
  readonly expiresAt: Date;
  /** When the session ends unless it is refreshed before. */
  readonly refreshExpiresAt: Date;
  readonly sessionId: string;
  readonly accountId: string;
  /** The secret that must come with each token from now on; only of a login with `bindingSecret: true`. */
  readonly bindingSecret?: string;
}
