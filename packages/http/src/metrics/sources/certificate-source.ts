import type { Certificate, CertificateManager, ManagedCertificateStatus } from '@chancery/core';
import type { Source } from './source.ts';

const DAY = 86_400_000;
/** Where the tiers of days left begin; the last one has no end. */
const TIERS = [0, 1, 7, 14, 30, 60, 90] as const;
const WARN_DAYS = [30, 7] as const;
/** The lifetime that the warnings are meant for: a shorter one counts in proportion. */
const FULL_LIFETIME = 90 * DAY;
const PAGE = 200;

/**
 * Counts certificates by state and by days left, and looks at those that end soon.
 *
 * A storage counts by its indexes without reading, and no further than it is told; of the certificates themselves those that end soonest are
 * read, and no more than so many: the cost of a look does not grow with the number of certificates.
 */
export const certificateSource: Source<CertificateManager> = (certificates, { gauge, settings, clock }) => {
  const byState = gauge({
    name: 'certificates',
    help: 'Managed certificates by state.',
    labels: ['state'],
  });
  const byDays = gauge({
    name: 'certificates_valid',
    help: 'Valid certificates by the days that are left to them.',
    labels: ['days_left'],
  });
  const unattended = gauge({
    name: 'certificates_unattended',
    help: 'Valid certificates that end within so many days, which nothing renews or whose renewal is overdue. Lives of less than 90 days count in proportion.',
    labels: ['days'],
  });
  const overdue = gauge({
    name: 'certificates_overdue',
    help: 'Certificates that end within 30 days whose renewal has been due for a day, or for a quarter of the time that was left then.',
  });
  const capped = gauge({
    name: 'certificates_unattended_capped',
    help: '1 where more certificates end within 30 days than are looked at: the soonest are.',
  });
  const jobs = gauge({
    name: 'renewal_jobs_due',
    help: 'Renewals, resumptions and warnings that wait for a scheduler.',
  });
  const unsettled = gauge({
    name: 'revocations_oldest_unsettled_timestamp_seconds',
    help: 'When the oldest revocation began that its issuer has not confirmed, deleted certificates included; no series where all are settled.',
  });

  return async (signal) => {
    const upTo = settings.countUpTo;
    const now = clock.now();
    const countIn = (status: Exclude<ManagedCertificateStatus, 'valid'>) =>
      certificates.count({ status, upTo, signal });
    const [pending, expired, revoked, failed] = await Promise.all([
      countIn('pending'),
      countIn('expired'),
      countIn('revoked'),
      countIn('failed'),
    ]);
    const [due, valid, soon, revocations] = await Promise.all([
      certificates.countDueJobs({ upTo, signal }),
      countByDays(certificates, { now, upTo, signal }),
      endingSoon(certificates, { now, limit: settings.lookThrough, signal }),
      certificates.unsettledRevocations({ limit: 1, signal }),
    ]);
    return () => {
      const all = valid.reduce((sum, { count }) => sum + count, 0);
      for (const [state, count] of Object.entries({ pending, valid: all, expired, revoked, failed }))
        byState.set({ state }, count);
      for (const { tier, count } of valid) byDays.set({ days_left: tier }, count);
      for (const days of WARN_DAYS) {
        const count = soon.items.filter((each) => isUnattended(each, now) && isWithin(each, days, now)).length;
        unattended.set({ days: String(days) }, count);
      }
      overdue.set({}, soon.items.filter((each) => isOverdue(each, now)).length);
      capped.set({}, soon.isCapped ? 1 : 0);
      jobs.set({}, due);
      unsettled.reset();
      for (const { revokedAt } of revocations.items) unsettled.set({}, revokedAt.getTime() / 1_000);
    };
  };
};

interface Look {
  readonly now: number;
  readonly signal: AbortSignal;
}

function countByDays(certificates: CertificateManager, { now, upTo, signal }: Look & { readonly upTo: number }) {
  return Promise.all(
    TIERS.map(async (from, at) => {
      const to = TIERS[at + 1];
      const count = await certificates.count({
        status: 'valid',
        expiresFrom: new Date(now + from * DAY),
        ...(to !== undefined && { expiresBefore: new Date(now + to * DAY) }),
        upTo,
        signal,
      });
      return { tier: to === undefined ? `${from}+` : `${from}-${to}`, count };
    }),
  );
}

/** The certificates that end within 30 days, soonest first, no more than `limit` of them. */
async function endingSoon(
  certificates: CertificateManager,
  { now, limit, signal }: Look & { readonly limit: number },
): Promise<{ readonly items: readonly Certificate[]; readonly isCapped: boolean }> {
  const expiresBefore = new Date(now + Math.max(...WARN_DAYS) * DAY);
  const items: Certificate[] = [];
  let cursor: string | undefined;
  do {
    const page = await certificates.list({
      status: 'valid',
      expiresBefore,
      limit: Math.min(PAGE, limit - items.length),
      ...(cursor !== undefined && { cursor }),
      signal,
    });
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined && items.length < limit);
  return { items, isCapped: cursor !== undefined };
}

function isWithin({ notBefore, notAfter }: Certificate, days: number, now: number): boolean {
  if (notBefore === undefined || notAfter === undefined) return false;
  const lifetime = notAfter.getTime() - notBefore.getTime();
  return notAfter.getTime() - now <= days * DAY * Math.min(1, lifetime / FULL_LIFETIME);
}

function isUnattended(certificate: Certificate, now: number): boolean {
  return certificate.renewAt === undefined || isOverdue(certificate, now);
}

/** What fails once and succeeds within the hour is nobody's business. */
function isOverdue({ renewAt, notAfter }: Certificate, now: number): boolean {
  if (renewAt === undefined || notAfter === undefined) return false;
  const left = notAfter.getTime() - renewAt.getTime();
  return now >= renewAt.getTime() + Math.min(DAY, left / 4);
}
