import { webcrypto } from 'node:crypto';
import * as pkijs from 'pkijs';
import { inProcess } from '../harness/contestant.ts';
import { turns } from '../workload/issuance.ts';
import type { PathPool } from '../workload/path-pool.ts';
import { PKIJS } from './names.ts';

const engine = new pkijs.CryptoEngine({ name: 'node', crypto: webcrypto as unknown as Crypto });

/** CertificateChainValidationEngine from DER; the root is read once. */
export function pkijsPath({ root, paths }: PathPool) {
  const anchor = pkijs.Certificate.fromBER(new Uint8Array(root));
  const inputs = paths.map(({ intermediate, leaf }) => [new Uint8Array(intermediate), new Uint8Array(leaf)] as const);
  const next = turns(inputs.length);
  return inProcess(PKIJS, async (count) => {
    for (let i = 0; i < count; i++) {
      const certs = inputs[next()]!.map((der) => pkijs.Certificate.fromBER(der));
      const chain = new pkijs.CertificateChainValidationEngine({ trustedCerts: [anchor], certs });
      const { result, resultMessage } = await chain.verify({}, engine);
      if (!result) throw new Error(`${PKIJS} refused a path: ${resultMessage}`);
    }
  });
}
