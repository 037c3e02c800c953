import type { CryptoProvider } from '../../ports/crypto.ts';
import type { CertificateRequest, Issuer } from '../../ports/issuer.ts';
import { parseCertificate } from '../../x509/certificate/certificate.ts';
import type { SeededRandom } from '../random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { MovingWindows } from './moving-windows.ts';
import { Outages } from './outages.ts';
import { type ScriptedAnswer, type ScriptedCertificate, ScriptedIssuer } from './scripted-issuer.ts';
import type { VirtualTimers } from './virtual-timers.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** The names of the issuers that give no windows. */
export const ISSUER_NAMES = ['private', 'public'] as const;
/** The name of the one that does (RFC 9773). */
export const ADVISING_ISSUER = 'advising';

/** What the certificates of a simulation live, in days, each with its share. */
const LIFETIMES = [
  [0.05, 90],
  [0.25, 180],
  [0.67, 365],
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
  readonly windows?: MovingWindows;
}

/** Makes issuers that are down now and then, and fail, ask for a rest, take their time or answer late otherwise. */
export function simulatedIssuers(options: SimulatedIssuersOptions): ReadonlyMap<string, SimulatedIssuer> {
  const issuers = new Map<string, SimulatedIssuer>(ISSUER_NAMES.map((name) => [name, simulatedIssuer(options)]));
  return issuers.set(ADVISING_ISSUER, advisingIssuer(options));
}

/** An issuer that gives windows, most of the time. */
function advisingIssuer(options: SimulatedIssuersOptions): SimulatedIssuer {
  const { random, clock, onIssued } = options;
  const windows = new MovingWindows(random, clock);
  const { issuer, outages } = simulatedIssuer({
    ...options,
    onIssued: (certificate) => {
      windows.add(certificate);
      onIssued(certificate);
    },
  });
  const renewalInfo: NonNullable<Issuer['renewalInfo']> = async ({ certificateDer }) => {
    if (outages.isDown(clock.now()) || random.chance(0.05)) throw new Error('The simulated issuer fails');
    return windows.tell(parseCertificate(certificateDer).serialNumber);
  };
  return { issuer: { ...issuer, renewalInfo }, outages, windows };
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
