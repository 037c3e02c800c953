import { nodeCrypto } from '../../packages/core/src/crypto/node-provider.ts';
import { parseCertificate } from '../../packages/core/src/x509/certificate/certificate.ts';
import { parseCrl } from '../../packages/core/src/x509/crl/crl.ts';
import { buildCrl } from '../../packages/core/src/x509/crl/crl-builder.ts';
import { CrlEntries } from '../../packages/core/src/x509/crl/crl-entries.ts';
import { inProcess } from '../harness/contestant.ts';
import type { CrlWorkload, RevokedEntry } from '../workload/crl-entries.ts';
import { fromPem } from '../workload/pem.ts';
import { OURS } from './issuance.ts';

/** The next CRL over entries that were kept encoded. */
export const OURS_RESIGNED = `${OURS}, entries kept and re-signed`;

/** Reading, the index of serial numbers included. */
export const OURS_PARSED = `${OURS}, parsed and indexed`;

/** What signs a CRL: text, since a process that measures memory gets it as a message. */
export interface CrlSigner {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** A CRL from scratch, and one of entries that are kept. */
export async function ourCrls(signer: CrlSigner, { entries }: CrlWorkload) {
  const build = await crlBuilder(signer);
  const kept = CrlEntries.from(entries);
  const contestant = (name: string, work: () => Promise<Uint8Array>) =>
    inProcess(
      name,
      async (count) => {
        for (let i = 0; i < count; i++) await work();
      },
      { sample: work },
    );
  return [contestant(OURS, () => build(entries)), contestant(OURS_RESIGNED, () => build(kept))];
}

/** A function from entries to a CRL in DER. */
export async function crlBuilder({ certificatePem, keyPem }: CrlSigner) {
  const crypto = nodeCrypto();
  const authority = parseCertificate(certificatePem);
  const signingKey = await crypto.importPrivateKey(fromPem(keyPem));
  const thisUpdate = new Date();
  const fixed = {
    issuer: authority.subject,
    signatureAlgorithm: 'ECDSA-SHA256' as const,
    signingKey,
    number: 1n,
    thisUpdate,
    nextUpdate: new Date(thisUpdate.getTime() + 7 * 86_400_000),
    authorityKeyIdentifier: authority.subjectKeyIdentifier as Uint8Array,
  };
  return async (entries: Iterable<RevokedEntry> | CrlEntries): Promise<Uint8Array> =>
    buildCrl({ ...fixed, entries }, crypto);
}

/** Reads a CRL and looks one serial number up, which makes the index. */
export function ourCrlParse(der: Uint8Array, { entries }: CrlWorkload) {
  const { serialNumber, revokedAt } = entries[Math.floor(entries.length / 2)] as RevokedEntry;
  const serial = Buffer.from(serialNumber).toString('hex');
  return inProcess(OURS_PARSED, (count) => {
    for (let i = 0; i < count; i++) {
      const found = parseCrl(der).find(serial);
      if (found === undefined || Number(found.revokedAt) !== revokedAt)
        throw new Error(`${OURS} did not find ${serial}`);
    }
  });
}
