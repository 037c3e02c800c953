import { describe, expect, expectTypeOf, it } from 'vitest';
import { ledger, notes, testStore } from './support.ts';

describe('documents that are only looked at', () => {
  const refs = [
    { collection: ledger, id: 'l1' },
    { collection: notes, id: 'none' },
    { collection: notes, id: 'n1' },
  ] as const;

  async function filled() {
    const { store } = testStore();
    const bytes = Uint8Array.of(1, 2, 3);
    await store.commit([
      store.put(notes, 'n1', { text: 'one' }, { bytes, expiresAt: 2e12, dueAt: 1.9e12 }),
      store.put(ledger, 'l1', { total: 5 }),
    ]);
    return store;
  }

  it('say what they say to who reads them, each time', async () => {
    const store = await filled();
    for (let time = 0; time < 3; time++) {
      expect(await store.viewMany(refs)).toEqual(await store.getMany(refs));
    }
  });

  it('are not changed by who reads them for themselves', async () => {
    const store = await filled();
    for (let time = 0; time < 3; time++) {
      const read = (await store.get(notes, 'n1'))?.value as { text: string };
      read.text = 'changed';
      const [, , viewed] = await store.viewMany(refs);
      expect(viewed?.value.text).toBe('one');
    }
  });

  it('are nobody’s to change, as their type says', async () => {
    const [total] = await (await filled()).viewMany(refs);
    expectTypeOf(total?.value).toEqualTypeOf<{ readonly total: number } | undefined>();
  });

  it('are as they stand at the instant of each look', async () => {
    const store = await filled();
    await store.viewMany(refs);
    await store.commit([store.put(ledger, 'l1', { total: 6 }), store.delete(notes, 'n1')]);
    const [total, , note] = await store.viewMany(refs);
    expect([total?.value.total, note]).toEqual([6, undefined]);
  });
});
