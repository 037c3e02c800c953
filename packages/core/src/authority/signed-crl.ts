/** A CRL as it is served. */
export interface SignedCrl {
  /** Not to be changed: calls share it. */
  readonly der: Uint8Array;
  readonly pem: string;
  /** The CRL number (RFC 5280 section 5.2.3). */
  readonly number: number;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
}
