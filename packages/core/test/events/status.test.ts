import { describe, expect, it } from 'vitest';
import { LocalKeyring } from '../../src/index.ts';
import { codeOf } from '../support/expect-error.ts';
import { createTestLog, factsOf, sequence, writeEvents } from './support.ts';

describe('status()', () => {
  it('tells what waits, since when, how long the log is and when it was last signed', async () => {
    const { clock, events } = createTestLog({ keyring: LocalKeyring.generate() });
    expect(await events.status()).toEqual({ size: 0, pending: 0, setAside: 0 });
    const writtenAt = clock.now();
    await writeEvents(events, [factsOf('a')]);
    clock.advance(5_000);
    await writeEvents(events, [factsOf('b'), factsOf('c')]);
    expect(await events.status()).toEqual({ size: 0, pending: 3, setAside: 0, oldestPendingAt: new Date(writtenAt) });
    expect(await events.status({ upTo: 2 })).toMatchObject({ pending: 2 });
    await sequence(events);
    const { size } = await events.checkpoint();
    expect(await events.status()).toEqual({
      size,
      pending: 0,
      setAside: 0,
      checkpoint: { size, madeAt: new Date(clock.now()) },
    });
    expect([size, await events.size()]).toEqual([3, 3]);
  });

  it('signs nothing, and refuses what is malformed', async () => {
    const { events } = createTestLog({ keyring: LocalKeyring.generate() });
    await writeEvents(events, [factsOf('a')]);
    await sequence(events);
    expect((await events.status()).checkpoint).toBeUndefined();
    for (const options of [null, { upTo: 0 }, { upTo: 'all' }, { more: 1 }]) {
      expect(await codeOf(events.status(options as never))).toBe('INVALID_ARGUMENT');
    }
    expect(await codeOf(events.status({ signal: AbortSignal.abort() }))).toBe('ABORTED');
    expect(await codeOf(events.size({ signal: AbortSignal.abort() }))).toBe('ABORTED');
  });
});
