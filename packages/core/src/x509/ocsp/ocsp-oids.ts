/** id-pkix-ocsp-basic (RFC 6960 section 4.2.1): the type of every response there is. */
export const BASIC_RESPONSE = '1.3.6.1.5.5.7.48.1.1';

/** id-pkix-ocsp-nonce (RFC 9654). */
export const OCSP_NONCE = '1.3.6.1.5.5.7.48.1.2';

/** id-pkix-ocsp-extended-revoke (RFC 6960 section 4.4.8). */
export const OCSP_EXTENDED_REVOKE = '1.3.6.1.5.5.7.48.1.9';
