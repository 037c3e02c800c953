/** Go's crypto/x509. */
export const GO = 'Go crypto/x509';

/** OpenSSL's C API. */
export const OPENSSL = 'OpenSSL C API';

/** The most used X.509 library of the ecosystem. */
export const PECULIAR = '@peculiar/x509';

/** The same with the fields of a certificate read. */
export const PECULIAR_WITH_FIELDS = `${PECULIAR}, fields read`;

/** The other library on the same ASN.1 decoder. */
export const PKIJS = 'pkijs';

/** It has no elliptic curves: its figures are for RSA-2048. */
export const FORGE = 'node-forge (RSA-2048)';
