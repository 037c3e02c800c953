import type { Keyring } from '../keyring/keyring.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Logger } from '../ports/logger.ts';
import type { Store } from '../store/store.ts';

/** What the parts of one event log share. */
export interface LogContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly keyring: Keyring | undefined;
  readonly logger: Logger | undefined;
}
