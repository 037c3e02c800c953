import type { CryptoProvider } from '../../ports/crypto.ts';

/** The cryptography that the format needs. Any `CryptoProvider` has it, and so has a browser: see `webCryptoPrimitives`. */
export type VaultPrimitives = Pick<CryptoProvider, 'randomBytes' | 'hmac' | 'aeadKey'>;
