import { atLeast, type Goal } from './harness/goal.ts';
import { nativePeer } from './harness/native-peer.ts';
import { race } from './harness/race.ts';
import { OURS } from './ours/issuance.ts';
import { OURS_WITH_FIELDS, ourParsers } from './ours/parse.ts';
import { forkedParsers } from './peers/forked.ts';
import { GO, OPENSSL, PECULIAR_WITH_FIELDS } from './peers/names.ts';
import { NODE_X509, nodeParse } from './peers/node-x509.ts';
import { createCertificatePool } from './workload/certificate-pool.ts';
import { createIssuance } from './workload/issuance.ts';
import { checkReaders } from './workload/reader.ts';

/**
 * Goal 5, the half on parsing. Readers that decode on demand are measured twice: as they come, against one that does so too,
 * and with every field read, against those that decode everything at once.
 */
export const parseGoal: Goal = async (context) => {
  const { ca, requests } = createIssuance(context.folder);
  const pool = createCertificatePool(context.folder, ca, requests);
  const readers = [...ourParsers(pool), nodeParse(pool)];
  checkReaders(readers, pool);
  const entrants = [
    ...readers,
    nativePeer(GO, context.native.go, ['parse', pool.file]),
    nativePeer(OPENSSL, context.native.openssl, ['parse', pool.file]),
    ...forkedParsers(context.folder),
  ];
  const result = await race(entrants, context);
  return {
    title: 'Goal 5 (parsing half): parse a certificate from DER',
    tables: [{ title: 'certificates', unit: 'rate', base: NODE_X509, lanes: result.lanes }],
    verdicts: [
      atLeast(10, NODE_X509, result.ratio(OURS, NODE_X509)),
      atLeast(1, `${GO} (ours with fields)`, result.ratio(OURS_WITH_FIELDS, GO)),
      atLeast(100, `${PECULIAR_WITH_FIELDS} (ours too)`, result.ratio(OURS_WITH_FIELDS, PECULIAR_WITH_FIELDS)),
    ],
    notes: [],
  };
};
