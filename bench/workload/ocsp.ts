import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../harness/command.ts';
import { type Entrant, isPresent } from '../harness/contestant.ts';
import { createIssuingCa, type IssuingCa, loadIssuingCa } from './issuing-ca.ts';
import { openssl } from './openssl.ts';
import { fromPem, pemBlocks, toPem } from './pem.ts';

/** What the races of OCSP share: requests about one certificate each, with a nonce; the CA signs, and its certificate goes along. */
export interface OcspWorkload {
  readonly ca: IssuingCa;
  /** DER. */
  readonly requests: readonly Uint8Array[];
  /** All of them, PEM. */
  readonly file: string;
}

const COUNT = 64;
const FILE = 'ocsp-requests.pem';

/** Prepares the inputs in a folder. */
export function createOcspWorkload(folder: string): OcspWorkload {
  const ca = createIssuingCa(folder);
  const serials = Array.from({ length: COUNT }, (_, index) => `0x5a${(index + 1).toString(16).padStart(38, '0')}`);
  const requests = serials.map((serial) => ocspRequest(folder, ca.certificateFile, serial));
  writeFileSync(join(folder, FILE), requests.map((der) => toPem('OCSP REQUEST', der)).join(''));
  return loadOcspWorkload(folder);
}

/** Reads the inputs that another process prepared. */
export function loadOcspWorkload(folder: string): OcspWorkload {
  const file = join(folder, FILE);
  const requests = pemBlocks(readFileSync(file, 'utf8')).map(fromPem);
  return { ca: loadIssuingCa(folder, 'P-256'), requests, file };
}

/** Has the openssl command make a request about a serial number, with a nonce unless told otherwise. */
export function ocspRequest(folder: string, issuerFile: string, serial: string, ...options: string[]): Uint8Array {
  const file = join(folder, 'ocsp-request.der');
  openssl('ocsp', '-issuer', issuerFile, '-serial', serial, ...options, '-reqout', file);
  return new Uint8Array(readFileSync(file));
}

/**
 * Has OpenSSL verify a response of every contestant to the first request, nonce included, before anything is timed.
 *
 * @throws {Error} naming the contestant whose response does not pass
 */
export async function verifyOcsp(
  entrants: readonly Entrant[],
  { ca, requests }: OcspWorkload,
  folder: string,
): Promise<void> {
  const asked = join(folder, 'ocsp-first.der');
  writeFileSync(asked, requests[0] as Uint8Array);
  for (const entrant of entrants) {
    if (!isPresent(entrant) || entrant.sample === undefined) continue;
    const file = join(folder, 'ocsp-sample.der');
    writeFileSync(file, await entrant.sample());
    const args = ['ocsp', '-reqin', asked, '-respin', file, '-CAfile', ca.certificateFile, '-resp_text'];
    const { stdout, stderr } = spawnSync(findProgram('openssl') as string, args, { encoding: 'utf8' });
    const isRight = stderr.includes('Response verify OK') && !stderr.includes('WARNING');
    if (!isRight || !stdout.includes('Cert Status: good') || !stdout.includes('-----BEGIN CERTIFICATE'))
      throw new Error(`${entrant.name}: OpenSSL says ${stderr}${stdout}`);
  }
}
