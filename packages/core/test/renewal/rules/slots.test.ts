import { describe, expect, it } from 'vitest';
import { type Release, Slots } from '../../../src/renewal/slots.ts';
import { settle } from '../support/hand-timer.ts';

/** Asks for slots, and notes what was granted. */
function ask(slots: Slots): { of(queue: string, count: number): Promise<Release[]> } {
  return {
    async of(queue, count) {
      const granted: Release[] = [];
      for (let at = 0; at < count; at++) void slots.acquire(queue).then((release) => granted.push(release));
      await settle(2);
      return granted;
    },
  };
}

describe('slots', () => {
  it('all go to the only queue', async () => {
    expect(await ask(new Slots(3, ['a'])).of('a', 5)).toHaveLength(3);
  });

  it('leave one to each queue that holds none', async () => {
    const slots = ask(new Slots(8, ['a', 'b', 'c']));
    expect(await slots.of('a', 20)).toHaveLength(6);
    expect(await slots.of('b', 1)).toHaveLength(1);
    expect(await slots.of('c', 1)).toHaveLength(1);
  });

  it('leave half of all to many idle queues, not more', async () => {
    const queues = Array.from({ length: 30 }, (_, at) => `q${at}`);
    expect(await ask(new Slots(8, queues)).of('q0', 20)).toHaveLength(4);
  });

  it('serve a single slot to whoever comes', async () => {
    const slots = ask(new Slots(1, ['a', 'b']));
    const [release] = await slots.of('a', 1);
    const waiting = await slots.of('b', 1);
    expect(waiting).toHaveLength(0);
    release?.();
    await settle(2);
    expect(waiting).toHaveLength(1);
  });

  it('go, when they are handed back, to the queue that has the fewest, and count once', async () => {
    const slots = ask(new Slots(2, ['a', 'b']));
    const [first] = await slots.of('a', 1);
    const [second] = await slots.of('b', 1);
    const more = { a: await slots.of('a', 1), b: await slots.of('b', 1) };
    first?.();
    first?.();
    await settle(2);
    expect([more.a.length, more.b.length]).toEqual([1, 0]);
    second?.();
    await settle(2);
    expect([more.a.length, more.b.length]).toEqual([1, 1]);
  });
});
