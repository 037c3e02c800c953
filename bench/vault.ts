import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { VaultMemory } from './children/vault-memory.ts';
import type { Contestant } from './harness/contestant.ts';
import { atLeast, atMost, type Goal } from './harness/goal.ts';
import { type Race, race } from './harness/race.ts';
import { OURS_OPENED, OURS_SEALED, ourVault } from './ours/vault.ts';
import { BY_HAND, byHand, ONE_PASS, onePass, TYPAGE, typage } from './peers/sealing.ts';

const MiB = 2 ** 20;
const SIZES = [
  { length: 256, name: '256 B', least: 0.3 },
  { length: 4_096, name: '4 KiB', least: 0.42 },
  { length: 65_536, name: '64 KiB', least: 0.57 },
  { length: MiB, name: '1 MiB', least: 0.8 },
] as const;
/** Of what the bare calls reach in the same run: the rest is salt, context, commitment, trailer, checks and two promises. */
const SHARE = 0.7;

/** Goal 9, the half on the format: records sealed and opened, against one pass of the cipher and against typage. */
export const vaultGoal: Goal = async (context) => {
  const races = new Map<string, Race>();
  for (const { length, name } of SIZES) {
    const content = new Uint8Array(randomBytes(length));
    const peers = [onePass(content), byHand(content), ...(length === MiB ? [typage(content)] : [])];
    const entrants = [...peers, ...(await ourVault(content))];
    for (const entrant of entrants) await verify(entrant, content);
    races.set(name, await race(entrants, context));
  }
  const streamed = context.quick ? 64 * MiB : 1024 * MiB;
  const memory = await measureMemory(streamed);
  const ratio = (name: string, of: string, over: string) => races.get(name)?.ratio(of, over);
  return {
    title: 'Goal 9 (format half): seal and open a record',
    tables: SIZES.map(({ name }) => ({
      title: `records of ${name}`,
      unit: 'rate',
      base: ONE_PASS,
      lanes: races.get(name)?.lanes ?? [],
    })),
    verdicts: [
      ...SIZES.map(({ name, least }) => atLeast(least, `${ONE_PASS}, ${name}`, ratio(name, OURS_SEALED, ONE_PASS))),
      ...SIZES.map(({ name, least }) =>
        atLeast(least, `${ONE_PASS}, ${name}, opening`, ratio(name, OURS_OPENED, ONE_PASS)),
      ),
      ...SIZES.map(({ name }) => atLeast(SHARE, `${BY_HAND}, ${name}`, ratio(name, OURS_SEALED, BY_HAND))),
      atLeast(1, `${TYPAGE}, 1 MiB`, ratio('1 MiB', OURS_SEALED, TYPAGE)),
      atMost(100, 'MB above the base for a stream of 1 GiB', (memory.peak - memory.before) / 1e6),
    ],
    notes: [
      `${BY_HAND}: two HMACs, a cipher a chunk, one buffer; what the format cannot be sealed without.`,
      'One pass over 64 KiB and more depends on whether the process has memory at hand or asks the system for it, by a factor of two.',
      `A process went from ${(memory.before / MiB).toFixed(0)} to ${(memory.peak / MiB).toFixed(0)} MiB to seal and open a stream of ${streamed / MiB} MiB.`,
    ],
  };
};

async function verify(entrant: Contestant, content: Uint8Array): Promise<void> {
  const read = await entrant.sample?.();
  if (read === undefined || Buffer.compare(read, content) !== 0) throw new Error(`${entrant.name} lost the content`);
}

function measureMemory(length: number): Promise<VaultMemory> {
  const child = fork(join(import.meta.dirname, 'vault-memory.js'), [String(length)], { execArgv: [] });
  return new Promise((resolve, reject) => {
    child.once('message', (message) => {
      const memory = message as VaultMemory;
      if (memory.content === length) resolve(memory);
      else reject(new Error(`${memory.content} bytes of ${length} came out of the stream`));
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`measuring memory ended with ${code} before its answer`)));
  });
}
