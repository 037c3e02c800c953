import type { Contestant } from '../harness/contestant.ts';
import { type CertificatePool, loadCertificatePool } from '../workload/certificate-pool.ts';
import { loadIssuance } from '../workload/issuance.ts';
import { loadIssuingCa } from '../workload/issuing-ca.ts';
import { loadOcspWorkload } from '../workload/ocsp.ts';
import { loadPathPool } from '../workload/path-pool.ts';
import { checkReaders, type Reader } from '../workload/reader.ts';
import { FORGE, PECULIAR, PECULIAR_WITH_FIELDS, PKIJS } from './names.ts';

/** Makes a contestant from the inputs that lie in a folder. */
type Entry = (folder: string) => Promise<Contestant>;

/** The races that peers in JavaScript take part in from processes of their own. */
export type PeerTask = 'issue' | 'csr' | 'parse' | 'path' | 'ocsp';

/** What the peers can do, each loaded only in the process that runs it. */
export const CATALOG: Readonly<Record<PeerTask, Readonly<Record<string, Entry>>>> = {
  issue: {
    [PKIJS]: async (folder) => (await import('./pkijs.ts')).pkijsIssue(loadIssuance(folder)),
    [PECULIAR]: async (folder) => (await import('./peculiar-x509.ts')).peculiarIssue(loadIssuance(folder)),
    [FORGE]: async (folder) => (await import('./node-forge.ts')).forgeIssue(loadIssuance(folder)),
  },
  csr: {
    [PKIJS]: async (folder) => (await import('./pkijs.ts')).pkijsCsr(loadIssuance(folder)),
    [PECULIAR]: async (folder) => (await import('./peculiar-x509.ts')).peculiarCsr(loadIssuance(folder)),
    [FORGE]: async (folder) => (await import('./node-forge.ts')).forgeCsr(loadIssuance(folder)),
  },
  parse: {
    [PKIJS]: async (folder) => checked(folder, (await import('./pkijs-parse.ts')).pkijsParse),
    [PECULIAR]: async (folder) => checked(folder, (await import('./peculiar-x509-parse.ts')).peculiarParse),
    [PECULIAR_WITH_FIELDS]: async (folder) =>
      checked(folder, (await import('./peculiar-x509-parse.ts')).peculiarParseWithFields),
    [FORGE]: async (folder) => (await import('./node-forge-parse.ts')).forgeParse(loadIssuingCa(folder, 'RSA-2048')),
  },
  path: {
    [PKIJS]: async (folder) => (await import('./pkijs-path.ts')).pkijsPath(loadPathPool(folder)),
  },
  ocsp: {
    [PKIJS]: async (folder) => (await import('./pkijs-ocsp.ts')).pkijsOcsp(loadOcspWorkload(folder)),
  },
};

function checked(folder: string, create: (pool: CertificatePool) => Reader): Reader {
  const pool = loadCertificatePool(folder);
  const reader = create(pool);
  checkReaders([reader], pool);
  return reader;
}
