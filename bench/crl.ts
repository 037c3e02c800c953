import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CrlMemory } from './children/crl-memory.ts';
import { inProcess, isPresent } from './harness/contestant.ts';
import { atMost, type Goal, type GoalContext, notRun, timeAtMost, type Verdict } from './harness/goal.ts';
import { nativePeer } from './harness/native-peer.ts';
import { type Race, type Ratio, race } from './harness/race.ts';
import { crlBuilder, OURS_PARSED, OURS_RESIGNED, ourCrlParse, ourCrls } from './ours/crl.ts';
import { OURS } from './ours/issuance.ts';
import { GO } from './peers/names.ts';
import { OPENSSL_CA, opensslCa } from './peers/openssl-ca.ts';
import { peculiarCrl } from './peers/peculiar-x509-crl.ts';
import { pkijsCrl } from './peers/pkijs-crl.ts';
import { type CrlWorkload, createCrlWorkload, revokedEntries, writeBinaryEntries } from './workload/crl-entries.ts';
import { createIssuingCa, type IssuingCa } from './workload/issuing-ca.ts';
import { verifyCrls } from './workload/verify-crl.ts';

const MiB = 2 ** 20;
/** At this size everybody's CRL is verified and counted before the clock starts. */
const VERIFIED = 1_000;
const SIZES = [10_000, 100_000, 1_000_000] as const;

/** Goal 6: CRLs of up to a million entries, signed and read, and what they take of memory. */
export const crlGoal: Goal = async (context) => {
  const ca = createIssuingCa(context.folder);
  await verifySmallCrl(context, ca);
  const outcomes = new Map<number, SizeOutcome>();
  for (const size of SIZES) outcomes.set(size, await measureSize(context, ca, createCrlWorkload(size)));

  const growth = await measureGrowth(context, ca);
  const memory = await measureMemory(ca, 1_000_000);
  const extra = (memory.peak - memory.before) / memory.crl;
  return {
    title: 'Goal 6: CRLs, P-256, three entries of four with a reason',
    tables: [...outcomes].flatMap(([size, { signing, reading }]) => [
      { title: `sign ${size.toLocaleString('en')} entries`, unit: 'duration', base: OURS, lanes: signing.lanes },
      { title: `read ${size.toLocaleString('en')} entries`, unit: 'duration', base: OURS_PARSED, lanes: reading.lanes },
    ]),
    verdicts: [
      ...[...outcomes].filter(([size]) => size > 10_000).flatMap(([size, outcome]) => judge(size, outcome, context)),
      timeAtMost(12, 'the time of 100 k, 1 M', growth),
      atMost(4, 'sizes of the CRL of extra memory, 1 M', extra),
      atMost(600, 'MB resident at the most, 1 M', memory.peak / 1e6),
    ],
    notes: [
      `A CRL of 1 M entries has ${(memory.crl / MiB).toFixed(1)} MiB; a process went from ${(memory.before / MiB).toFixed(0)} to ${(memory.peak / MiB).toFixed(0)} MiB to sign it from scratch.`,
      `${OPENSSL_CA} reads its database each time, as it has to; its CPU time is not measured.`,
    ],
  };
};

interface SizeOutcome {
  readonly signing: Race;
  readonly reading: Race;
}

function judge(size: number, { signing, reading }: SizeOutcome, context: GoalContext): Verdict[] {
  const entries = size === 100_000 ? '100 k' : '1 M';
  const peers = [OPENSSL_CA, GO].map((peer) =>
    skipsPeers(size, context)
      ? notRun(`≤ 0.10 × ${peer}, ${entries}`, '--quick')
      : timeAtMost(0.1, `${peer}, ${entries}`, signing.ratio(peer, OURS)),
  );
  return [
    ...peers,
    timeAtMost(0.4, `signing from scratch when entries are kept, ${entries}`, signing.ratio(OURS, OURS_RESIGNED)),
    skipsPeers(size, context)
      ? notRun(`≤ 1.00 × ${GO} to read and index, ${entries}`, '--quick')
      : timeAtMost(1, `${GO} to read and index, ${entries}`, reading.ratio(GO, OURS_PARSED)),
  ];
}

/** A million entries take peers a quarter of a minute each time. */
function skipsPeers(size: number, { quick }: GoalContext): boolean {
  return quick && size > 100_000;
}

async function measureSize(context: GoalContext, ca: IssuingCa, work: CrlWorkload): Promise<SizeOutcome> {
  const { folder, native, quick } = context;
  const ours = await ourCrls(ca, work);
  await verifyCrls(ours, work, ca, folder);
  const crl = (await ours[0]?.sample?.()) as Uint8Array;
  const crlFile = join(folder, `ours-${work.size}.crl`);
  writeFileSync(crlFile, crl);

  const large = work.size > 100_000;
  const pace = large ? { count: 1, rounds: 3 } : quick && work.size === 100_000 ? { count: 1, rounds: 1 } : undefined;
  const peers = skipsPeers(work.size, context)
    ? []
    : [
        nativePeer(GO, native.go, ['crl', ca.certificateFile, ca.keyFile, writeBinaryEntries(folder, work)], pace),
        opensslCa(ca, work, folder, pace),
      ];
  // Minutes for 100,000 entries, hours beyond: these two show their figure at the size that they can still do.
  const small = work.size > 10_000 || quick ? [] : [await pkijsCrl(ca, work), await peculiarCrl(ca, work)];
  const parsePeers = skipsPeers(work.size, context) ? [] : [nativePeer(GO, native.go, ['parsecrl', crlFile], pace)];
  return {
    signing: await race([...ours, ...peers, ...small], context),
    reading: await race([ourCrlParse(crl, work), ...parsePeers], context),
  };
}

async function verifySmallCrl({ folder, native }: GoalContext, ca: IssuingCa): Promise<void> {
  const work = createCrlWorkload(VERIFIED);
  const go = nativePeer(GO, native.go, ['crl', ca.certificateFile, ca.keyFile, writeBinaryEntries(folder, work)]);
  const others = [opensslCa(ca, work, folder, undefined), await pkijsCrl(ca, work), await peculiarCrl(ca, work)];
  await verifyCrls([...(await ourCrls(ca, work)), go, ...others], work, ca, folder);
  if (isPresent(go)) await go.close?.();
}

/**
 * The time of a million entries over that of a tenth, as many entries in a slice of the one as of the other. They are made on
 * the way: walking a list of a million objects measures the caches of the machine.
 */
async function measureGrowth(context: GoalContext, ca: IssuingCa): Promise<Ratio | undefined> {
  const build = await crlBuilder(ca);
  const fromScratch = (size: number) =>
    inProcess(
      String(size),
      async (count) => {
        for (let i = 0; i < count; i++) await build(revokedEntries(size));
      },
      { pace: { count: 1_000_000 / size, rounds: context.rounds } },
    );
  const entrants = [fromScratch(100_000), fromScratch(1_000_000)];
  for (const { run } of entrants) await run(1);
  return (await race(entrants, context)).ratio('100000', '1000000');
}

function measureMemory({ certificatePem, keyPem }: IssuingCa, size: number): Promise<CrlMemory> {
  const script = join(import.meta.dirname, 'crl-memory.js');
  const child = fork(script, [String(size), JSON.stringify({ certificatePem, keyPem })], { execArgv: [] });
  return new Promise((resolve, reject) => {
    child.once('message', (memory) => resolve(memory as CrlMemory));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`measuring memory ended with ${code} before its answer`)));
  });
}
