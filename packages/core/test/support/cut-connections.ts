import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { nodeCrypto } from '../../src/crypto/node-provider.ts';
import { StorageError } from '../../src/errors/storage-error.ts';
import type { StorageBackend } from '../../src/ports/storage.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { defineCollection } from '../../src/store/collection.ts';
import { Store } from '../../src/store/store.ts';
import { SeededRandom } from '../../src/testing/random.ts';
import { seed, soakSize } from './soak.ts';
import { type Cut, TcpProxy } from './tcp-proxy.ts';
import { overriding } from './test-storage.ts';

/** A server that connections can be cut from. */
export interface ReachedServer {
  readonly port: number;
  /** Opens the storage through a port: the server's own, or that of a proxy before it. */
  open(port: number): StorageBackend;
  stop(): Promise<void>;
}

const counters = defineCollection({
  name: 'counters',
  schema: z.strictObject({ total: z.number().int() }),
  recordVersion: 1,
});
const steps = defineCollection({
  name: 'steps',
  schema: z.strictObject({ step: z.number().int() }),
  recordVersion: 1,
  indexes: { byStep: { orderBy: 'step' } },
});

const CUTS: readonly Cut[] = ['before', 'during', 'after', 'late'];

/** Registers the tests that no commit is lost or done twice when its connection is cut. */
export function cutConnections(start: () => Promise<ReachedServer>): void {
  let server: ReachedServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());

  describe('commits whose connection is cut', () => {
    const rounds = soakSize(25, 2_000);
    const first = seed(7_431);

    it.each(CUTS)(`take effect once or not at all, ${rounds} of the kind "%s", seed ${first}`, async (cut) => {
      const random = new SeededRandom(first);
      const proxy = await TcpProxy.start(server.port);
      const direct = server.open(server.port);
      const cutOff = server.open(proxy.port);
      let unknown = 0;
      const storage = overriding(cutOff, {
        commit: async (writes) => {
          if (random.chance(0.5)) proxy.arm(cut);
          try {
            return await cutOff.commit(writes);
          } catch (error) {
            if (error instanceof StorageError && error.outcome === 'unknown') unknown++;
            throw error;
          } finally {
            proxy.disarm();
          }
        },
      });
      const store = storeOn(storage);
      const audit = storeOn(direct);
      const counter = `total-${cut}`;
      const acknowledged: string[] = [];
      const refused: string[] = [];
      try {
        // What is hit may also be the making of a new connection: it goes on until enough commits were.
        const few = () => unknown <= rounds / 2 || acknowledged.length <= rounds / 2;
        for (let round = 0; proxy.cuts < rounds || few(); round++) {
          const id = `${cut}-${round}`;
          try {
            await store.transact(async (tx) => {
              const total = (await tx.get(counters, counter))?.value.total ?? 0;
              tx.put(counters, counter, { total: total + 1 });
              tx.put(steps, id, { step: round });
            });
            acknowledged.push(id);
          } catch (error) {
            // Its outcome may stay unknown; what says that nothing was done must be right.
            if (!(error instanceof StorageError)) throw error;
            if (error.outcome === 'none') refused.push(id);
          }
        }
        await proxy.settle();
        const stored = await idsOf(audit, cut);
        expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
        expect(refused.filter((id) => stored.has(id))).toEqual([]);
        expect((await audit.get(counters, counter))?.value.total).toBe(stored.size);
        expect(acknowledged.length).toBeGreaterThan(rounds / 2);
        expect(unknown).toBeGreaterThan(rounds / 2);
      } finally {
        await Promise.all([cutOff.close(), direct.close()]);
        await proxy.stop();
      }
    });
  });
}

function storeOn(storage: StorageBackend): Store {
  return new Store({ storage, crypto: nodeCrypto(), clock: systemClock, collections: [counters, steps] });
}

async function idsOf(store: Store, cut: Cut): Promise<Set<string>> {
  const ids = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await store.query(steps, {
      index: 'byStep',
      limit: 1000,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { id } of page.entries) if (id.startsWith(`${cut}-`)) ids.add(id);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return ids;
}
