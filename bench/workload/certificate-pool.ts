import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CsrPool } from './csr-pool.ts';
import { namesOf } from './csr-pool.ts';
import type { IssuingCa } from './issuing-ca.ts';
import { openssl } from './openssl.ts';
import { fromPem, pemBlocks, toPem } from './pem.ts';
import { varied } from './signed-template.ts';

/** Certificates to be parsed: what is in them is known, so that a reader can be checked. */
export interface CertificatePool {
  readonly ders: readonly Buffer<ArrayBuffer>[];
  /** Serial numbers, lower-case hex. */
  readonly serials: readonly string[];
  /** The pool as one PEM file. */
  readonly file: string;
}

const SERIAL = '5a1122334455667788990011223344556677889a';

const extensions = (host: string) => `basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:${host},DNS:www.${host}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
crlDistributionPoints = URI:http://pki.bench.example/ca.crl
authorityInfoAccess = caIssuers;URI:http://pki.bench.example/ca.cer
`;

/** Certificates after one of the openssl command's, with the keys and names of the requests. */
export function createCertificatePool(folder: string, ca: IssuingCa, requests: CsrPool): CertificatePool {
  const paths = { csr: join(folder, 'one.csr'), config: join(folder, 'one.cnf'), certificate: join(folder, 'one.pem') };
  writeFileSync(paths.csr, requests.pems[0] as string);
  writeFileSync(paths.config, extensions(namesOf(0)[0] as string));
  openssl(
    ...['x509', '-req', '-in', paths.csr, '-CA', ca.certificateFile, '-CAkey', ca.keyFile, '-sha256', '-days', '90'],
    ...['-set_serial', `0x${SERIAL}`, '-extfile', paths.config, '-out', paths.certificate],
  );
  const template = fromPem(readFileSync(paths.certificate, 'utf8'));
  const serials: string[] = [];
  const ders = requests.spkis.map((spki, index) => {
    const serial = randomBytes(20);
    serial[0] = 0x5a;
    serials.push(serial.toString('hex'));
    const first = requests.spkis[0] as Uint8Array;
    const patches = [
      { find: first.subarray(first.length - 65), replace: spki.subarray(spki.length - 65) },
      { find: keyIdentifier(first), replace: keyIdentifier(spki) },
      { find: Buffer.from(SERIAL, 'hex'), replace: serial },
      { find: Buffer.from('-00000.'), replace: Buffer.from(`-${String(index).padStart(5, '0')}.`) },
    ];
    return varied(template, patches, ca.key);
  });
  const { certificates, serialNumbers } = files(folder);
  writeFileSync(certificates, ders.map((der) => toPem('CERTIFICATE', der)).join(''));
  writeFileSync(serialNumbers, serials.join('\n'));
  return loadCertificatePool(folder);
}

/** Reads a pool that another process made. */
export function loadCertificatePool(folder: string): CertificatePool {
  const { certificates, serialNumbers } = files(folder);
  return {
    ders: pemBlocks(readFileSync(certificates, 'utf8')).map(fromPem),
    serials: readFileSync(serialNumbers, 'utf8').split('\n'),
    file: certificates,
  };
}

function files(folder: string): { certificates: string; serialNumbers: string } {
  return { certificates: join(folder, 'certificates.pem'), serialNumbers: join(folder, 'serial-numbers.txt') };
}

/** RFC 5280 section 4.2.1.2, method 1. */
function keyIdentifier(spki: Uint8Array): Uint8Array {
  return createHash('sha1')
    .update(spki.subarray(spki.length - 65))
    .digest();
}
