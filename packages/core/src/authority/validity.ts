import { InvalidInputError, type PolicyViolation } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import type { CertificateValidity } from '../ports/issuer.ts';
import type { Certificate } from '../x509/certificate/certificate.ts';
import type { CertificateProfile } from './profiles.ts';

/** Milliseconds in a day. */
export const DAY = 86_400_000;
export const HOUR = 3_600_000;
const BACKDATE = 300_000;

/** Five minutes ago, for relying parties whose clocks are behind, but not before the issuer's own notBefore. Whole seconds. */
export function notBeforeOf(now: number, issuer: Certificate | undefined): Date {
  const backdated = Math.floor((now - BACKDATE) / 1000) * 1000;
  return new Date(Math.max(backdated, issuer?.notBefore.getTime() ?? backdated));
}

/**
 * When a certificate ends: as asked for, counted from now, or the profile's default, clamped to the issuer's end. What was asked for is never
 * shortened silently: what does not fit is a violation.
 */
export function resolveNotAfter(
  asked: CertificateValidity | undefined,
  profile: CertificateProfile,
  issuer: Certificate,
  now: number,
): { notAfter: Date; violations: PolicyViolation[] } {
  const issuerEnd = issuer.notAfter.getTime();
  if (asked === undefined) {
    const end = wholeSeconds(now + profile.defaultValidityDays * DAY);
    return { notAfter: new Date(Math.min(end, issuerEnd)), violations: [] };
  }
  const notAfter = wholeSeconds(askedEnd(asked, now));
  if (!(Math.abs(notAfter) <= 8.64e15)) {
    const violation = {
      rule: 'validity.date',
      value: String(notAfter),
      message: 'the validity asked for ends at no date',
    };
    return { notAfter: new Date(issuerEnd), violations: [violation] };
  }
  const value = new Date(notAfter).toISOString();
  const violations: PolicyViolation[] = [];
  if (notAfter <= now)
    violations.push({ rule: 'validity.past', value, message: `notAfter ${value} is not in the future` });
  if (notAfter > wholeSeconds(now + profile.maximumValidityDays * DAY)) {
    const message = `notAfter ${value} lies beyond the ${profile.maximumValidityDays} days that the profile allows`;
    violations.push({ rule: 'validity.beyond-profile', value, message });
  }
  if (notAfter > issuerEnd) {
    const message = `notAfter ${value} lies beyond the issuer's ${issuer.notAfter.toISOString()}`;
    violations.push({ rule: 'validity.beyond-issuer', value, message });
  }
  return { notAfter: new Date(notAfter), violations };
}

function askedEnd(asked: CertificateValidity, now: number): number {
  if ('notAfter' in asked) return asked.notAfter.getTime();
  return now + ('days' in asked ? asked.days * DAY : asked.hours * HOUR);
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

/** @throws {InvalidInputError} INVALID_ARGUMENT: not a whole number of days from 1 to `maximum` */
export function requireDays(option: string, days: number, maximum: number): void {
  if (Number.isInteger(days) && days >= 1 && days <= maximum) return;
  throw new InvalidInputError(
    'INVALID_ARGUMENT',
    `${option} must be a whole number from 1 to ${maximum}, not ${quote(days)}`,
    { facts: { option } },
  );
}
