import { renewalDue } from '../../certificates/renewal-due.ts';
import { ConflictError } from '../../errors/families.ts';
import { LocalKeyring } from '../../keyring/local-keyring.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { SeededRandom } from '../random.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { IssuanceLedger } from './issuance-ledger.ts';
import type { MovingWindows } from './moving-windows.ts';
import { draw } from './outages.ts';
import { RenewalInstance } from './renewal-instance.ts';
import type { RenewalSimulation, RenewalSimulationOptions } from './renewal-simulation.ts';
import type { ScriptedCertificate } from './scripted-issuer.ts';
import { simulatedCrypto } from './simulated-crypto.ts';
import {
  ADVISING_ISSUER,
  drawLifetime,
  ISSUER_NAMES,
  type SimulatedIssuer,
  simulatedIssuers,
} from './simulated-issuers.ts';
import { VirtualTimers } from './virtual-timers.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** How often an instance meets an accident, on average. */
const ACCIDENT_MS = 15 * DAY;
const AUDIT_MS = 6 * HOUR;
const LONGEST_CREATION_MS = 20 * DAY;
/** How many names have windows at the most, which are asked for once a day each, and what their certificates live. */
const MOST_ADVISED = 20;
const ADVISED_LIFETIME = 90 * DAY;
/** The defaults, less the most that the jitter can be. */
const EARLIEST = { fraction: 2 / 3 - 0.05, shortLivedFraction: 1 / 2 - 0.05, jitter: 0 };

/** What a name of the simulation asks for. */
interface Subject {
  readonly issuer: string;
  readonly lifetimeMs: number;
}

type WorldOptions = RenewalSimulationOptions & { readonly instances: number; readonly days: number };

/** How the instances, issuers and accidents of one simulation are wired, and what came of it. */
export class RenewalWorld {
  readonly ledger: IssuanceLedger;
  readonly #random: SeededRandom;
  readonly #options: WorldOptions;
  readonly #clock = new VirtualClock();
  readonly #timers = new VirtualTimers(this.#clock);
  readonly #crypto: CryptoProvider;
  readonly #keyring: LocalKeyring;
  readonly #subjects = new Map<string, Subject>();
  readonly #issuers: ReadonlyMap<string, SimulatedIssuer>;
  readonly #instances: RenewalInstance[] = [];
  readonly #faults = { kills: 0, pauses: 0, storage: 0 };
  /** From when on certificates of an earlier date may be replaced at any time. */
  #orderedAt = Number.POSITIVE_INFINITY;

  private constructor(random: SeededRandom, crypto: CryptoProvider, options: WorldOptions) {
    this.#random = random;
    this.#crypto = crypto;
    this.#options = options;
    this.#keyring = LocalKeyring.generate({ crypto });
    for (let at = 0; at < options.names; at++) {
      const advised = at < Math.min(options.names / 10, MOST_ADVISED);
      const subject = advised
        ? { issuer: ADVISING_ISSUER, lifetimeMs: ADVISED_LIFETIME }
        : { issuer: random.pick(ISSUER_NAMES), lifetimeMs: drawLifetime(random) };
      this.#subjects.set(`n${at}.example`, subject);
    }
    this.ledger = new IssuanceLedger({
      wasReachable: (name, from, to) => this.#issuer(this.#subject(name).issuer).outages.wasReachable({ from, to }),
      earliest: (certificate) => this.#earliest(certificate),
      suggested: ({ serialNumber, names: [name = ''] }) => this.#windowsOf(name)?.due(serialNumber),
    });
    this.#issuers = simulatedIssuers({
      random,
      crypto,
      clock: this.#clock,
      timers: this.#timers,
      durationMs: options.days * DAY,
      lifetimeMs: ({ subjectAltNames: [name = ''] }) => this.#subject(name).lifetimeMs,
      onIssued: (certificate) => this.ledger.record(certificate),
    });
  }

  static async create(random: SeededRandom, options: WorldOptions): Promise<RenewalWorld> {
    return new RenewalWorld(random, await simulatedCrypto(random), options);
  }

  /** What went wrong by intention, so far. */
  get faults(): RenewalSimulation['faults'] {
    const now = this.#clock.now();
    const outages = [...this.#issuers.values()].flatMap(({ outages: { list } }) =>
      list.filter(({ from }) => from <= now),
    );
    const storage = this.#instances.reduce((sum, { storageFaults }) => sum + storageFaults, this.#faults.storage);
    return { ...this.#faults, storage, outages: outages.length };
  }

  /** Lets time pass. */
  async run(durationMs: number): Promise<void> {
    const begin = this.#clock.now();
    for (let at = 0; at < this.#options.instances; at++) this.#start(at);
    const auditor = this.#open(undefined);
    let place = 0;
    for (const [name, { issuer }] of this.#subjects) {
      const createdAt = (place++ * Math.min(LONGEST_CREATION_MS, durationMs / 4)) / this.#subjects.size;
      this.#timers.set(createdAt, () => void this.#createCertificate(name, issuer));
    }
    this.#timers.set(durationMs * 0.6, () => void this.#orderAll());
    for (let now = begin; now < begin + durationMs; ) {
      now = Math.min(now + AUDIT_MS, begin + durationMs);
      await this.#timers.runUntil(now);
      await this.#audit(auditor);
    }
    for (const { process } of this.#instances) process.kill();
  }

  #start(place: number): void {
    const instance = this.#open(this.#random.integer(0, 2 ** 31));
    this.#instances[place] = instance;
    instance.scheduler.start();
    this.#meetAccidents(instance, place);
  }

  #open(seed: number | undefined): RenewalInstance {
    const issuers = Object.fromEntries([...this.#issuers].map(([name, { issuer }]) => [name, issuer]));
    const storage = this.#options.openStorage(this.#clock);
    return new RenewalInstance({
      seed,
      storage,
      issuers,
      keyring: this.#keyring,
      crypto: this.#crypto,
      clock: this.#clock,
      timers: this.#timers,
      // What is ordered at once comes for a day.
      budgets: { public: { limit: Math.ceil(this.#options.names / 50), periodMs: HOUR } },
    });
  }

  /** An instance is paused for a while again and again, until one day it is killed, and another starts in its place. */
  #meetAccidents(instance: RenewalInstance, place: number): void {
    const random = this.#random;
    this.#timers.set(draw(random, ACCIDENT_MS), () => {
      const downMs = random.chance(0.5) ? random.integer(1, 30) * MINUTE : random.integer(1, 12) * HOUR;
      if (random.chance(0.4)) {
        instance.process.kill();
        this.#faults.kills += 1;
        this.#timers.set(downMs, () => {
          this.#faults.storage += instance.storageFaults;
          this.#start(place);
        });
        return;
      }
      instance.process.pause();
      this.#faults.pauses += 1;
      this.#timers.set(downMs, () => {
        instance.process.resume();
        this.#meetAccidents(instance, place);
      });
    });
  }

  /** As an application would: where an instance fails or dies over it, another is asked. */
  async #createCertificate(name: string, issuer: string): Promise<void> {
    const instance = this.#random.pick(
      this.#instances.filter(({ process }) => process.isRunning).concat(this.#instances),
    );
    const again = this.#timers.set(HOUR, () => void this.#createCertificate(name, issuer));
    try {
      await instance.certificates.create({ name, subjectAltNames: [name], issuer, wait: false });
      again();
    } catch (error) {
      // A commit whose answer was lost may have made it.
      if (error instanceof ConflictError && error.code === 'CERTIFICATE_NAME_TAKEN') again();
    }
  }

  /** One issuer has to revoke what it has issued by this day. */
  async #orderAll(): Promise<void> {
    const now = this.#clock.now();
    this.#orderedAt = Math.min(this.#orderedAt, now);
    const again = this.#timers.set(HOUR, () => void this.#orderAll());
    try {
      const { scheduler } = this.#random.pick(this.#instances);
      await scheduler.renewAllBefore(new Date(this.#orderedAt), { issuer: 'public' });
      again();
    } catch {
      // It goes on in an hour.
    }
  }

  /** Looks for certificates that have ended. */
  async #audit({ certificates }: RenewalInstance): Promise<void> {
    const expiresBefore = new Date(this.#clock.now());
    const { items } = await certificates.list({ status: 'expired', expiresBefore, limit: 1_000 });
    for (const { name = '', notBefore, notAfter } of items) {
      if (notBefore === undefined || notAfter === undefined) continue;
      this.ledger.lapsed(name, { notBefore: notBefore.getTime(), notAfter: notAfter.getTime() });
    }
  }

  #earliest({ notBefore, notAfter, serialNumber, names: [name = ''] }: ScriptedCertificate): number {
    const byAge = renewalDue({ notBefore, notAfter, jitterSeed: '', policy: EARLIEST });
    const suggested = this.#windowsOf(name)?.earliest(serialNumber);
    // A window that is open from the beginning is not followed for a day.
    if (suggested !== undefined) return Math.min(byAge, Math.max(suggested, notBefore + DAY));
    return notBefore <= this.#orderedAt ? Math.min(byAge, this.#orderedAt) : byAge;
  }

  #windowsOf(name: string): MovingWindows | undefined {
    return this.#issuer(this.#subject(name).issuer).windows;
  }

  #subject(name: string): Subject {
    return this.#subjects.get(name) as Subject;
  }

  #issuer(name: string): SimulatedIssuer {
    return this.#issuers.get(name) as SimulatedIssuer;
  }
}
