import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Sleep } from '../../store/backoff.ts';
import type { Store } from '../../store/store.ts';
import type { LogReader } from '../log-reader.ts';

/** What the parts of the deliveries share. */
export interface DeliveryContext {
  readonly store: Store;
  readonly reader: LogReader;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly logger: Logger | undefined;
  /** Ends the time for an attempt. */
  readonly sleep: Sleep;
  /** How many attempts a sink may have under way. */
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly retryForMs: number;
  /** How often an idle sink looks for new entries. */
  readonly pollMs: number;
}
