import type { StorageBackend } from '@chancery/core/ports';
import { type StorageConformanceOptions, storageConformance, VirtualClock } from '@chancery/core/testing';
import { MemoryDatabase, MemoryStorage } from '@chancery/storage-memory';
import { describe, expect, it } from 'vitest';
import type { BrokenStorage } from './broken/sabotage.ts';
import { BROKEN_STORAGES } from './broken-storages.ts';

interface KitTest {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** The tests that the kit registers for a backend, to be run by hand. */
function kitTests(options: Omit<StorageConformanceOptions, 'test'>): KitTest[] {
  const tests: KitTest[] = [];
  storageConformance({ ...options, test: (name, run) => tests.push({ name, run }) });
  return tests;
}

function testsOf(sabotage: BrokenStorage['sabotage'], options: Partial<StorageConformanceOptions> = {}): KitTest[] {
  const clock = new VirtualClock();
  const database = new MemoryDatabase();
  let skew = 0;
  const serverClock = { now: () => clock.now() + skew };
  const skewed = <T>(milliseconds: number, call: () => T): T => {
    skew = milliseconds;
    try {
      return call();
    } finally {
      skew = 0;
    }
  };
  return kitTests({
    clock,
    createBackend: ({ namespace }) => {
      const inner = new MemoryStorage({ namespace, clock: serverClock, database });
      return wrap(inner, sabotage(inner, { skewed, now: () => clock.now() }));
    },
    onSkip: () => undefined,
    ...options,
  });
}

function wrap(inner: StorageBackend, overrides: Partial<StorageBackend>): StorageBackend {
  return {
    namespace: inner.namespace,
    capabilities: inner.capabilities,
    open: (definitions) => inner.open(definitions),
    get: (refs, options) => inner.get(refs, options),
    query: (query) => inner.query(query),
    count: (query) => inner.count(query),
    commit: (writes) => inner.commit(writes),
    claim: (request) => inner.claim(request),
    throttle: (requests) => inner.throttle(requests),
    sweep: (limit) => inner.sweep(limit),
    watch: (collection, listener) => inner.watch?.(collection, listener) ?? Promise.reject(new Error('no watch')),
    health: () => inner.health(),
    close: () => inner.close(),
    ...overrides,
  };
}

async function failureOf({ run }: KitTest): Promise<Error | undefined> {
  return run().then(
    () => undefined,
    (error: Error) => error,
  );
}

describe('storageConformance', () => {
  it('finds nothing wrong with the wrapper that carries the defects', async () => {
    for (const test of testsOf(() => ({}))) expect(await failureOf(test), test.name).toBeUndefined();
  });

  it.each(BROKEN_STORAGES.map((broken) => [broken.defect, broken.caughtBy, broken] as const))(
    'finds %s (%s)',
    async (_defect, caughtBy, { sabotage }) => {
      const [test, ...others] = testsOf(sabotage).filter(({ name }) => name.includes(caughtBy));
      expect(others, `tests named by "${caughtBy}"`).toEqual([]);
      expect(test, `a test named by "${caughtBy}"`).toBeDefined();
      const failure = test && (await failureOf(test));
      expect(failure, 'the failure of the test').toBeDefined();
      // The defect has to show, rather than a mistake in its own code.
      expect(failure?.name, failure?.stack).toMatch(/^(ExpectationError|StorageError|Error)$/);
    },
  );

  it('finds instances that do not share, and namespaces that do', async () => {
    const clock = new VirtualClock();
    const onSkip = () => undefined;
    const apart = kitTests({ clock, onSkip, createBackend: (request) => new MemoryStorage(request) });
    const database = new MemoryDatabase();
    const together = kitTests({ clock, onSkip, createBackend: () => new MemoryStorage({ clock, database }) });
    const named = (tests: KitTest[], words: string) => tests.filter(({ name }) => name.includes(words));
    for (const test of [
      ...named(apart, 'two on one namespace'),
      ...named(apart, 'when it is opened again'),
      ...named(together, 'never see one another'),
    ]) {
      expect((await failureOf(test))?.name, test.name).toBe('ExpectationError');
    }
  });

  it('says what it skips, and why', async () => {
    const skipped: string[] = [];
    const tests = testsOf(
      (inner) => ({ watch: undefined, capabilities: { ...inner.capabilities, watch: false } }) as never,
      {
        onSkip: (test, reason) => skipped.push(`${test}: ${reason}`),
      },
    );
    for (const test of tests) expect(await failureOf(test), test.name).toBeUndefined();
    expect(skipped.length).toBe(4);
    expect(skipped.filter((line) => line.endsWith('the backend cannot watch')).length).toBe(3);
    expect(skipped.filter((line) => line.endsWith('the factory has no storeNewerLayout')).length).toBe(1);
  });

  it('names the seed and the step where a random test fails', async () => {
    const broken: BrokenStorage['sabotage'] = (inner) => ({
      get: async (refs) => (await inner.get(refs)).map((document) => document && { ...document, version: 'wrong' }),
    });
    const [test] = testsOf(broken, { seed: 4711 }).filter(({ name }) => name.includes('random operations'));
    expect((await (test && failureOf(test)))?.message).toMatch(/^seed 4711, step \d+: .*version/);
  });

  it('cleans up every namespace that it used', async () => {
    const clock = new VirtualClock();
    const database = new MemoryDatabase();
    const used = new Set<string>();
    const cleaned = new Set<string>();
    const tests = kitTests({
      clock,
      onSkip: () => undefined,
      createBackend: (request) => {
        used.add(request.namespace);
        return new MemoryStorage({ ...request, database });
      },
      cleanUp: (namespace) => cleaned.add(namespace),
    });
    for (const test of tests) await test.run();
    expect(cleaned).toEqual(used);
    expect([...used].filter((namespace) => !/^[a-z][a-z0-9_]{0,39}$/.test(namespace))).toEqual([]);
  });
});
