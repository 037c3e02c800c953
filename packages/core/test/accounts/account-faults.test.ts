import { describe, expect, it } from 'vitest';
import { type AccountManager, ChanceryError, EventLog } from '../../src/index.ts';
import { type FaultInjector, faultInjector } from '../../src/testing/fault-injector.ts';
import type { FaultKind } from '../../src/testing/fault-plan.ts';
import { storageSize } from '../support/test-storage.ts';
import { createTestAccounts, OTHER_PASSWORD, PASSWORD, type TestAccounts } from './support/test-accounts.ts';

const KINDS: readonly FaultKind[] = ['refuse', 'loseRequest', 'loseAnswer', 'landLate'];
/** Every call on memory; elsewhere, where each needs a storage of its own, every fourth. */
const STRIDE = storageSize(1, 4);

interface Scene extends TestAccounts {
  readonly id: string;
  readonly faults: FaultInjector;
  /** An instance that the faults meet; `accounts` is one that they do not. */
  readonly afflicted: AccountManager;
}

async function scene(seed: number): Promise<Scene> {
  const made = createTestAccounts();
  const { id } = await made.add('ann');
  const faults = faultInjector(made.storage, { seed });
  const events = new EventLog({ storage: faults, clock: made.clock });
  return { ...made, id, faults, afflicted: made.another({ storage: faults, events }) };
}

/** What was asked for, and what must hold after, whether it was acknowledged (true), refused (false) or left open (undefined). */
const OPERATIONS: Readonly<
  Record<
    string,
    {
      readonly act: (scene: Scene) => Promise<unknown>;
      readonly check: (scene: Scene, acknowledged: boolean | undefined) => Promise<void>;
    }
  >
> = {
  create: {
    act: ({ afflicted }) => afflicted.create({ login: 'bob', password: PASSWORD }),
    async check({ accounts, id }, acknowledged) {
      const bob = await accounts.findByLogin('bob');
      if (acknowledged !== undefined) expect(bob !== undefined).toBe(acknowledged);
      // There is the whole account or nothing of it.
      if (bob !== undefined) await accounts.login({ login: 'bob', password: PASSWORD });
      else await accounts.create({ login: 'bob', password: PASSWORD });
      expect((await accounts.get(id)).login).toBe('ann');
    },
  },
  'set a password': {
    act: ({ afflicted, id }) => afflicted.setPassword({ accountId: id, password: OTHER_PASSWORD }),
    async check({ accounts }, acknowledged) {
      const opens = async (password: string) =>
        (await accounts.login({ login: 'ann', password }).catch(() => undefined)) !== undefined;
      const [former, present] = [await opens(PASSWORD), await opens(OTHER_PASSWORD)];
      expect(former).toBe(!present);
      if (acknowledged !== undefined) expect(present).toBe(acknowledged);
    },
  },
  login: {
    act: ({ afflicted }) => afflicted.login({ login: 'ann', password: PASSWORD }),
    async check({ accounts, id }, acknowledged) {
      const open = (await accounts.sessions(id)).items.length;
      if (acknowledged !== undefined) expect(open).toBe(acknowledged ? 1 : 0);
      expect(await accounts.login({ login: 'ann', password: PASSWORD })).toHaveProperty('accessToken');
    },
  },
  delete: {
    act: ({ afflicted, id }) => afflicted.delete(id),
    async check({ accounts, id, storage }, acknowledged) {
      const ann = await accounts.findByLogin('ann');
      if (acknowledged !== undefined) expect(ann === undefined).toBe(acknowledged);
      const [credential] = await storage.get([{ collection: 'account_credentials', id }]);
      expect(credential === undefined).toBe(ann === undefined);
      if (ann === undefined) await accounts.create({ login: 'ann' });
    },
  },
};

/** Each revision of each account has its event, and none has two. */
async function expectEvents({ accounts, events, storage }: Scene): Promise<void> {
  const { items } = await events.pending({ limit: 1000 });
  const told = items
    .filter(({ source }) => source === '/accounts')
    .map(({ subject, subjectRevision }) => `${subject}/${subjectRevision}`);
  expect(new Set(told).size).toBe(told.length);
  for (const { id } of (await accounts.list({ limit: 1000 })).items) {
    const [document] = await storage.get([{ collection: 'accounts', id }]);
    const revisions = told.filter((each) => each.startsWith(id)).length;
    expect(revisions).toBe(document?.data.revision);
  }
}

describe.each(storageSize(KINDS, ['loseAnswer']))('a storage whose calls meet %s, one after the other', (kind) => {
  it.each(Object.entries(OPERATIONS))(
    'leaves nothing half done: %s',
    { timeout: 120_000 },
    async (_, { act, check }) => {
      // Call by call from the first, the opening of the collections, until none is left to be hit.
      for (let skip = 0; ; skip += STRIDE) {
        const made = await scene(skip);
        made.faults.plan({ kind, skip, times: 2 });
        let acknowledged: boolean | undefined = true;
        try {
          await act(made);
        } catch (error) {
          if (!(error instanceof ChanceryError)) throw error;
          acknowledged = (error as { outcome?: string }).outcome === 'unknown' ? undefined : false;
        }
        const hits = made.faults.log.length;
        made.faults.heal();
        await made.faults.settle();
        await check(made, acknowledged);
        await expectEvents(made);
        if (hits === 0) return;
      }
    },
  );
});
