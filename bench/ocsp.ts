import { sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CertificateAuthority, LocalKeyring } from '@chancery/core';
import { MemoryStorage } from '@chancery/storage-memory';
import { inProcess } from './harness/contestant.ts';
import { forkedPeer } from './harness/forked-peer.ts';
import { atLeast, type Goal } from './harness/goal.ts';
import { nativePeer } from './harness/native-peer.ts';
import { race } from './harness/race.ts';
import { OURS } from './ours/issuance.ts';
import { ourOcsp } from './ours/ocsp.ts';
import { SIGN } from './peers/floor.ts';
import { OPENSSL, PKIJS } from './peers/names.ts';
import { turns } from './workload/issuance.ts';
import { createOcspWorkload, type OcspWorkload, ocspRequest, verifyOcsp } from './workload/ocsp.ts';

const WHOLE = 'authority.ocsp, signed';
const PRESIGNED = 'authority.ocsp, presigned';
const CERTIFICATES = 32;
/** About as much as is signed of a response to one query with a nonce. */
const RESPONSE_DATA_BYTES = 200;

/** Goal 7: OCSP, from the request's bytes to the response's. */
export const ocspGoal: Goal = async (context) => {
  const { folder, native } = context;
  const work = createOcspWorkload(folder);
  const bare = [
    floor(work),
    await ourOcsp(work),
    nativePeer(OPENSSL, native.openssl, ['ocsp', work.ca.certificateFile, work.ca.keyFile, work.file]),
    forkedPeer(PKIJS, 'ocsp', folder),
  ];
  await verifyOcsp(bare, work, folder);
  const entrants = [...bare, ...(await authorityEntrants(folder))];
  const result = await race(entrants, context);
  return {
    title: 'Goal 7: OCSP responses, one certificate a request',
    tables: [{ title: 'responses', unit: 'rate', base: SIGN, lanes: result.lanes }],
    verdicts: [
      atLeast(0.6, SIGN, result.ratio(OURS, SIGN)),
      atLeast(0.8, OPENSSL, result.ratio(OURS, OPENSSL)),
      atLeast(15, PKIJS, result.ratio(OURS, PKIJS)),
      atLeast(20, WHOLE, result.ratio(PRESIGNED, WHOLE)),
    ],
    notes: [
      `${OURS}, ${OPENSSL} and ${PKIJS} answer good without a ledger; ${WHOLE} asks one on memory storage.`,
      'Requests carry a nonce; those of the presigned lane do not.',
    ],
  };
};

function floor({ ca }: OcspWorkload) {
  const data = Buffer.alloc(RESPONSE_DATA_BYTES, 0x30);
  return inProcess(SIGN, (count) => {
    for (let i = 0; i < count; i++) sign('sha256', data, ca.key);
  });
}

/** An authority whole: every request with a nonce is looked up and signed; of those without, the same few come again. */
async function authorityEntrants(folder: string) {
  const authority = new CertificateAuthority({ storage: new MemoryStorage(), keyring: LocalKeyring.generate() });
  const { root, intermediate } = await authority.bootstrap({
    organization: 'Bench',
    passphrase: 'the bench has nothing to hide',
    saveRoot: async () => undefined,
  });
  root.close();
  const issuerFile = join(folder, 'authority-issuer.pem');
  writeFileSync(issuerFile, intermediate.certificatePem as string);
  const requests = Array.from({ length: CERTIFICATES }, () => ({ subjectAltNames: ['a.example'] }));
  const issued = await authority.issueMany(requests);
  const serials = issued.flatMap((each) => (each.status === 'fulfilled' ? [`0x${each.value.serialNumber}`] : []));
  const asking = (name: string, ...options: string[]) => {
    const ders = serials.map((serial) => ocspRequest(folder, issuerFile, serial, ...options));
    const next = turns(ders.length);
    return inProcess(name, async (count) => {
      for (let i = 0; i < count; i++) await authority.ocsp(ders[next()] as Uint8Array);
    });
  };
  return [asking(WHOLE), asking(PRESIGNED, '-no_nonce')];
}
