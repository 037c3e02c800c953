import type { CommitResult, StorageBackend, Write } from '../../ports/storage.ts';
import { expect } from '../assertions.ts';
import { findLinearization, type HistoryEvent } from './linearizability.ts';
import type { ConformanceTest, TestBed } from './test-bed.ts';

const IDS = ['x', 'y', 'z'];
const CLIENTS = 5;
const CALLS_OF_A_CLIENT = 6;

/** What the documents are, by id: a version, or `null` for absence. */
type Versions = Readonly<Record<string, string | null>>;
type Call = { readonly read: true } | { readonly writes: readonly Write[] };
type Answer = Versions | CommitResult;

/** Rule 1: whatever clients do at the same time, one order of their calls explains every answer. */
export const historyTests: readonly ConformanceTest[] = [
  {
    name: 'rule 1: concurrent histories of commits and reads are linearizable',
    async run(bed) {
      for (let round = 0; round < 25 * bed.scale; round++) {
        const instances = [await bed.instance(`_${round}a`), await bed.instance(`_${round}a`)];
        for (const backend of instances) await backend.open([{ name: 'things' }]);
        const history = await record(bed, instances);
        const explained = findLinearization(history, { x: null, y: null, z: null } as Versions, apply);
        expect(explained, `${bed.seedNote}, round ${round}: no order of calls explains ${JSON.stringify(history)}`);
        for (const backend of instances) await backend.close();
      }
    },
  },
];

async function record(bed: TestBed, instances: readonly StorageBackend[]): Promise<HistoryEvent<Call, Answer>[]> {
  const history: HistoryEvent<Call, Answer>[] = [];
  const known = new Map<string, string | null>();
  let time = 0;
  const client = async (backend: StorageBackend) => {
    for (let count = 0; count < CALLS_OF_A_CLIENT; count++) {
      const call: Call = bed.random.chance(0.3) ? { read: true } : { writes: randomWrites(bed, known) };
      time += 1;
      const invoked = time;
      const answer = 'read' in call ? await readVersions(backend) : await backend.commit(call.writes);
      if ('read' in call) for (const [id, version] of Object.entries(answer)) known.set(id, version);
      time += 1;
      history.push({ call, answer, invoked, returned: time });
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_unused, at) => client(instances[at % 2] as StorageBackend)));
  return history;
}

async function readVersions(backend: StorageBackend): Promise<Versions> {
  const documents = await backend.get(IDS.map((id) => ({ collection: 'things', id })));
  return Object.fromEntries(IDS.map((id, at) => [id, documents[at]?.version ?? null]));
}

function randomWrites(bed: TestBed, known: ReadonlyMap<string, string | null>): Write[] {
  const ids = bed.random.shuffle(IDS).slice(0, bed.random.integer(1, 3));
  return ids.map((id): Write => {
    const seen = known.get(id) ?? null;
    const place = { collection: 'things', id };
    const roll = bed.random.next();
    if (roll < 0.2 && seen !== null) return { kind: 'check', ...place, ifVersion: seen };
    if (roll < 0.35) return { kind: 'delete', ...place, ...(seen !== null && { ifVersion: seen }) };
    return bed.put(id, {}, bed.random.chance(0.8) ? { ifVersion: seen } : {});
  });
}

/** The state after a call, or `undefined` if the call could not have given that answer in this state. */
function apply(state: Versions, call: Call, answer: Answer): Versions | undefined {
  if ('read' in call) return IDS.every((id) => state[id] === (answer as Versions)[id]) ? state : undefined;
  const result = answer as CommitResult;
  const failed = call.writes.findIndex(({ id, ifVersion }) => ifVersion !== undefined && state[id] !== ifVersion);
  if (failed !== -1) {
    if (result.committed || result.conflict.reason !== 'version') return undefined;
    const { write, actual } = result.conflict;
    return write === failed && actual === state[call.writes[failed]?.id as string] ? state : undefined;
  }
  if (!result.committed) return undefined;
  const next = { ...state };
  for (const write of call.writes) {
    if (write.kind === 'put') next[write.id] = write.version;
    if (write.kind === 'delete') next[write.id] = null;
  }
  return next;
}
