import { compareUtf8, type IndexPosition } from '@chancery/core/ports';
import { SeededRandom } from '@chancery/core/testing';
import { describe, expect, it } from 'vitest';
import { OrderedIds } from '../src/ordered-ids.ts';

type Entry = readonly [number, string];

function ascending(ids: OrderedIds, start?: IndexPosition, limit = Number.POSITIVE_INFINITY): Entry[] {
  const entries: Entry[] = [];
  ids.ascend(start, (order, id) => entries.push([order, id]) < limit);
  return entries;
}

function descending(ids: OrderedIds, end?: IndexPosition, limit = Number.POSITIVE_INFINITY): Entry[] {
  const entries: Entry[] = [];
  ids.descend(end, (order, id) => entries.push([order, id]) < limit);
  return entries;
}

function compare([leftOrder, leftId]: Entry, [rightOrder, rightId]: Entry): number {
  return leftOrder - rightOrder || compareUtf8(leftId, rightId);
}

describe('OrderedIds', () => {
  it.each([1, 2, 3])('keeps the order of a sorted list under random changes (seed %i)', (seed) => {
    const random = new SeededRandom(seed);
    const ids = new OrderedIds();
    let model: Entry[] = [];
    const entry = (): Entry => [random.integer(0, 40), random.pick(['a', 'é', '\uffff', '\u{10000}']) + random.hex(3)];
    for (let step = 0; step < 4000; step++) {
      // Growing at first, shrinking at last, so that chunks split and join.
      const adds = random.chance(step < 3000 ? 0.8 : 0.1);
      const [order, id] = adds || model.length === 0 ? entry() : random.pick(model);
      const known = model.some(([otherOrder, otherId]) => otherOrder === order && otherId === id);
      if (!adds) {
        expect(ids.delete(order, id)).toBe(known);
        model = model.filter(([otherOrder, otherId]) => otherOrder !== order || otherId !== id);
      } else if (!known) {
        ids.add(order, id);
        model.push([order, id]);
      }
    }
    model.sort(compare);
    expect(ids.size).toBe(model.length);
    expect(ascending(ids)).toEqual(model);
    expect(descending(ids)).toEqual(model.toReversed());
    for (let probe = 0; probe < 300; probe++) {
      const [order, id] = random.chance(0.5) ? entry() : random.pick(model);
      const at = model.findIndex((other) => compare(other, [order, id]) >= 0);
      const split = at === -1 ? model.length : at;
      expect(ascending(ids, { order, id }, 5)).toEqual(model.slice(split, split + 5));
      expect(descending(ids, { order, id }, 5)).toEqual(model.slice(0, split).toReversed().slice(0, 5));
    }
    for (const [order, id] of random.shuffle(model)) expect(ids.delete(order, id)).toBe(true);
    expect(ids.size).toBe(0);
    expect(ascending(ids)).toEqual([]);
    expect(descending(ids)).toEqual([]);
  });

  it('says of what is not there that it is not, and visits nothing of an empty list', () => {
    const ids = new OrderedIds();
    expect(ids.delete(1, 'a')).toBe(false);
    expect(ascending(ids, { order: 1, id: 'a' })).toEqual([]);
    expect(descending(ids, { order: 1, id: 'a' })).toEqual([]);
    ids.add(1, 'b');
    expect(ids.delete(1, 'a')).toBe(false);
    expect(ids.delete(2, 'b')).toBe(false);
    expect(ids.size).toBe(1);
  });

  it('takes entries in order, in reverse and all of one order', () => {
    const count = 5000;
    const name = (at: number) => String(at).padStart(5, '0');
    const forward = new OrderedIds();
    const backward = new OrderedIds();
    const tied = new OrderedIds();
    for (let at = 0; at < count; at++) {
      forward.add(at, 'x');
      backward.add(-at, 'x');
      tied.add(7, name((at * 1237) % count));
    }
    expect(ascending(forward).map(([order]) => order)).toEqual(Array.from({ length: count }, (_unused, at) => at));
    expect(descending(backward).map(([order]) => Math.abs(order))).toEqual(
      Array.from({ length: count }, (_unused, at) => at),
    );
    expect(ascending(tied).map(([, id]) => id)).toEqual(Array.from({ length: count }, (_unused, at) => name(at)));
  });
});
