import type { EventLog } from '../events/event-log.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Logger } from '../ports/logger.ts';
import type { Store } from '../store/store.ts';
import type { ErasureKeyring } from './erasure/erasure-keyring.ts';
import type { OwnerDirectory } from './owners/owner-directory.ts';
import type { Settings } from './settings/settings.ts';

/** What the parts of one vault share. */
export interface VaultContext {
  readonly store: Store;
  readonly settings: Settings;
  readonly owners: OwnerDirectory;
  readonly erasureKeys: ErasureKeyring;
  readonly keyring: Keyring;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly logger: Logger | undefined;
  readonly events: EventLog | undefined;
  /** How long a deleted record can be brought back, in milliseconds. */
  readonly undeleteForMs: number;
}
