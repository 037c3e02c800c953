/** The object identifiers of a PKCS#12 file (RFC 7292 appendix D, RFC 8018 appendix C, RFC 9579). */
export const Pkcs12Oid = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  keyBag: '1.2.840.113549.1.12.10.1.1',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  pbmac1: '1.2.840.113549.1.5.14',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  hmacSha256: '1.2.840.113549.2.9',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const;

/** PBKDF2's pseudo-random functions and PBMAC1's MACs, by OID. */
export const HMAC_DIGESTS: ReadonlyMap<string, 'SHA-1' | 'SHA-256' | 'SHA-512'> = new Map([
  ['1.2.840.113549.2.7', 'SHA-1'],
  [Pkcs12Oid.hmacSha256, 'SHA-256'],
  ['1.2.840.113549.2.11', 'SHA-512'],
]);

/** The digests of a MAC with a password, by OID. */
export const MAC_DIGESTS: ReadonlyMap<string, 'SHA-1' | 'SHA-256' | 'SHA-512'> = new Map([
  ['1.3.14.3.2.26', 'SHA-1'],
  [Pkcs12Oid.sha256, 'SHA-256'],
  ['2.16.840.1.101.3.4.2.3', 'SHA-512'],
]);

/** AES-CBC's key lengths in bytes, by OID. */
export const AES_CBC: ReadonlyMap<string, number> = new Map([
  ['2.16.840.1.101.3.4.1.2', 16],
  ['2.16.840.1.101.3.4.1.22', 24],
  [Pkcs12Oid.aes256Cbc, 32],
]);
