import type { AccountManager } from '@chancery/core';
import { hash } from '@node-rs/argon2';
import { inProcess } from './harness/contestant.ts';
import { atLeast, type Goal, type GoalContext, type Table, timeAtMost, type Verdict } from './harness/goal.ts';
import { race } from './harness/race.ts';
import { CHEAP_HASHING, createAccounts, fillAccounts, PASSWORD } from './workload/accounts.ts';

const BARE = 'bare argon2id (@node-rs/argon2)';
const LOGIN = 'accounts.login';
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const PAGE = 100;

interface Part {
  readonly tables: readonly Table[];
  readonly verdicts: readonly Verdict[];
}

/** Accounts: what a login costs beside its hash, and whether finding accounts depends on how many there are. */
export const accountsGoal: Goal = async (context) => {
  const login = await loginCost(context);
  const scale = await costBySize(context);
  return {
    title: 'Accounts on memory storage',
    tables: [...login.tables, ...scale.tables],
    verdicts: [...login.verdicts, ...scale.verdicts],
    notes: [
      'A login here is everything: throttle, account, hash, session and its tokens in one commit, tokens signed.',
      'The sizes race with hashes of a thousandth of the cost, so that what depends on the size shows.',
    ],
  };
};

async function loginCost(context: GoalContext): Promise<Part> {
  await warmUp();
  const accounts = createAccounts();
  await accounts.create({ login: 'bench', password: PASSWORD });
  const { accountId } = await accounts.login({ login: 'bench', password: PASSWORD, ip: '192.0.2.1' });
  if (accountId === '') throw new Error('nobody was logged in');
  const result = await race(
    [
      inProcess(BARE, async (count) => {
        for (let i = 0; i < count; i++) await hash(PASSWORD, ARGON2ID);
      }),
      inProcess(LOGIN, async (count) => {
        for (let i = 0; i < count; i++) await accounts.login({ login: 'bench', password: PASSWORD, ip: '192.0.2.1' });
      }),
    ],
    context,
  );
  return {
    tables: [{ title: 'logins, one caller', unit: 'duration', base: BARE, lanes: result.lanes }],
    verdicts: [timeAtMost(1.05, BARE, result.ratio(BARE, LOGIN))],
  };
}

/** A slice holds six logins: without this it would be compiled while it is timed. */
async function warmUp(): Promise<void> {
  const accounts = createAccounts({ passwordHashing: CHEAP_HASHING });
  await accounts.create({ login: 'bench', password: PASSWORD });
  for (let i = 0; i < 2_000; i++) await accounts.login({ login: 'bench', password: PASSWORD, ip: '192.0.2.1' });
}

async function costBySize(context: GoalContext): Promise<Part> {
  const sizes = [1_000, context.quick ? 10_000 : 100_000] as const;
  const filled = await Promise.all(
    sizes.map(async (size) => {
      const accounts = createAccounts({ passwordHashing: CHEAP_HASHING });
      await fillAccounts(accounts, size);
      return { size, accounts };
    }),
  );
  const parts: Part[] = [];
  for (const [operation, run] of Object.entries(OPERATIONS)) {
    const nameOf = (size: number) => `${operation}, ${size.toLocaleString('en-US')} accounts`;
    const entrants = filled.map(({ size, accounts }) =>
      inProcess(nameOf(size), async (count) => {
        for (let i = 0; i < count; i++) await run(accounts, (i * 7_919) % size);
      }),
    );
    const result = await race(entrants, context);
    const [few, many] = sizes;
    parts.push({
      tables: [{ title: operation, unit: 'rate', base: nameOf(few), lanes: result.lanes }],
      verdicts: [atLeast(0.8, nameOf(few), result.ratio(nameOf(many), nameOf(few)))],
    });
  }
  return { tables: parts.flatMap(({ tables }) => tables), verdicts: parts.flatMap(({ verdicts }) => verdicts) };
}

const OPERATIONS: Readonly<Record<string, (accounts: AccountManager, at: number) => Promise<void>>> = {
  'the 100 youngest': async (accounts) => {
    const { items } = await accounts.list({ orderBy: 'dateOfBirth', limit: PAGE });
    if (items.length !== PAGE) throw new Error(`a page of ${items.length}`);
  },
  'the 100 newest': async (accounts) => {
    const { items } = await accounts.list({ limit: PAGE });
    if (items.length !== PAGE) throw new Error(`a page of ${items.length}`);
  },
  findByLogin: async (accounts, at) => {
    if ((await accounts.findByLogin(`USER-${at}`)) === undefined) throw new Error(`user-${at} was not found`);
  },
  'login but for its hash': async (accounts, at) => {
    await accounts.login({ login: `user-${at - (at % 1_000)}`, password: PASSWORD });
  },
};
