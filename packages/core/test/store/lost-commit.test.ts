import { describe, expect, it } from 'vitest';
import { StorageError } from '../../src/errors/storage-error.ts';
import type { Write } from '../../src/ports/storage.ts';
import { receipts } from '../../src/store/receipts.ts';
import type { Store } from '../../src/store/store.ts';
import { ledger, notes, storeOn, type TestStore, testStore } from './support.ts';

/** Before each commit there is a note `old`; `version` is its version. */
type Shape = (store: Store, version: string) => Write[];
const shapes: Record<string, Shape> = {
  'a put without a condition': (store) => [store.put(notes, 'old', { text: 'ours' })],
  'a delete without a condition': (store) => [store.delete(notes, 'old')],
  'an insertion': (store) => [store.put(notes, 'new', { text: 'ours' }, { ifVersion: null })],
  'a replacement': (store, version) => [store.put(notes, 'old', { text: 'ours' }, { ifVersion: version })],
  'a conditional delete': (store, version) => [store.delete(notes, 'old', { ifVersion: version })],
  'a check and a put': (store, version) => [
    store.check(notes, 'old', version),
    store.put(notes, 'new', { text: 'ours' }),
  ],
  'an insertion under a fresh id': (store, version) => [
    store.check(notes, 'old', version),
    store.put(ledger, 'l1', { total: 1 }, { ifVersion: null }),
    store.put(notes, 'new', { text: 'ours' }),
  ],
  'a replacement and an insertion': (store, version) => [
    store.put(notes, 'new', { text: 'ours too' }, { ifVersion: null }),
    store.put(notes, 'old', { text: 'ours' }, { ifVersion: version }),
  ],
};
const lost = ['loseRequest', 'loseAnswer', 'landLate'] as const;

async function prepared(seed = 1): Promise<TestStore & { readonly other: Store; readonly version: string }> {
  const test = testStore({ seed });
  const other = storeOn(test.backend, test.clock);
  const write = other.put(notes, 'old', { text: 'before' });
  await other.commit([write]);
  await test.store.get(notes, 'old');
  return Object.assign(test, { other, version: write.version });
}
const textOf = async (store: Store, id: string): Promise<string | undefined> =>
  (await store.get(notes, id))?.value.text;

describe.each(Object.entries(shapes))('a commit of %s', (_, shape) => {
  it.each(lost)('takes effect once when hit by %s', async (kind) => {
    const test = await prepared();
    const writes = shape(test.store, test.version);
    test.faults.plan({ method: 'commit', kind });
    expect(await test.store.commit(writes)).toEqual({ committed: true });
    await test.faults.settle();
    expect(test.pauses).toBeGreaterThanOrEqual(1);
    for (const write of writes) {
      const [document] = await test.backend.get([write]);
      if (write.kind === 'put') expect(document?.version).toBe(write.version);
      if (write.kind === 'delete') expect(document).toBeUndefined();
    }
  });

  it.each(lost)('is not done again over what others did since, when hit by %s', async (kind) => {
    const test = await prepared();
    test.faults.plan({ method: 'commit', kind });
    await test.store.commit(shape(test.store, test.version));
    await test.other.commit([
      test.other.put(notes, 'old', { text: 'theirs' }),
      test.other.put(notes, 'new', { text: 'also theirs' }),
    ]);
    await test.faults.settle();
    expect([await textOf(test.other, 'old'), await textOf(test.other, 'new')]).toEqual(['theirs', 'also theirs']);
  });

  it.each(lost)('survives a storage that loses %s three times in a row', async (kind) => {
    const test = await prepared();
    test.faults.plan({ method: 'commit', kind, times: 3 });
    expect(await test.store.commit(shape(test.store, test.version))).toEqual({ committed: true });
    expect(test.pauses).toBeGreaterThanOrEqual(3);
  });

  it('says so when the outcome stays unknown', async () => {
    const test = await prepared();
    test.faults.plan({ method: 'commit', kind: 'loseRequest', times: 100 });
    const failing = test.store.commit(shape(test.store, test.version));
    await expect(failing).rejects.toMatchObject({
      name: 'StorageError',
      code: 'STORAGE_OUTCOME_UNKNOWN',
      outcome: 'unknown',
    });
    expect(test.pauses).toBe(5);
  });

  it('is refused at once when nothing was written', async () => {
    const test = await prepared();
    test.faults.plan({ method: 'commit', kind: 'refuse' });
    await expect(test.store.commit(shape(test.store, test.version))).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      outcome: 'none',
    });
    expect([test.pauses, await textOf(test.store, 'old'), await textOf(test.store, 'new')]).toEqual([
      0,
      'before',
      undefined,
    ]);
  });
});

describe('a commit that took effect, was lost, and was overwritten before it is sent again', () => {
  const overwrite = (test: TestStore & { readonly other: Store }) => async () => {
    await test.other.commit([test.other.put(notes, 'old', { text: 'theirs' }), test.other.delete(notes, 'new')]);
  };

  it.each([
    'a put without a condition',
    'a delete without a condition',
    'an insertion',
    'a conditional delete',
    'a check and a put',
  ])('is known by its receipt: %s', async (name) => {
    const test = await prepared();
    test.meanwhile = overwrite(test);
    test.faults.plan({ method: 'commit', kind: 'loseAnswer' });
    expect(await test.store.commit((shapes[name] as Shape)(test.store, test.version))).toEqual({ committed: true });
    expect([await textOf(test.store, 'old'), await textOf(test.store, 'new')]).toEqual(['theirs', undefined]);
  });

  it('is known by a document under a fresh id, also when that was changed', async () => {
    const test = await prepared();
    test.meanwhile = async () => {
      await overwrite(test)();
      await test.other.commit([test.other.put(ledger, 'l1', { total: 2 })]);
    };
    test.faults.plan({ method: 'commit', kind: 'loseAnswer' });
    const writes = (shapes['an insertion under a fresh id'] as Shape)(test.store, test.version);
    expect(await test.store.commit(writes)).toEqual({ committed: true });
    expect((await test.store.get(ledger, 'l1'))?.value.total).toBe(2);
  });

  it('is known by another of its puts', async () => {
    const test = await prepared();
    test.meanwhile = async () => {
      await test.other.commit([test.other.put(notes, 'old', { text: 'theirs' })]);
    };
    test.faults.plan({ method: 'commit', kind: 'loseAnswer' });
    const writes = [
      test.store.put(notes, 'old', { text: 'ours' }, { ifVersion: test.version }),
      test.store.put(notes, 'aside', { text: 'too' }),
    ];
    expect(await test.store.commit(writes)).toEqual({ committed: true });
  });

  it('is not guessed at, where only replacements could tell', async () => {
    const test = await prepared();
    test.meanwhile = overwrite(test);
    test.faults.plan({ method: 'commit', kind: 'loseAnswer' });
    const writes = [test.store.put(notes, 'old', { text: 'ours' }, { ifVersion: test.version })];
    await expect(test.store.commit(writes)).rejects.toMatchObject({
      code: 'STORAGE_OUTCOME_UNKNOWN',
      outcome: 'unknown',
    });
    expect(await textOf(test.store, 'old')).toBe('theirs');
  });
});

describe('a lost commit that did not take effect', () => {
  it.each(
    Object.entries(shapes).filter(
      ([name]) => name.includes('check') || name.includes('conditional') || name.includes('fresh'),
    ),
  )('is a conflict when others were first: %s', async (_, shape) => {
    for (const kind of ['loseRequest', 'landLate'] as const) {
      const test = await prepared();
      test.meanwhile = async () => {
        await test.other.commit([test.other.put(notes, 'old', { text: 'theirs' })]);
      };
      test.faults.plan({ method: 'commit', kind });
      const result = await test.store.commit(shape(test.store, test.version));
      expect(result).toMatchObject({ committed: false, conflict: { write: 0, reason: 'version' } });
      await test.faults.settle();
      expect([await textOf(test.store, 'old'), await textOf(test.store, 'new')]).toEqual(['theirs', undefined]);
    }
  });

  it('can take effect no more once it was called a conflict, even if its condition should hold again', async () => {
    const test = await prepared();
    const commit = test.backend.commit.bind(test.backend);
    let late: (() => Promise<unknown>) | undefined;
    test.backend.commit = async (writes) => {
      if (late) return commit(writes);
      late = () => commit(writes);
      throw new StorageError('STORAGE_UNAVAILABLE', 'on its way', { outcome: 'unknown', retryable: true });
    };
    test.meanwhile = async () => {
      await test.other.commit([test.other.put(notes, 'rival', { text: 'taken' })]);
    };
    const result = await test.store.commit([test.store.put(notes, 'new', { text: 'taken' }, { ifVersion: null })]);
    expect(result).toEqual({ committed: false, conflict: { write: 0, reason: 'unique', constraint: 'text' } });
    await test.other.commit([test.other.delete(notes, 'rival')]);
    expect(await late?.()).toMatchObject({ committed: false });
    expect(await textOf(test.store, 'new')).toBeUndefined();
  });

  it('is a conflict where a replacement is still to be done', async () => {
    const test = await prepared();
    await test.other.commit([test.other.put(notes, 'checked', { text: 'moves' })]);
    const { version } = (await test.store.get(notes, 'checked')) as { version: string };
    test.meanwhile = async () => {
      await test.other.commit([test.other.put(notes, 'checked', { text: 'moved' })]);
    };
    test.faults.plan({ method: 'commit', kind: 'loseRequest' });
    const writes = [
      test.store.check(notes, 'checked', version),
      test.store.put(notes, 'old', { text: 'ours' }, { ifVersion: test.version }),
    ];
    expect(await test.store.commit(writes)).toMatchObject({
      committed: false,
      conflict: { write: 0, reason: 'version' },
    });
  });

  it('is a conflict of its constraint where a replacement shows it', async () => {
    const test = await prepared();
    await test.other.commit([test.other.put(notes, 'rival', { text: 'taken' })]);
    test.faults.plan({ method: 'commit', kind: 'loseRequest' });
    const writes = [test.store.put(notes, 'old', { text: 'taken' }, { ifVersion: test.version })];
    expect(await test.store.commit(writes)).toEqual({
      committed: false,
      conflict: { write: 0, reason: 'unique', constraint: 'text' },
    });
  });
});

describe('receipts', () => {
  async function receiptCount(test: TestStore, writes: Write[]): Promise<number> {
    let sent: readonly Write[] = [];
    const commit = test.backend.commit.bind(test.backend);
    test.backend.commit = (each) => {
      sent = each;
      return commit(each);
    };
    await test.store.commit(writes);
    test.backend.commit = commit;
    return sent.filter(({ collection }) => collection === receipts.name).length;
  }

  it.each([
    ['a put without a condition', 1],
    ['a conditional delete', 1],
    ['an insertion', 1],
    ['a replacement', 0],
    ['an insertion under a fresh id', 0],
    ['a replacement and an insertion', 0],
  ])('go with %s: %d', async (name, count) => {
    const test = await prepared();
    expect(await receiptCount(test, (shapes[name] as Shape)(test.store, test.version))).toBe(count);
  });

  it('do not go with checks alone, and a commit of nothing is not sent', async () => {
    const test = await prepared();
    expect(await receiptCount(test, [test.store.check(notes, 'old', test.version)])).toBe(0);
    const before = test.faults.calls;
    expect(await test.store.commit([])).toEqual({ committed: true });
    expect(test.faults.calls).toBe(before);
  });

  it('are gone after an hour', async () => {
    const test = await prepared();
    await test.store.commit([test.store.put(notes, 'old', { text: 'ours' })]);
    expect(await test.backend.sweep(10)).toEqual({ removed: 0, more: false });
    test.clock.advance(3_600_000);
    expect((await test.backend.sweep(10)).removed).toBe(2);
  });
});

describe('aborting', () => {
  it('ends the waiting, and says that the outcome is unknown', async () => {
    const test = await prepared();
    const store = storeOn(test.faults, test.clock);
    await store.get(notes, 'old');
    test.faults.plan({ method: 'commit', kind: 'loseRequest', times: 100 });
    const failing = store.commit([store.put(notes, 'old', { text: 'ours' })], {
      signal: AbortSignal.abort(new Error('enough')),
    });
    await expect(failing).rejects.toMatchObject({ code: 'STORAGE_ABORTED', outcome: 'unknown' });
  });
});
