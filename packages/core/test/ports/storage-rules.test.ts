import {
  type CursorScope,
  decideThrottle,
  declareCollections,
  decodeCursor,
  encodeCursor,
  mergeCollection,
  prepareThrottle,
  sweepTask,
  type ThrottleMeter,
} from '@chancery/core/ports';
import { VirtualClock } from '@chancery/core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const RUNS = { seed: 20_261_122, numRuns: 1000 };

describe('cursors', () => {
  const text = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 60 })
    .map((id) => id.toWellFormed().replaceAll('\0', '') || 'x');
  const scope: fc.Arbitrary<CursorScope> = fc.record({
    collection: fc.constantFrom('things', 'others'),
    index: fc.constantFrom('byRank', 'byOwner'),
    pinned: fc.array(text, { maxLength: 3 }),
    direction: fc.constantFrom('ascending', 'descending'),
  });

  it('come back as they were, in characters that a URL takes', () => {
    fc.assert(
      fc.property(scope, fc.maxSafeInteger(), text, (place, order, id) => {
        const cursor = encodeCursor(place, { order, id });
        expect(cursor).toMatch(/^[A-Za-z0-9._~!*'()%-]+$/);
        expect(decodeCursor(place, cursor)).toEqual({ order, id });
      }),
      RUNS,
    );
  });

  it('are refused when a character is changed or the query is another', () => {
    const place: CursorScope = { collection: 'things', index: 'byRank', pinned: ['é'], direction: 'ascending' };
    const cursor = encodeCursor(place, { order: -5, id: 'a b' });
    const others: CursorScope[] = [
      { ...place, direction: 'descending' },
      { ...place, pinned: ['e'] },
      { ...place, pinned: [] },
      { ...place, index: 'byOwner' },
    ];
    for (const other of others) expect(() => decodeCursor(other, cursor)).toThrow(/of another query/);
    for (const broken of [
      cursor.replace('-5', '-05'),
      cursor.replace('%20', ' '),
      `${cursor}%`,
      cursor.replace('-5', '-0'),
      `${cursor}%ff`,
      '..',
      '1.2',
    ]) {
      expect(() => decodeCursor(place, broken)).toThrow(expect.objectContaining({ code: 'STORAGE_INVALID' }));
    }
  });
});

describe('decideThrottle', () => {
  const [request] = prepareThrottle([{ key: 'k', limit: 3, periodMs: 1000 }]);
  const charge = (meter: ThrottleMeter | undefined, now: number) => {
    const { decision, meters } = decideThrottle(request ? [request] : [], [meter], now);
    return { decision, meter: meters[0] };
  };

  it('drains nothing while the clock is behind the meter, and says how long that lasts', () => {
    const full = { level: 3000, at: 10_000 };
    const behind = charge(full, 9_000);
    expect(behind.decision).toEqual({ allowed: false, retryAfterMs: 1000 + 334, remaining: [0] });
    expect(charge(full, 9_000 + 1334).decision.allowed).toBe(true);
    expect(charge(full, 9_000 + 1333).decision.allowed).toBe(false);
    const partly = charge({ level: 1000, at: 10_000 }, 9_000);
    expect(partly.meter).toEqual({ level: 2000, at: 10_000 });
  });

  it('stays exact where a product would pass the safe integers', () => {
    const [large] = prepareThrottle([{ key: 'k', limit: 1_000_000, periodMs: 86_400_000 }]);
    const meter = { level: 1_000_000 * 86_400_000, at: 0 };
    const { decision } = decideThrottle(large ? [large] : [], [meter], 1_767_225_600_000);
    expect(decision).toEqual({ allowed: true, retryAfterMs: 0, remaining: [999_999] });
  });

  it('stores no meter that is empty', () => {
    const [refund] = prepareThrottle([{ key: 'k', limit: 3, periodMs: 1000, cost: -3 }]);
    expect(decideThrottle(refund ? [refund] : [], [{ level: 2500, at: 0 }], 0).meters).toEqual([undefined]);
  });
});

describe('mergeCollection', () => {
  const declare = (indexes: Record<string, { orderBy: string }>, watch?: boolean) => {
    const [declared] = declareCollections([{ name: 'things', indexes, ...(watch !== undefined && { watch }) }]);
    if (declared === undefined) throw new Error('nothing was declared');
    return declared;
  };

  it('adds and never drops, and sorts by name', () => {
    const stored = declare({ b: { orderBy: 'x' }, d: { orderBy: 'x' } }, true);
    const { merged, addedIndexes } = mergeCollection(stored, declare({ d: { orderBy: 'x' }, c: { orderBy: 'y' } }));
    expect(merged.indexes.map(({ name }) => name)).toEqual(['b', 'c', 'd']);
    expect(addedIndexes.map(({ name }) => name)).toEqual(['c']);
    expect(merged.watch).toBe(true);
    expect(mergeCollection(merged, stored)).toMatchObject({ merged, addedIndexes: [], addedUnique: [] });
    expect(JSON.parse(JSON.stringify(merged))).toEqual(merged);
  });

  it('says what is stored and what was declared', () => {
    const stored = declare({ b: { orderBy: 'x' } });
    expect(() => mergeCollection(stored, declare({ b: { orderBy: 'y' } }))).toThrow(
      'index "b" of collection "things" is stored as () by x, not () by y: declare it under another name',
    );
  });
});

describe('sweepTask', () => {
  it('runs on while more is left, and rests when not', async () => {
    const clock = new VirtualClock(1000);
    const answers = [
      { removed: 5, more: true },
      { removed: 1, more: false },
    ];
    const limits: number[] = [];
    const sweep = async (limit: number) => {
      limits.push(limit);
      return answers.shift() ?? { removed: 0, more: false };
    };
    const task = sweepTask({ namespace: 'chancery', sweep }, { clock, intervalMs: 500 });
    expect(task.name).toBe('storage:chancery:sweep');
    expect(await task.run({ limit: 5 })).toEqual({ more: true, nextDueAt: 1000 });
    expect(await task.run({ limit: 7 })).toEqual({ more: false, nextDueAt: 1500 });
    expect(limits).toEqual([5, 7]);
    await expect(task.run({ limit: 1, signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
  });
});
