import type { AccountManager, LoginMethod, LoginOutcome } from '@chancery/core';
import type { Instruments } from './instruments.ts';

/** What a login that fails counts as, by the code of its error. Other codes are `failed`. */
const OUTCOMES: Readonly<Record<string, string>> = {
  CREDENTIALS_INVALID: 'credentials_invalid',
  SECOND_FACTOR_REQUIRED: 'second_factor_required',
  SECOND_FACTOR_INVALID: 'second_factor_invalid',
  PASSKEY_INVALID: 'passkey_invalid',
  RATE_LIMITED: 'rate_limited',
  OVERLOADED: 'overloaded',
};
const METHODS: readonly LoginMethod[] = ['password', 'passkey'];

/** Counts what logins come to, where they are made: over HTTP, and by the host itself. */
export function loginMetrics(instruments: Instruments): { watch(accounts: AccountManager): () => void } {
  const logins = instruments.counter({
    name: 'logins_total',
    help: 'Logins that this instance was asked for, by method and outcome.',
    labels: ['method', 'outcome'],
  });
  // A series that begins with its first failure shows no increase by it.
  for (const method of METHODS) {
    for (const outcome of ['succeeded', 'failed', ...Object.values(OUTCOMES)]) logins.inc({ method, outcome }, 0);
  }
  return {
    watch: (accounts) => accounts.onLogin((told) => logins.inc({ method: told.method, outcome: outcomeOf(told) })),
  };
}

function outcomeOf(told: LoginOutcome): string {
  if (told.succeeded) return 'succeeded';
  const { code } = told;
  return code !== undefined && Object.hasOwn(OUTCOMES, code) ? (OUTCOMES[code] as string) : 'failed';
}
