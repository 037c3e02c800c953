import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../harness/command.ts';
import { type Entrant, isPresent } from '../harness/contestant.ts';
import type { CrlWorkload } from './crl-entries.ts';
import type { IssuingCa } from './issuing-ca.ts';
import { openssl } from './openssl.ts';

/** Up to here OpenSSL also prints the entries, and they are counted. */
const COUNTED = 10_000;

/**
 * Has OpenSSL verify the CRL of every contestant before anything is timed; a small one is also counted and compared.
 *
 * @throws {Error} naming the contestant whose CRL does not pass
 */
export async function verifyCrls(
  entrants: readonly Entrant[],
  work: CrlWorkload,
  ca: IssuingCa,
  folder: string,
): Promise<void> {
  for (const entrant of entrants) {
    if (!isPresent(entrant) || entrant.sample === undefined) continue;
    const file = join(folder, 'sample.crl');
    writeFileSync(file, await entrant.sample());
    verifySignature(entrant.name, file, ca);
    if (work.size > COUNTED) continue;
    const text = openssl('crl', '-inform', 'DER', '-in', file, '-noout', '-text');
    const count = text.split('Serial Number: ').length - 1;
    if (count !== work.size) throw new Error(`${entrant.name}: its CRL has ${count} entries, not ${work.size}`);
    for (const part of ['Key Compromise', 'Superseded', 'X509v3 CRL Number', 'X509v3 Authority Key Identifier']) {
      if (!text.includes(part)) throw new Error(`${entrant.name}: its CRL lacks ${part}`);
    }
  }
}

/** The verdict of `openssl crl` stands on standard error; its exit code says nothing. */
function verifySignature(name: string, file: string, ca: IssuingCa): void {
  const args = ['crl', '-inform', 'DER', '-in', file, '-noout', '-CAfile', ca.certificateFile];
  const { stderr } = spawnSync(findProgram('openssl') as string, args, { encoding: 'utf8' });
  if (!stderr.includes('verify OK')) throw new Error(`${name}: OpenSSL says ${stderr}`);
}
