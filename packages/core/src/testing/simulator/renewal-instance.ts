import { CertificateManager } from '../../certificates/certificate-manager.ts';
import type { Keyring } from '../../keyring/keyring.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Issuer } from '../../ports/issuer.ts';
import type { StorageBackend } from '../../ports/storage.ts';
import type { IssuerBudget } from '../../renewal/options.ts';
import { RenewalScheduler } from '../../renewal/renewal-scheduler.ts';
import { type FaultInjector, faultInjector } from '../fault-injector.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { SimulatedProcess } from './simulated-process.ts';
import type { VirtualTimers } from './virtual-timers.ts';

const HOUR = 3_600_000;
/** One call of the storage in so many fails. */
const FAULT_RATE = 1 / 500;

/** What an instance is made of. */
export interface RenewalInstanceOptions {
  /** Of its storage's faults; without one it has none. */
  readonly seed: number | undefined;
  readonly storage: StorageBackend;
  readonly keyring: Keyring;
  readonly issuers: Readonly<Record<string, Issuer>>;
  readonly crypto: CryptoProvider;
  readonly clock: VirtualClock;
  readonly timers: VirtualTimers;
  /** By issuer. */
  readonly budgets: Readonly<Record<string, IssuerBudget>>;
}

/** A process with a certificate manager and a scheduler, whose storage fails now and then. */
export class RenewalInstance {
  readonly process = new SimulatedProcess();
  readonly certificates: CertificateManager;
  readonly scheduler: RenewalScheduler;
  readonly #storage: FaultInjector;

  constructor({ seed, storage: shared, keyring, issuers, crypto, clock, timers, budgets }: RenewalInstanceOptions) {
    const { process } = this;
    this.#storage = faultInjector(shared, seed === undefined ? { seed: 0 } : { seed, rate: FAULT_RATE });
    const storage = process.through(this.#storage);
    const sleep = (ms: number): Promise<void> => process.call(() => timers.sleep(ms));
    const reached = Object.fromEntries(
      Object.entries(issuers).map(([name, issuer]) => [name, process.through(issuer)]),
    );
    this.certificates = new CertificateManager({
      storage,
      keyring,
      issuers: reached,
      defaultIssuer: 'private',
      crypto,
      clock,
      sleep,
    });
    this.scheduler = new RenewalScheduler({
      certificates: this.certificates,
      crypto,
      clock,
      timer: process.timer(timers.set),
      checkIntervalMs: HOUR,
      budgets,
      maintain: [sweeping(storage, clock)],
    });
  }

  /** How many calls of its storage have failed. */
  get storageFaults(): number {
    return this.#storage.log.length;
  }
}

/** Removes what has expired, which costs a simulation of years its memory otherwise. */
function sweeping(storage: StorageBackend, clock: VirtualClock) {
  return {
    name: 'simulation:sweep',
    async run({ limit }: { readonly limit: number }) {
      const { more } = await storage.sweep(limit);
      return { more, nextDueAt: clock.now() + (more ? 0 : 24 * HOUR) };
    },
  };
}
