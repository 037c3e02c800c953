import type { ExpiryWarning, RenewalJob } from '../ports/renewal-source.ts';

const DAY = 86_400_000;
/** The lifetime that the tiers are meant for. */
const FULL_LIFETIME = 90 * DAY;

type Judged = Pick<RenewalJob, 'notBefore' | 'notAfter' | 'warned'>;

/**
 * When a tier is reached: so many days before the end, and in proportion in a life of less than 90 days, where 30 days may be all of it.
 *
 * @returns epoch milliseconds; undefined where the tier is as long as the life itself
 */
function reachedAt({ notBefore, notAfter }: Judged, tier: number): number | undefined {
  const lifetime = notAfter - notBefore;
  const ahead = tier * DAY * Math.min(1, lifetime / FULL_LIFETIME);
  return ahead < lifetime ? Math.round(notAfter - ahead) : undefined;
}

/**
 * The warning that is due for a certificate which nothing renews. Of several tiers that are reached, as after a time without a scheduler,
 * only the nearest to the end is told.
 *
 * @param tiers days before the end
 * @param now epoch milliseconds
 */
export function dueWarning(job: Judged, tiers: readonly number[], now: number): ExpiryWarning | undefined {
  const reached = tiers.filter((tier) => (reachedAt(job, tier) ?? Number.POSITIVE_INFINITY) <= now);
  const tier = Math.min(...reached);
  if (reached.length === 0 || job.warned.some((told) => told <= tier)) return undefined;
  return { tier, notAfter: job.notAfter };
}

/** When the next tier is reached, epoch milliseconds. */
export function nextWarningAt(job: Judged, tiers: readonly number[], now: number): number | undefined {
  const ahead = tiers.map((tier) => reachedAt(job, tier) ?? 0).filter((instant) => instant > now);
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

/**
 * Whether a renewal that keeps failing has become a matter for people: it has been due for a day, or for a quarter of the time that was left
 * when it came due. What fails once and succeeds within the hour warns nobody.
 *
 * @param renewAt when the renewal came due, epoch milliseconds
 */
export function isOverdue({ notAfter }: Judged, renewAt: number, now: number): boolean {
  return now >= renewAt + Math.min(DAY, (notAfter - renewAt) / 4);
}
