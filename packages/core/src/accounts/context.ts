import type { EventLog } from '../events/event-log.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Logger } from '../ports/logger.ts';
import type { Store } from '../store/store.ts';
import type { DerivedKeys } from './derived-keys.ts';

/** What the parts of one account manager share. */
export interface AccountsContext {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly logger: Logger | undefined;
  readonly events: EventLog | undefined;
  /** Keys that all instances share, one a purpose. */
  readonly derivedKeys: DerivedKeys;
}
