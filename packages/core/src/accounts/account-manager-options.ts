import type { EventLog } from '../events/event-log.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Logger } from '../ports/logger.ts';
import type { StorageBackend } from '../ports/storage.ts';
import type { RequiredDurability } from '../store/durability.ts';
import type { PasswordOptions } from './passwords/passwords.ts';
import type { RolePermissions } from './permissions.ts';
import type { PasskeyOptions } from './second-factor/passkeys/passkey-options.ts';
import type { SessionOptions } from './sessions/session-options.ts';
import type { LoginThrottleOptions } from './throttle/throttle-options.ts';

/** What an `AccountManager` works with. */
export interface AccountManagerOptions extends SessionOptions, PasswordOptions {
  readonly storage: StorageBackend;
  /** Seals password hashes, second factors, signing keys and the secrets of sessions. */
  readonly keyring: Keyring;
  /** How often logins may be tried. */
  readonly loginThrottle?: LoginThrottleOptions;
  /** Where passkeys are registered and used. Without it there are none. */
  readonly passkeys?: PasskeyOptions;
  /** Which permissions each role gives, for `requirePermission`. */
  readonly permissions?: RolePermissions;
  /** Where each change is told of, in its own commit. */
  readonly events?: EventLog;
  /** The least durability that will do. By default less than `durable` is only warned of. */
  readonly requireDurability?: RequiredDurability;
  readonly clock?: Clock;
  readonly crypto?: CryptoProvider;
  readonly logger?: Logger;
}
