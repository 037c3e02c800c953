import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Entrant, isPresent } from '../harness/contestant.ts';
import { namesOf } from './csr-pool.ts';
import type { IssuingCa } from './issuing-ca.ts';
import { openssl } from './openssl.ts';
import { toPem } from './pem.ts';

const REQUIRED = [
  'Basic Constraints',
  'Key Usage',
  'TLS Web Server Authentication',
  'Subject Key Identifier',
  'Authority Key Identifier',
  ...namesOf(0).map((name) => `DNS:${name}`),
];

/**
 * Has OpenSSL judge a certificate of every contestant before anything is timed: a valid path for a TLS server under strict
 * rules, and every extension there. Whoever leaves work out is found out here.
 *
 * @param caOf The CA that a contestant issues from.
 * @throws {Error} naming the contestant whose certificate does not pass
 */
export async function verifyCertificates(
  entrants: readonly Entrant[],
  folder: string,
  caOf: (name: string) => IssuingCa,
): Promise<void> {
  for (const entrant of entrants) {
    if (!isPresent(entrant) || entrant.sample === undefined) continue;
    const file = join(folder, 'sample.pem');
    writeFileSync(file, toPem('CERTIFICATE', await entrant.sample()));
    const verified = openssl(
      ...['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', caOf(entrant.name).certificateFile, file],
    );
    if (!verified.includes(': OK')) throw new Error(`${entrant.name}: OpenSSL says ${verified}`);
    const text = openssl('x509', '-in', file, '-noout', '-text');
    const missing = REQUIRED.filter((part) => !text.includes(part));
    if (missing.length > 0) throw new Error(`${entrant.name}: its certificate lacks ${missing.join(', ')}`);
  }
}

/** Has OpenSSL judge a certificate and its chain as the authority gives them. */
export function verifyIssued(
  { certificatePem, chainPem }: { readonly certificatePem: string; readonly chainPem: string },
  trustAnchorsPem: string,
  folder: string,
): void {
  const paths = {
    anchors: join(folder, 'anchors.pem'),
    chain: join(folder, 'chain.pem'),
    certificate: join(folder, 'issued.pem'),
  };
  writeFileSync(paths.anchors, trustAnchorsPem);
  writeFileSync(paths.chain, chainPem);
  writeFileSync(paths.certificate, certificatePem);
  const verified = openssl(
    ...['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', paths.anchors],
    ...['-untrusted', paths.chain, paths.certificate],
  );
  if (!verified.includes(': OK')) throw new Error(`OpenSSL says ${verified}`);
}
