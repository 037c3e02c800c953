import type { CryptoProvider } from '../../ports/crypto.ts';
import type { CertificateRequest, Issuer } from '../../ports/issuer.ts';
import type { SeededRandom } from '../random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { Outages } from './outages.ts';
import { type ScriptedAnswer, type ScriptedCertificate, ScriptedIssuer } from './scripted-issuer.ts';
import type { VirtualTimers } from './virtual-timers.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** The issuers' names. */
export const ISSUER_NAMES = ['private', 'public'] as const;

/** What the certificates of a simulation live, in days, each with its share. */
const LIFETIMES = [
  [0.15, 90],
  [0.3, 180],
  [0.52, 365],
  [0.028, 47],
  [0.002, 6],
] as const;

/** Draws the lifetime of a name's certificates, milliseconds. */
export function drawLifetime(random: SeededRandom): number {
  let drawn = random.next();
  for (const [share, days] of LIFETIMES) {
    drawn -= share;
    if (drawn < 0) return days * DAY;
  }
  return 90 * DAY;
}

/** What simulated issuers are made of. */
export interface SimulatedIssuersOptions {
  readonly random: SeededRandom;
  readonly clock: VirtualClock;
  readonly timers: VirtualTimers;
  readonly crypto: CryptoProvider;
  readonly durationMs: number;
  readonly lifetimeMs: (request: CertificateRequest) => number;
  readonly onIssued: (certificate: ScriptedCertificate) => void;
}

/** An issuer, and when it is down. */
export interface SimulatedIssuer {
  readonly issuer: Issuer;
  readonly outages: Outages;
}

/** Makes issuers that are down now and then, and fail, ask for a rest, take their time or answer late otherwise. */
export function simulatedIssuers(options: SimulatedIssuersOptions): ReadonlyMap<string, SimulatedIssuer> {
  return new Map(ISSUER_NAMES.map((name) => [name, simulatedIssuer(options)]));
}

function simulatedIssuer(options: SimulatedIssuersOptions): SimulatedIssuer {
  const { random, clock, timers, crypto, lifetimeMs, onIssued, durationMs } = options;
  const outages = new Outages(random, { from: clock.now(), to: clock.now() + durationMs });
  const answer = (): ScriptedAnswer => {
    if (outages.isDown(clock.now()) || random.chance(0.05)) return 'fail';
    if (random.chance(0.02)) return { retryAfterMs: random.integer(1, 180) * MINUTE };
    return random.chance(0.02) ? { pendingMs: random.integer(5, 600) * SECOND } : 'issue';
  };
  const scripted = new ScriptedIssuer({ clock, crypto, lifetimeMs, onIssued, answer });
  const late = async (): Promise<void> => {
    if (outages.isDown(clock.now()) ? random.chance(0.5) : random.chance(0.02))
      await timers.sleep(random.integer(1, 400) * SECOND);
  };
  const issuer: Issuer = {
    async requestCertificate(request) {
      // Late before, as where a request waits; and after, as where an answer does.
      await late();
      const result = await scripted.requestCertificate(request);
      await late();
      return result;
    },
  };
  return { issuer, outages };
}
