import { MemoryStorage } from '@chancery/storage-memory';
import { describe, expect, it } from 'vitest';
import { InvalidInputError, RenewalScheduler, type RenewalSchedulerOptions } from '../../../src/index.ts';
import { codeOf } from '../../support/expect-error.ts';

const storage = new MemoryStorage();
const run = async () => ({ more: false, nextDueAt: 0 });
const problemOf = (options: unknown): string => {
  try {
    new RenewalScheduler(options as RenewalSchedulerOptions);
  } catch (error) {
    if (error instanceof InvalidInputError && error.code === 'INVALID_ARGUMENT') return error.message;
    throw error;
  }
  return 'nothing';
};

describe('the options of a scheduler', () => {
  it.each([
    [undefined, 'options'],
    [{}, 'storage'],
    [{ certificates: {} }, 'certificates'],
    [{ certificates: null }, 'certificates'],
    [{ storage, maintain: {} }, 'maintain'],
    [{ storage, maintain: [null] }, 'maintain[0]'],
    [
      {
        storage,
        maintain: [
          { name: 'a', run },
          { name: '', run },
        ],
      },
      'maintain[1].name',
    ],
    [{ storage, maintain: [{ name: 'x'.repeat(201), run }] }, 'maintain[0].name'],
    [{ storage, maintain: [{ name: 'a' }] }, 'maintain[0].run'],
    [{ storage, checkIntervalMs: 999 }, 'checkIntervalMs'],
    [{ storage, checkIntervalMs: 1e9 }, 'checkIntervalMs'],
    [{ storage, concurrency: 0 }, 'concurrency'],
    [{ storage, concurrency: 1.5 }, 'concurrency'],
    [{ storage, concurrency: 257 }, 'concurrency'],
    [{ storage, leaseMs: 0 }, 'leaseMs'],
    [{ storage, attemptMs: '5' }, 'attemptMs'],
    [{ storage, policy: { fraction: 1 } }, 'policy.fraction'],
    [{ storage, policy: { shortLivedFraction: 0 } }, 'policy.shortLivedFraction'],
    [{ storage, policy: { jitter: -1 } }, 'policy.jitter'],
    [{ storage, warnDays: [0] }, 'warnDays.0'],
    [{ storage, warnDays: [30, 366] }, 'warnDays.1'],
    [{ storage, warnDays: 30 }, 'warnDays'],
    [{ storage, budgets: { main: { limit: 0, periodMs: 1_000 } } }, 'budgets.main.limit'],
    [{ storage, budgets: { nobody: { limit: 1, periodMs: 1_000 } } }, 'nobody'],
    [{ storage, onError: 'log' }, 'onError'],
    [{ storage, timer: 5 }, 'timer'],
  ])('%# are refused with the name of the one at fault', (options, name) => {
    expect(problemOf(options)).toContain(name);
  });

  it('may be few', () => {
    expect(problemOf({ storage })).toBe('nothing');
    expect(problemOf({ storage, maintain: [{ name: 'a', run }], warnDays: [] })).toBe('nothing');
  });
});

describe('the options of a call', () => {
  it('are an object, and its signal is one', async () => {
    const scheduler = new RenewalScheduler({ storage });
    for (const options of [null as never, { signal: 'now' as never }]) {
      expect(await codeOf(() => scheduler.runOnce(options))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(() => scheduler.stop(options))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(() => scheduler.renewAllBefore(new Date(0), options))).toBe('INVALID_ARGUMENT');
    }
  });
});
