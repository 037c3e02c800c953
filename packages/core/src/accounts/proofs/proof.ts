/** A proof of possession as it came with a request (RFC 9449). */
export interface DpopProof {
  /** The value of the request's one `DPoP` header. Refuse a request with several. */
  readonly dpop: string;
  /** The request's method, such as `POST`. */
  readonly method: string;
  /** The request's absolute URL as the client sees it; query and fragment do not count. */
  readonly url: string;
}

/** The certificate that a client authenticated with in TLS (RFC 8705). */
export interface ClientCertificate {
  /** DER, or PEM. From the socket, or from a trusted proxy by `clientCertificateFromHeader`. */
  readonly certificate: Uint8Array | string;
  /**
   * At login: bind the session to the managed certificate rather than to this generation of it, so that renewing keeps the session and
   * revoking ends it. Default false.
   */
  readonly managed?: boolean;
}

/** What proves that who sends a token is who it was given to. */
export type SenderProof = DpopProof | ClientCertificate;
