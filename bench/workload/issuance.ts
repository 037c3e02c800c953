import { type CsrPool, createCsrPool, createRsaCsrPool, loadCsrPool } from './csr-pool.ts';
import { createIssuingCa, type IssuingCa, loadIssuingCa } from './issuing-ca.ts';

/**
 * What the races of issuance share: a certificate for a TLS server, valid for 90 days, a random serial number of 20 octets,
 * critical basicConstraints and keyUsage, extKeyUsage, the request's subject and subjectAltName, both key identifiers.
 */
export interface Issuance {
  readonly ca: IssuingCa;
  readonly requests: CsrPool;
  /** For node-forge, which signs with RSA alone. */
  readonly rsaCa: IssuingCa;
  readonly rsaRequests: CsrPool;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Prepares the inputs in a folder. */
export function createIssuance(folder: string): Issuance {
  createIssuingCa(folder, 'P-256');
  createIssuingCa(folder, 'RSA-2048');
  createCsrPool(folder, 4096);
  createRsaCsrPool(folder, 3);
  return loadIssuance(folder);
}

/** Reads the inputs that another process prepared. */
export function loadIssuance(folder: string): Issuance {
  const notBefore = Math.floor(Date.now() / 1000) * 1000 - 300_000;
  return {
    ca: loadIssuingCa(folder, 'P-256'),
    requests: loadCsrPool(folder, 'P-256'),
    rsaCa: loadIssuingCa(folder, 'RSA-2048'),
    rsaRequests: loadCsrPool(folder, 'RSA-2048'),
    notBefore: new Date(notBefore),
    notAfter: new Date(notBefore + 90 * 86_400_000),
  };
}

/** Walks a pool round and round: `next()` gives the index of the request whose turn it is. */
export function turns(size: number): () => number {
  let index = 0;
  return () => {
    const turn = index;
    index = (index + 1) % size;
    return turn;
  };
}
