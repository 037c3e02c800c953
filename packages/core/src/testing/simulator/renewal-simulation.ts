import type { Clock } from '../../ports/clock.ts';
import type { StorageBackend } from '../../ports/storage.ts';

/** What is simulated. */
export interface RenewalSimulationOptions {
  /** Where everything random begins. Print it where a test fails. */
  readonly seed: number;
  /** Opens the storage that all instances share, once for each of them, and whenever one is started anew. */
  readonly openStorage: (clock: Clock) => StorageBackend;
  /** How many certificates, of a name each. */
  readonly names: number;
  /** Default 3. */
  readonly instances?: number;
  /** Default 730. */
  readonly days?: number;
}

/** What a simulation came to. */
export interface RenewalSimulation {
  readonly seed: number;
  /** How many names have a certificate in the end, and how many certificates were issued for them. */
  readonly names: number;
  readonly issued: number;
  /** Outages of issuers, instances killed and paused, calls of the storage that failed. */
  readonly faults: {
    readonly outages: number;
    readonly kills: number;
    readonly pauses: number;
    readonly storage: number;
  };
  /** What must not have happened, each in a sentence. */
  readonly violations: readonly string[];
  /** All of it in a line. */
  readonly summary: string;
}
