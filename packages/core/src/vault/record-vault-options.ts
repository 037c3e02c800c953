import type { EventLog } from '../events/event-log.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { ErasureKeys } from '../ports/erasure-keys.ts';
import type { Logger } from '../ports/logger.ts';
import type { StorageBackend } from '../ports/storage.ts';
import type { RequiredDurability } from '../store/durability.ts';

/** What a `RecordVault` works with. */
export interface RecordVaultOptions {
  readonly storage: StorageBackend;
  /** Seals the vault's own secrets, and the owners' keys where no `erasureKeys` are given. */
  readonly keyring: Keyring;
  /**
   * Where the keys are kept that wrap the owners' keys, outside the database: with them the maintenance closes backups by itself. Without,
   * the keyring wraps, and backups are closed when the host has rotated it and dropped its former key.
   */
  readonly erasureKeys?: ErasureKeys;
  /** How long a deleted record can be brought back, in milliseconds, up to 90 days; 0 purges at once. Default: a day. */
  readonly undeleteForMs?: number;
  /** Where each change is told of, in its own commit. */
  readonly events?: EventLog;
  /** The least durability that will do. By default less than `durable` is only warned of. */
  readonly requireDurability?: RequiredDurability;
  readonly clock?: Clock;
  readonly crypto?: CryptoProvider;
  readonly logger?: Logger;
}
