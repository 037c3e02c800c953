import type { EventLog } from '../events/event-log.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Logger } from '../ports/logger.ts';
import type { Store } from '../store/store.ts';
import type { DerivedKeys } from './derived-keys.ts';
import type { PasskeySettings } from './second-factor/passkeys/passkey-options.ts';

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
  /** Where passkeys belong; none are taken without it. */
  readonly passkeys?: PasskeySettings | undefined;
}
