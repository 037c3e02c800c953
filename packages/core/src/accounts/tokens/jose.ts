import type { CompactSign } from 'jose/jws/compact/sign';
import type { compactVerify } from 'jose/jws/compact/verify';
import type { importJWK, importPKCS8 } from 'jose/key/import';

/** The parts of jose that tokens and proofs need. */
export interface Jose {
  readonly CompactSign: typeof CompactSign;
  readonly compactVerify: typeof compactVerify;
  readonly importJWK: typeof importJWK;
  readonly importPKCS8: typeof importPKCS8;
}

let loaded: Promise<Jose> | undefined;

/** Loads jose at first use, which takes 20 ms that an application without accounts does not pay. */
export function loadJose(): Promise<Jose> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Jose> {
  const [sign, verify, keys] = await Promise.all([
    import('jose/jws/compact/sign'),
    import('jose/jws/compact/verify'),
    import('jose/key/import'),
  ]);
  return {
    CompactSign: sign.CompactSign,
    compactVerify: verify.compactVerify,
    importJWK: keys.importJWK,
    importPKCS8: keys.importPKCS8,
  };
}
