import type { KeyKind } from '../../ports/crypto.ts';

/** The order in which a server prefers signatures and key exchanges. */
export interface KeyPreference {
  readonly sigalgs: string;
  readonly ciphers: string;
}

type Family = 'RSA' | 'EC' | 'Edwards';

const SIGNATURES: Readonly<Record<Family, readonly string[]>> = {
  RSA: [
    'rsa_pss_rsae_sha256',
    'rsa_pss_rsae_sha384',
    'rsa_pss_rsae_sha512',
    'rsa_pkcs1_sha256',
    'rsa_pkcs1_sha384',
    'rsa_pkcs1_sha512',
  ],
  EC: ['ecdsa_secp256r1_sha256', 'ecdsa_secp384r1_sha384', 'ecdsa_secp521r1_sha512'],
  Edwards: ['ed25519', 'ed448'],
};
const BULK = ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305'];

/**
 * Prefers every other kind of key to that of the server's default certificate.
 *
 * On Node 20 a context from an SNICallback only adds its key to the default's: where the kinds differ, both are candidates, and the
 * server's order decides. With the default's kind last, what the callback gave is what is served.
 *
 * @param kind of the default certificate's key
 * @returns for `tls.createServer`: signatures for every version, and the forward-secret AEAD suites of TLS 1.2 (those of 1.3 stay
 *   as they are)
 */
export function preferOthers(kind: KeyKind): KeyPreference {
  const last: Family = kind.type === 'RSA' || kind.type === 'EC' ? kind.type : 'Edwards';
  const families = (['EC', 'RSA', 'Edwards'] as const).filter((family) => family !== last);
  // In TLS 1.2 a suite that says ECDSA serves Ed25519 as well (RFC 8422 section 5.10).
  const exchanges = last === 'RSA' ? ['ECDHE-ECDSA', 'ECDHE-RSA'] : ['ECDHE-RSA', 'ECDHE-ECDSA'];
  return {
    sigalgs: [...families, last].flatMap((family) => SIGNATURES[family]).join(':'),
    ciphers: exchanges.flatMap((exchange) => BULK.map((bulk) => `${exchange}-${bulk}`)).join(':'),
  };
}
