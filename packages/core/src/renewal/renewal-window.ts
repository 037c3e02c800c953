import { unitHash } from '../certificates/renewal-due.ts';
import type { RenewalJob, RenewalWindow } from '../ports/renewal-source.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * When a certificate is to be renewed within the window that its issuer suggests (RFC 9773 section 4.2): at an instant that is drawn once for
 * each window, so that asking again does not draw again.
 *
 * Two windows are not followed to the letter. One that is open already for a certificate that was just issued would have it replaced again
 * and again: a day passes first, or a tenth of a shorter life. And one that ends near the certificate's end leaves no time for failures: half
 * of the time from the age at which it would be renewed is kept.
 *
 * @param dueByAge when it is renewed without a window, epoch milliseconds
 * @returns epoch milliseconds
 */
export function dueInWindow(job: RenewalJob, { start, end }: RenewalWindow, dueByAge: number): number {
  const { certificateId, generation, notBefore, notAfter } = job;
  const drawn = start + Math.floor((end - start) * unitHash(`${certificateId} ${generation} ${start} ${end}`));
  const earliest = notBefore + Math.min(DAY, (notAfter - notBefore) / 10);
  const latest = dueByAge + (notAfter - dueByAge) / 2;
  return Math.floor(Math.min(Math.max(drawn, earliest), latest));
}

/** When an issuer is asked for its window again: as it says, but not within a minute, and at least once a day. */
export function nextWindowPoll({ retryAt }: RenewalWindow, now: number): number {
  return Math.min(Math.max(retryAt, now + MINUTE), now + DAY);
}

/** When an issuer that did not answer is asked again, epoch milliseconds. */
export function windowRetryAt(now: number): number {
  return now + 6 * HOUR;
}
