import type { RenewalContext } from '../context.ts';

/**
 * Takes one renewal from an issuer's budget, which all instances share.
 *
 * @returns when there is room again, epoch milliseconds; undefined where there is
 */
export async function takeFromBudget(
  { budgets, store, clock }: RenewalContext,
  issuer: string,
): Promise<number | undefined> {
  const budget = Object.hasOwn(budgets, issuer) ? budgets[issuer] : undefined;
  if (budget === undefined) return undefined;
  const { limit, periodMs } = budget;
  const { allowed, retryAfterMs } = await store.storage.throttle([{ key: `renewal:${issuer}`, limit, periodMs }]);
  return allowed ? undefined : clock.now() + Math.max(1, Math.ceil(retryAfterMs));
}
