import { type AccountManager, ChanceryError } from '@chancery/core';
import { type Goal, significant, type Verdict } from './harness/goal.ts';
import { seededRandom, shuffled } from './harness/random.ts';
import { rankSum } from './harness/rank-sum.ts';
import { median, quantile } from './harness/statistics.ts';
import { createAccounts, PASSWORD, WRONG_PASSWORD } from './workload/accounts.ts';

const ACCOUNTS = 40;
const ALPHA = 0.01;
const WRONG = 'a wrong password';

/** Logins that fail, by why. All of them must look alike. */
const CLASSES: Readonly<Record<string, (number: number) => { readonly login: string; readonly password: string }>> = {
  [WRONG]: (number) => ({ login: `known-${number % ACCOUNTS}`, password: WRONG_PASSWORD }),
  'an unknown login': (number) => ({ login: `unknown-${number % ACCOUNTS}`, password: WRONG_PASSWORD }),
  'a disabled account': (number) => ({ login: `disabled-${number % ACCOUNTS}`, password: PASSWORD }),
  'an account without a password': (number) => ({ login: `bare-${number % ACCOUNTS}`, password: PASSWORD }),
};

/** Whether the time of a failed login tells why it failed: each class against wrong passwords, in random order, with real hashes. */
export const indistinguishableGoal: Goal = async (context) => {
  const samplesEach = context.quick ? 60 : 1_000;
  const accounts = createAccounts();
  await prepare(accounts);
  const random = seededRandom(context.seed);
  const order = shuffled(
    Object.keys(CLASSES).flatMap((name) => Array.from({ length: samplesEach }, (_, number) => ({ name, number }))),
    random,
  );
  for (const each of order.slice(0, 20)) await timeOf(accounts, each);
  const times = new Map(Object.keys(CLASSES).map((name) => [name, [] as number[]]));
  for (const each of order) times.get(each.name)?.push(await timeOf(accounts, each));

  const base = times.get(WRONG) ?? [];
  const verdicts = [...times].filter(([name]) => name !== WRONG).map(([name, sample]) => verdictOf(name, sample, base));
  return {
    title: `Accounts: failed logins, ${samplesEach} a class with argon2id of 19 MiB, in random order`,
    tables: [],
    verdicts,
    notes: [...times].map(([name, sample]) => {
      const [low, middle, high] = [quantile(sample, 0.1), median(sample), quantile(sample, 0.9)];
      return `${name}: median ${middle.toFixed(3)} ms, middle four fifths ${low.toFixed(3)} to ${high.toFixed(3)} ms`;
    }),
  };
};

async function prepare(accounts: AccountManager): Promise<void> {
  for (let number = 0; number < ACCOUNTS; number++) {
    await accounts.create({ login: `known-${number}`, password: PASSWORD });
    const { id } = await accounts.create({ login: `disabled-${number}`, password: PASSWORD });
    await accounts.disable(id);
    await accounts.create({ login: `bare-${number}` });
  }
}

/** Milliseconds until the refusal. */
async function timeOf(
  accounts: AccountManager,
  { name, number }: { readonly name: string; readonly number: number },
): Promise<number> {
  const login = CLASSES[name]?.(number);
  if (login === undefined) throw new Error(`there is no class ${name}`);
  const start = process.hrtime.bigint();
  try {
    await accounts.login({ ...login, ip: '192.0.2.1' });
  } catch (error) {
    const spent = Number(process.hrtime.bigint() - start) / 1e6;
    if (error instanceof ChanceryError && error.code === 'CREDENTIALS_INVALID') return spent;
    throw error;
  }
  throw new Error(`${name} was let in`);
}

function verdictOf(name: string, sample: readonly number[], base: readonly number[]): Verdict {
  const { p, delta } = rankSum(sample, base);
  return {
    bound: `${name} takes as long as ${WRONG}: p ≥ ${ALPHA} (Mann-Whitney)`,
    outcome: p >= ALPHA ? 'pass' : 'fail',
    figure: `p = ${significant(p)}`,
    note: `Cliff's delta ${delta.toFixed(3)}`,
  };
}
