import type { MaintenanceTask } from '../../ports/maintenance.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { removeChallenge } from './challenges.ts';
import { acmeChallenges } from './collections.ts';
import type { IssuerContext } from './issuer-context.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Between two attempts to take away what could not be. */
const LEASE_MS = HOUR;
const CLAIMED_AT_ONCE = 100;

/** Takes away what orders that nobody has finished left with their solvers, such as TXT records. */
export function challengeTask(context: IssuerContext, name: string): MaintenanceTask {
  const { store, clock, account } = context;
  const queues = context.solvers.filter(({ remove }) => remove !== undefined).map(({ type }) => type);
  return {
    name: `acme:${name}:challenges`,
    async run({ limit, signal }) {
      let left = limit;
      for (const type of queues) {
        throwIfAborted(signal);
        if (left === 0) return { more: true, nextDueAt: clock.now() };
        const queue = `${await account.id()}/${type}`;
        const due = await store.claim(acmeChallenges, {
          queue,
          limit: Math.min(left, CLAIMED_AT_ONCE),
          leaseMs: LEASE_MS,
        });
        left -= due.length;
        for (const entry of due) await removeChallenge(context, entry);
      }
      return { more: left === 0, nextDueAt: clock.now() + (left === 0 ? 0 : HOUR) };
    },
  };
}

/** Seals the account's key anew where a former key of the keyring sealed it, so that it can be taken out of use. */
export function resealTask({ account, clock }: IssuerContext, name: string): MaintenanceTask {
  return {
    name: `acme:${name}:reseal`,
    async run() {
      await account.reseal();
      return { more: false, nextDueAt: clock.now() + DAY };
    },
  };
}
