import { createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { PathValidator } from '../packages/core/src/index.ts';
import { inProcess } from './harness/contestant.ts';
import { forkedPeer } from './harness/forked-peer.ts';
import { atLeast, type Goal } from './harness/goal.ts';
import { nativePeer } from './harness/native-peer.ts';
import { race } from './harness/race.ts';
import { GO, OPENSSL, PKIJS } from './peers/names.ts';
import { NODE_X509 } from './peers/node-x509.ts';
import { turns } from './workload/issuance.ts';
import { createPathPool, type PathPool, pathFiles, signedPartsOf, writePathPool } from './workload/path-pool.ts';

const TWO_VERIFICATIONS = 'node:crypto verify, twice';
const OURS = 'Chancery';
const OURS_CACHED = "Chancery, the CA's verdict cached";

/** More than a validator remembers of intermediates that come along. */
const PATHS = 600;

/** Goal 5, the half on paths: root, intermediate and end entity from DER, keys of CAs imported beforehand where a library lets one. */
export const pathGoal: Goal = async (context) => {
  const pool = await createPathPool(PATHS);
  writePathPool(context.folder, pool);
  const files = pathFiles(context.folder);
  const native = ['path', files.root, files.paths];
  const entrants = [
    floor(pool),
    node(pool),
    ours(pool),
    oursCached(pool),
    nativePeer(GO, context.native.go, native),
    nativePeer(OPENSSL, context.native.openssl, native),
    forkedPeer(PKIJS, 'path', context.folder),
  ];
  const result = await race(entrants, context);
  return {
    title: 'Goal 5 (path half): validate a path of three',
    tables: [{ title: 'paths', unit: 'rate', base: TWO_VERIFICATIONS, lanes: result.lanes }],
    verdicts: [
      atLeast(0.9, TWO_VERIFICATIONS, result.ratio(OURS, TWO_VERIFICATIONS)),
      atLeast(1.7, `${TWO_VERIFICATIONS} (CA's verdict cached)`, result.ratio(OURS_CACHED, TWO_VERIFICATIONS)),
    ],
    notes: [`${NODE_X509} checks names and signatures only: neither dates, nor constraints, nor purposes`],
  };
};

/** The signatures alone, of parts that were taken out beforehand. */
function floor({ root, paths }: PathPool) {
  const rootKey = keyOf(root);
  const caKey = keyOf(paths[0]!.intermediate);
  const parts = paths.map(({ intermediate, leaf }) => [signedPartsOf(intermediate), signedPartsOf(leaf)] as const);
  const next = turns(parts.length);
  const check = (key: KeyObject, { tbs, signature }: ReturnType<typeof signedPartsOf>): void => {
    if (!verify('sha256', tbs, key, signature)) throw new Error('the floor refused a signature');
  };
  return inProcess(TWO_VERIFICATIONS, (count) => {
    for (let i = 0; i < count; i++) {
      const [intermediate, leaf] = parts[next()]!;
      check(rootKey, intermediate);
      check(caKey, leaf);
    }
  });
}

function node({ root, paths }: PathPool) {
  const anchor = new X509Certificate(root);
  const rootKey = keyOf(root);
  const caKey = keyOf(paths[0]!.intermediate);
  const next = turns(paths.length);
  return inProcess(NODE_X509, (count) => {
    for (let i = 0; i < count; i++) {
      const path = paths[next()]!;
      const intermediate = new X509Certificate(path.intermediate);
      const leaf = new X509Certificate(path.leaf);
      const isChain = intermediate.checkIssued(anchor) && leaf.checkIssued(intermediate);
      if (!isChain || !intermediate.verify(rootKey) || !leaf.verify(caKey)) throw new Error('node refused a path');
    }
  });
}

/** Every path with an intermediate that is not remembered; the key in it is. */
function ours({ root, paths }: PathPool) {
  const validator = new PathValidator({ trustAnchors: root });
  const chains = paths.map(({ intermediate, leaf }) => [leaf, intermediate] as const);
  const next = turns(chains.length);
  return inProcess(OURS, async (count) => {
    for (let i = 0; i < count; i++) {
      const [leaf, intermediate] = chains[next()]!;
      const result = await validator.validate(leaf, { purpose: 'serverAuth', intermediates: intermediate });
      if (!result.valid) throw result.error;
    }
  });
}

function oursCached({ root, paths }: PathPool) {
  const validator = new PathValidator({ trustAnchors: root, intermediates: paths[0]!.intermediate });
  const next = turns(paths.length);
  return inProcess(OURS_CACHED, async (count) => {
    for (let i = 0; i < count; i++) {
      const result = await validator.validate(paths[next()]!.leaf, { purpose: 'serverAuth' });
      if (!result.valid) throw result.error;
    }
  });
}

function keyOf(der: Uint8Array): KeyObject {
  return createPublicKey(new X509Certificate(der).publicKey.export({ type: 'spki', format: 'pem' }));
}
