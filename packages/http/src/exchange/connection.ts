/** What is known of a request beside the request: who sent it, and over what. */
export interface Connection {
  /** The address of the peer that the connection comes from: a client, or the proxy in front. */
  readonly remoteAddress?: string | undefined;
  /**
   * The certificate that the peer authenticated with in TLS, DER. That it holds the key, and that its path is valid, is for the TLS server to
   * have checked (`requestCert` and `rejectUnauthorized`).
   */
  readonly clientCertificateDer?: Uint8Array | undefined;
  /** Whether the connection is TLS. */
  readonly encrypted: boolean;
}
