import type { RenewalPolicy } from '../certificates/renewal-due.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Timer } from '../ports/timer.ts';
import type { Store } from '../store/store.ts';
import type { RenewalProblem, RenewalSettings } from './options.ts';
import type { Stop } from './stop.ts';

/** What the parts of one scheduler share. */
export interface RenewalContext extends RenewalSettings {
  /** For the leases of chores and the issuers' budgets. */
  readonly store: Store;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly timer: Timer;
  /** Undefined: the manager's own. */
  readonly policy: RenewalPolicy | undefined;
  /** Tells logger and `onError` of a failure. Never throws. */
  readonly report: (error: unknown, problem: RenewalProblem) => void;
}

/** How a run is ended early. */
export interface RunControl {
  /** Nothing more is begun; what runs is finished. */
  readonly halt: Stop;
  /** What runs is broken off. */
  readonly breakOff: Stop;
}
