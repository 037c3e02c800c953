import { describe, expect, it } from 'vitest';
import { ledger, notes, storeOn, type TestStore, testStore } from './support.ts';

async function withTotal(total: number, options: Parameters<typeof testStore>[0] = {}): Promise<TestStore> {
  const test = testStore(options);
  await storeOn(test.backend, test.clock).commit([test.store.put(ledger, 'l1', { total })]);
  return test;
}
const totalOf = async ({ backend, clock }: TestStore): Promise<number | undefined> =>
  (await storeOn(backend, clock).get(ledger, 'l1'))?.value.total;

describe('transact', () => {
  it('commits what was written, and returns what the function returned', async () => {
    const test = await withTotal(1);
    const result = await test.store.transact(async (tx) => {
      const entry = await tx.get(ledger, 'l1');
      tx.put(ledger, 'l1', { total: (entry?.value.total ?? 0) + 1 });
      tx.put(notes, 'n1', { text: 'done' }, { ifVersion: null });
      return 'result';
    });
    expect([result, await totalOf(test), (await test.store.get(notes, 'n1'))?.value.text]).toEqual([
      'result',
      2,
      'done',
    ]);
  });

  it('writes nothing when the function throws', async () => {
    const test = await withTotal(1);
    const failing = test.store.transact(async (tx) => {
      tx.put(ledger, 'l1', { total: 99 });
      throw new RangeError('no');
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect(await totalOf(test)).toBe(1);
  });

  it('reads in one call what is asked for at once, and each document once', async () => {
    const test = await withTotal(1);
    await test.store.get(ledger, 'l1');
    const before = test.faults.calls;
    const read = await test.store.transact(async (tx) => {
      const together = await Promise.all([tx.get(ledger, 'l1'), tx.get(notes, 'none'), tx.get(ledger, 'l1')]);
      return [...together, await tx.get(ledger, 'l1')];
    });
    expect(read.map((entry) => entry?.value)).toEqual([{ total: 1 }, undefined, { total: 1 }, { total: 1 }]);
    // One to read, one to make sure that what was read is still so.
    expect(test.faults.calls - before).toBe(2);
  });

  it('reads in several calls what is more than one may ask for', async () => {
    const test = await withTotal(7);
    const read = await test.store.transact((tx) =>
      Promise.all(Array.from({ length: 2_001 }, (_, at) => tx.get(ledger, at === 2_000 ? 'l1' : `none ${at}`))),
    );
    expect(read.map((entry) => entry?.value.total).filter((total) => total !== undefined)).toEqual([7]);
    expect(read[2_000]?.id).toBe('l1');
  });

  it('fails every read of a call that fails', async () => {
    const test = await withTotal(1);
    await test.store.get(ledger, 'l1');
    test.faults.plan({ method: 'get', kind: 'refuse' });
    const outcomes = await test.store.transact((tx) =>
      Promise.allSettled([tx.get(ledger, 'l1'), tx.get(notes, 'none')]),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('counts right with many at once', async () => {
    const test = await withTotal(0, { sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms / 50)) });
    const add = () =>
      test.store.transact(
        async (tx) => {
          const entry = await tx.get(ledger, 'l1');
          tx.put(ledger, 'l1', { total: (entry?.value.total ?? 0) + 1 });
        },
        { attempts: 200 },
      );
    await Promise.all(Array.from({ length: 40 }, add));
    expect(await totalOf(test)).toBe(40);
  });

  it('runs again with fresh reads on a conflict, after a pause', async () => {
    const test = await withTotal(10);
    const other = storeOn(test.backend, test.clock);
    const seen: (number | undefined)[] = [];
    await test.store.transact(async (tx) => {
      const entry = await tx.get(ledger, 'l1');
      seen.push(entry?.value.total);
      if (seen.length === 1) await other.commit([other.put(ledger, 'l1', { total: 20 })]);
      tx.put(ledger, 'l1', { total: (entry?.value.total ?? 0) + 1 });
    });
    expect([seen, test.pauses, await totalOf(test)]).toEqual([[10, 20], 1, 21]);
  });

  it('guards what was only read', async () => {
    const test = await withTotal(10);
    const other = storeOn(test.backend, test.clock);
    let runs = 0;
    await test.store.transact(async (tx) => {
      runs++;
      const entry = await tx.get(ledger, 'l1');
      if (runs === 1) await other.commit([other.put(ledger, 'l1', { total: 20 })]);
      tx.put(notes, 'n1', { text: `saw ${entry?.value.total}` });
    });
    expect((await test.store.get(notes, 'n1'))?.value.text).toBe('saw 20');
  });

  it('guards an absence that it fills, and not one that it leaves alone', async () => {
    const test = await withTotal(10);
    const other = storeOn(test.backend, test.clock);
    let runs = 0;
    await test.store.transact(async (tx) => {
      runs++;
      const [filled, left] = [await tx.get(notes, 'filled'), await tx.get(notes, 'left')];
      expect(left).toBeUndefined();
      if (runs === 1) await other.commit([other.put(notes, 'filled', { text: 'theirs' })]);
      tx.put(notes, 'filled', { text: `${filled?.value.text ?? 'nobody'} and ours` });
      if (runs === 2) await other.commit([other.put(notes, 'left', { text: 'appeared' })]);
    });
    expect([runs, (await test.store.get(notes, 'filled'))?.value.text]).toEqual([2, 'theirs and ours']);
  });

  it('guards a delete, and does nothing about what was not there', async () => {
    const test = await withTotal(10);
    const other = storeOn(test.backend, test.clock);
    let runs = 0;
    await test.store.transact(async (tx) => {
      runs++;
      await tx.get(ledger, 'l1');
      if (runs === 1) await other.commit([other.put(ledger, 'l1', { total: 20 })]);
      tx.delete(ledger, 'l1');
      expect(await tx.get(notes, 'none')).toBeUndefined();
      tx.delete(notes, 'none');
    });
    expect([runs, await totalOf(test)]).toEqual([2, undefined]);
  });

  it('finds reads that disagree with one another, though nothing is written', async () => {
    const test = await withTotal(1);
    const other = storeOn(test.backend, test.clock);
    await other.commit([other.put(ledger, 'l2', { total: 1 })]);
    let runs = 0;
    const pair = await test.store.transact(async (tx) => {
      runs++;
      const first = await tx.get(ledger, 'l1');
      if (runs === 1)
        await other.commit([other.put(ledger, 'l1', { total: 2 }), other.put(ledger, 'l2', { total: 2 })]);
      const second = await tx.get(ledger, 'l2');
      return [first?.value.total, second?.value.total];
    });
    expect([pair, runs]).toEqual([[2, 2], 2]);
  });

  it('reads its own writes, and a document once', async () => {
    const test = await withTotal(1);
    const other = storeOn(test.backend, test.clock);
    await expect(
      test.store.transact(
        async (tx) => {
          await tx.get(ledger, 'l1');
          await other.commit([other.put(ledger, 'l1', { total: 50 })]);
          expect((await tx.get(ledger, 'l1'))?.value.total).toBe(1);
          tx.put(ledger, 'l1', { total: 2 });
          tx.put(ledger, 'l1', { total: 3 });
          expect((await tx.get(ledger, 'l1'))?.value.total).toBe(3);
          tx.delete(ledger, 'l1');
          expect(await tx.get(ledger, 'l1')).toBeUndefined();
          tx.put(ledger, 'l1', { total: 4 });
        },
        { attempts: 1 },
      ),
    ).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' });
    expect(await totalOf(test)).toBe(50);
  });

  it('takes writes that others built, and lets a write stand for a check', async () => {
    const test = await withTotal(1);
    const version = (await test.store.get(ledger, 'l1'))?.version ?? '';
    await test.store.transact(async (tx) => {
      tx.check(ledger, 'l1', version);
      tx.add(test.store.put(ledger, 'l1', { total: 2 }));
      tx.check(ledger, 'l1', version);
    });
    expect(await totalOf(test)).toBe(2);
    const stale = test.store.transact(async (tx) => {
      tx.check(ledger, 'l1', version);
      tx.add(test.store.put(ledger, 'l1', { total: 3 }));
    });
    await expect(stale).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' });
  });

  it('gives up after its attempts, naming the document', async () => {
    const test = await withTotal(0);
    const other = storeOn(test.backend, test.clock);
    let runs = 0;
    const failing = test.store.transact(
      async (tx) => {
        await tx.get(ledger, 'l1');
        await other.commit([other.put(ledger, 'l1', { total: ++runs })]);
        tx.put(ledger, 'l1', { total: -1 });
      },
      { attempts: 3 },
    );
    await expect(failing).rejects.toMatchObject({
      name: 'ConflictError',
      code: 'COMMIT_CONFLICT',
      facts: { collection: 'ledger', id: 'l1', attempts: 3 },
    });
    expect([runs, await totalOf(test)]).toEqual([3, 3]);
  });

  it('names a constraint that forbids it, at once', async () => {
    const test = testStore();
    await test.store.commit([test.store.put(notes, 'n1', { text: 'one' })]);
    let runs = 0;
    const failing = test.store.transact(async (tx) => {
      runs++;
      tx.put(notes, 'n2', { text: 'one' });
    });
    await expect(failing).rejects.toMatchObject({
      name: 'ConflictError',
      code: 'UNIQUE_CONFLICT',
      facts: { collection: 'notes', id: 'n2', constraint: 'text' },
    });
    expect(runs).toBe(1);
  });

  it('stops when it is aborted, before and between attempts', async () => {
    const test = await withTotal(0, { sleep: () => Promise.resolve() });
    const other = storeOn(test.backend, test.clock);
    const controller = new AbortController();
    const failing = test.store.transact(
      async (tx) => {
        await tx.get(ledger, 'l1');
        controller.abort();
        tx.put(ledger, 'l1', { total: 99 });
      },
      { signal: controller.signal },
    );
    await expect(failing).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(other.transact(async () => 1, { signal: controller.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect(await totalOf(test)).toBe(0);
  });

  it.each(['loseRequest', 'loseAnswer', 'landLate'] as const)(
    'is not run again for a lost answer: %s',
    async (kind) => {
      const test = await withTotal(0);
      const other = storeOn(test.backend, test.clock);
      test.meanwhile = async () => {
        // Others write after it: without a receipt nobody could tell whether it was there.
        const entry = await other.get(ledger, 'l1');
        await other.commit([other.put(ledger, 'l1', { total: (entry?.value.total ?? 0) + 100 })]);
      };
      await test.store.get(ledger, 'l1');
      test.faults.plan({ method: 'commit', kind });
      let runs = 0;
      await test.store.transact(async (tx) => {
        runs++;
        const entry = await tx.get(ledger, 'l1');
        tx.put(ledger, 'l1', { total: (entry?.value.total ?? 0) + 1 });
      });
      await test.faults.settle();
      const added = ((await totalOf(test)) ?? 0) % 100;
      expect(added).toBe(1);
      if (kind === 'loseAnswer') expect(runs).toBe(1);
    },
  );
});

describe('a repeatable transaction', () => {
  const insert = (test: TestStore, ran: () => void) =>
    test.store.transact(
      async (tx) => {
        ran();
        const present = await tx.get(notes, 'n1');
        tx.put(notes, 'n1', { text: `ours over ${present?.value.text}` }, { ifVersion: present?.version ?? null });
      },
      { repeatable: true },
    );

  it.each(['loseRequest', 'loseAnswer', 'landLate'] as const)('takes no receipt, and effect once: %s', async (kind) => {
    const test = testStore();
    await test.store.get(notes, 'n1');
    test.faults.plan({ method: 'commit', kind });
    let runs = 0;
    await insert(test, () => runs++);
    await test.faults.settle();
    expect(runs).toBe(1);
    expect((await test.store.get(notes, 'n1'))?.value.text).toBe('ours over undefined');
    // A receipt would be there to be swept.
    test.clock.advance(7_200_000);
    expect(await test.backend.sweep(10)).toEqual({ removed: 0, more: false });
  });

  it('runs again where nobody can tell whether it was overwritten', async () => {
    const test = testStore();
    const other = storeOn(test.backend, test.clock);
    test.meanwhile = async () => {
      test.meanwhile = async () => undefined;
      await other.commit([other.put(notes, 'n1', { text: 'theirs' })]);
    };
    await test.store.get(notes, 'n1');
    test.faults.plan({ method: 'commit', kind: 'loseAnswer' });
    let runs = 0;
    await insert(test, () => runs++);
    expect(runs).toBe(2);
    expect((await test.store.get(notes, 'n1'))?.value.text).toBe('ours over theirs');
  });
});

describe('transact over a storage that loses requests and answers at random', () => {
  it.each(Array.from({ length: 12 }, (_, seed) => seed + 1))('counts every success once (seed %d)', async (seed) => {
    const test = await withTotal(0, { seed, rate: 0.3 });
    const audit = storeOn(test.backend, test.clock);
    let acknowledged = 0;
    let unknown = 0;
    const landsLate = () => test.faults.log.some(({ kind }) => kind === 'landLate');
    const worker = async (name: number): Promise<void> => {
      // On a database each run has another order of calls, and so other faults: it goes on until enough of both have come.
      for (let round = 0; round < 15 || acknowledged <= 20 || !landsLate(); round++) {
        const id = `${name}-${round}`;
        try {
          await test.store.transact(
            async (tx) => {
              const entry = await tx.get(ledger, 'l1');
              tx.put(ledger, 'l1', { total: (entry?.value.total ?? 0) + 1 });
              tx.put(notes, id, { text: id, owner: 'worker', at: round });
            },
            { attempts: 100 },
          );
          acknowledged++;
          expect((await audit.get(notes, id))?.value.text).toBe(id);
        } catch (error) {
          expect(error).toMatchObject({ name: 'StorageError' });
          if ((error as { outcome?: string }).outcome === 'unknown') unknown++;
          else expect(await audit.get(notes, id)).toBeUndefined();
        }
      }
    };
    await Promise.all([worker(1), worker(2), worker(3), worker(4)]);
    test.faults.heal();
    await test.faults.settle();
    const total = (await totalOf(test)) ?? 0;
    const written = await audit.count(notes, { index: 'byOwner', equals: { owner: 'worker' }, upTo: 1000 });
    expect(written).toBe(total);
    expect(total).toBeGreaterThanOrEqual(acknowledged);
    expect(total).toBeLessThanOrEqual(acknowledged + unknown);
    expect(acknowledged).toBeGreaterThan(20);
    expect(landsLate()).toBe(true);
  });
});
