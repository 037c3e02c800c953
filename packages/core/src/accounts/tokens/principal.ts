/** What a session or a token is tied to, so that it is useless to who merely copied it. */
export type BoundTo = 'dpop' | 'certificate' | 'managedCertificate' | 'bindingSecret';

/** Who asks, as an access token proves it. */
export interface Principal {
  readonly accountId: string;
  readonly sessionId: string;
  /** In mode `strict` the account's roles at this instant; in mode `offline` those of when the token was issued. */
  readonly roles: readonly string[];
  /** The token's `jti`. */
  readonly tokenId: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** The OAuth client that the token was issued to, where one was named. */
  readonly clientId?: string;
  /** What the token is bound to, all of which was proved; empty for a bearer token. */
  readonly boundTo: readonly BoundTo[];
}
