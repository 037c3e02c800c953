import { describe, expect, it } from 'vitest';
import { StorageError } from '../../src/errors/storage-error.ts';
import { type FaultInjector, faultInjector } from '../../src/testing/fault-injector.ts';
import type { FaultKind } from '../../src/testing/fault-plan.ts';
import type { RecordVault } from '../../src/vault/record-vault.ts';
import { settled } from '../support/settled.ts';
import { storageSize } from '../support/test-storage.ts';
import {
  content,
  createTestVault,
  DAY,
  expectContent,
  LARGE,
  maintain,
  of,
  streamOf,
  type TestVault,
} from './support.ts';

const ann = { ownerId: 'ann' };
const bob = { ownerId: 'bob' };
const OLD = content(LARGE, 1);
const NEW = content(LARGE + 100_000, 2);

/** How a run of faults goes on: for one call, or for all that follow, as when the process or the storage is gone. */
interface Fault {
  readonly kind: FaultKind;
  readonly times: number;
}

const GONE: Fault = { kind: 'refuse', times: Number.POSITIVE_INFINITY };
const FAULTS = storageSize<readonly Fault[]>(
  [
    { kind: 'refuse', times: 1 },
    GONE,
    { kind: 'loseRequest', times: 1 },
    { kind: 'loseAnswer', times: 1 },
    { kind: 'landLate', times: 1 },
  ],
  [GONE],
);
/** From one call that is hit to the next. */
const STRIDE = storageSize(1, 8);

interface Scene extends TestVault {
  readonly faults: FaultInjector;
  /** An instance that no fault meets. */
  readonly judge: RecordVault;
}

async function scene(seedOfFaults: number): Promise<Scene> {
  let faults: FaultInjector | undefined;
  const made = createTestVault({
    wrapStorage: (storage) => {
      faults = faultInjector(storage, { seed: seedOfFaults });
      return faults;
    },
  });
  const judge = made.another({ storage: made.storage });
  await judge.store({ ...ann, data: OLD, keyMode: 'managed' });
  await judge.store({ ...ann, recordId: 'small', data: 'small', keyMode: 'managed' });
  await judge.store({ ...bob, data: OLD, keyMode: 'managed' });
  return { ...made, faults: faults as FaultInjector, judge };
}

/** Hits one call after the other, from the opening of the collections on, until none is left to be hit. */
async function callByCall(
  fault: Fault,
  run: (
    made: Scene,
    attempt: <T>(work: () => Promise<T>) => Promise<Awaited<ReturnType<typeof settled<T>>>>,
  ) => Promise<void>,
  stride = STRIDE,
): Promise<void> {
  for (let skip = 0; ; skip += stride) {
    const made = await scene(skip);
    const { faults } = made;
    let hits = 0;
    await run(made, async (work) => {
      faults.plan({ ...fault, skip });
      const outcome = await settled(work());
      hits = faults.log.length;
      faults.heal();
      await faults.settle();
      return outcome;
    });
    if (hits === 0) return;
    expect(skip).toBeLessThan(80);
  }
}

/** After a sweep every chunk document belongs to a record, and bob's is as it was. */
async function expectNothingOrphaned({ judge, clock, dump }: Scene): Promise<void> {
  clock.advance(2 * DAY);
  await maintain(judge);
  const documents = await dump();
  const expected = of(documents, 'vault_records').flatMap(({ data }) => {
    const { id = '', chunks = 0 } = (data.body ?? {}) as { id?: string; chunks?: number };
    return Array.from({ length: chunks }, (_, at) => `${id}/${at}`);
  });
  expect(
    of(documents, 'vault_record_chunks')
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(expected.toSorted());
  expect(of(documents, 'vault_removals')).toEqual([]);
  expectContent((await judge.retrieve(bob)).data, OLD);
}

describe.each(FAULTS)('a storage whose calls meet $kind, $times at a time', (fault) => {
  it('while a long record replaces another: there is the one or the other, whole', { timeout: 120_000 }, async () => {
    await callByCall(fault, async (made, attempt) => {
      const { vault, judge } = made;
      const { value, error } = await attempt(() =>
        vault.store({ ...ann, data: streamOf(NEW, 100_000), keyMode: 'managed' }),
      );
      const read = await judge.retrieve(ann);
      expectContent(read.data, read.version === 2 ? NEW : OLD);
      if (value !== undefined) expect(read.version).toBe(2);
      if (error instanceof StorageError && error.outcome === 'none') expect(read.version).toBe(1);
      await expectNothingOrphaned(made);
      // The instance recovers.
      expect((await vault.store({ ...ann, data: 'again', keyMode: 'managed' })).version).toBe(read.version + 1);
    });
  });

  it('while an owner is erased: done at once, or by whoever goes on', { timeout: 120_000 }, async () => {
    await callByCall(fault, async (made, attempt) => {
      const { vault, judge, dump, clock } = made;
      const { value } = await attempt(() => vault.eraseOwner(ann));
      const [small] = await Promise.allSettled([judge.retrieve({ ...ann, recordId: 'small' })]);
      const begun = of(await dump(), 'vault_erasures').length > 0;
      // From the first commit on nothing is readable, whatever is left in storage.
      expect(small.status).toBe(begun ? 'rejected' : 'fulfilled');
      if (begun) {
        clock.advance(DAY);
        await maintain(judge);
      }
      const receipt = await judge.eraseOwner(ann);
      if (value !== undefined) expect(receipt.id).toBe(value.id);
      expect(receipt.records).toBe(2);
      expect(receipt.erasedAt).not.toBeNull();
      const owners = new Set(of(await dump(), 'vault_owners').map(({ data }) => data.owner));
      expect(of(await dump(), 'vault_records').filter(({ data }) => !owners.has(data.owner as string))).toEqual([]);
      await expectNothingOrphaned(made);
      await maintain(judge);
      expect((await judge.erasureReceipt(receipt.id)).backupsClosedAt).not.toBeNull();
    });
  });

  it('while the maintenance works: the next one completes it', { timeout: 120_000 }, async () => {
    await callByCall(
      fault,
      async (made, attempt) => {
        const { vault, judge, clock } = made;
        const { id } = await judge.eraseOwner(ann);
        await judge.rotatePseudonymKey();
        await judge.store({ ...bob, recordId: 'gone', data: OLD, keyMode: 'managed' });
        await judge.delete({ ...bob, recordId: 'gone' });
        clock.advance(DAY);
        await attempt(() => maintain(vault));
        expectContent((await judge.retrieve(bob)).data, OLD);
        await expectNothingOrphaned(made);
        expect((await judge.erasureReceipt(id)).backupsClosedAt).not.toBeNull();
        expect(of(await made.dump(), 'vault_owners').map(({ data }) => data.pseudonymKey)).toEqual(['2']);
      },
      2 * STRIDE,
    );
  });

  it('while a read is counted: a read that was not had may be gone, but none is had twice', {
    timeout: 120_000,
  }, async () => {
    await callByCall(fault, async ({ vault, judge }, attempt) => {
      await judge.store({ ...ann, recordId: 'once', data: 'once', keyMode: 'managed', maxReads: 1 });
      const once = { ...ann, recordId: 'once' };
      const { value, error } = await attempt(() => vault.retrieve(once));
      const second = await settled(judge.retrieve(once));
      expect(value !== undefined && second.value !== undefined).toBe(false);
      if (error instanceof StorageError && error.outcome === 'none') expect(second.value).toBeDefined();
    });
  });
});
