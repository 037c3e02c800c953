import type { Clock } from '../../ports/clock.ts';
import type { RenewalInfo } from '../../ports/issuer.ts';
import type { SeededRandom } from '../random.ts';
import type { ScriptedCertificate } from './scripted-issuer.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** How long after the end of a window a renewal may still come, through failures, outages of an instance and a storage that loses answers. */
const SLACK = 3 * DAY;

/** A window, and from when on it holds. Epoch milliseconds. */
interface Suggested {
  readonly from: number;
  readonly start: number;
  readonly end: number;
}

/** What an issuer suggests for one certificate over time, the last of it in front. */
interface Suggestions {
  readonly plan: readonly Suggested[];
  /** The earliest instant of those that were told. */
  told?: number;
}

/**
 * The windows in which a simulated issuer suggests renewal (RFC 9773). About half of them move in the middle of a certificate's life: to a later
 * time, or into the past, as where an issuer has to revoke.
 */
export class MovingWindows {
  readonly #random: SeededRandom;
  readonly #clock: Clock;
  readonly #suggestions = new Map<string, Suggestions>();

  constructor(random: SeededRandom, clock: Clock) {
    this.#random = random;
    this.#clock = clock;
  }

  /** Plans the windows of a certificate that was issued. */
  add({ serialNumber, notBefore, notAfter }: ScriptedCertificate): void {
    const random = this.#random;
    const at = (part: number): number => Math.floor(notBefore + (notAfter - notBefore) * part);
    const plan = [{ from: notBefore, start: at(0.5), end: at(0.55) }];
    if (random.chance(0.5)) {
      const from = at(0.1 + 0.3 * random.next());
      plan.unshift(
        random.chance(0.5) ? { from, start: from - 2 * DAY, end: from - DAY } : { from, start: at(0.68), end: at(0.7) },
      );
    }
    this.#suggestions.set(serialNumber, { plan });
  }

  /** What an issuer answers for a certificate. It may ask for a rest that is far too long. */
  tell(serialNumber: string): RenewalInfo | undefined {
    const suggestions = this.#suggestions.get(serialNumber);
    const now = this.#clock.now();
    const window = suggestions?.plan.find(({ from }) => from <= now);
    if (suggestions === undefined || window === undefined) return undefined;
    suggestions.told = Math.min(window.start, suggestions.told ?? window.start);
    const retryMs = this.#random.chance(0.1) ? 1_000 * DAY : this.#random.integer(20, 30) * HOUR;
    return {
      windowStart: new Date(window.start),
      windowEnd: new Date(window.end),
      retryAt: new Date(now + retryMs),
    };
  }

  /** The earliest instant that was suggested for a certificate, epoch milliseconds; undefined where nothing was told. */
  earliest(serialNumber: string): number | undefined {
    return this.#suggestions.get(serialNumber)?.told;
  }

  /** The time in which a certificate has to be renewed as its issuer suggests, if that can be reached then; undefined where nothing was told. */
  due(serialNumber: string): { readonly from: number; readonly to: number } | undefined {
    const { plan: [last] = [], told } = this.#suggestions.get(serialNumber) ?? {};
    if (last === undefined || told === undefined) return undefined;
    // That a window has moved is known within a day.
    return { from: last.from, to: Math.max(last.end, last.from + DAY) + SLACK };
  }
}
