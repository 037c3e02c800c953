import type { EventLog } from '../events/event-log.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { AccountGuard } from '../ports/account-guard.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Issuer } from '../ports/issuer.ts';
import type { Logger } from '../ports/logger.ts';
import type { StorageBackend } from '../ports/storage.ts';
import type { Sleep } from '../store/backoff.ts';
import type { RequiredDurability } from '../store/durability.ts';
import type { CertificateProcessor } from './generations/processor.ts';
import type { NameGuard } from './names/name-guard.ts';
import type { RenewalPolicy } from './renewal-due.ts';

/** What a `CertificateManager` works with. */
export interface CertificateManagerOptions {
  readonly storage: StorageBackend;
  /** Seals the private keys. */
  readonly keyring: Keyring;
  /** Who issues, by names of `[a-z][a-z0-9-]{0,39}` that certificates remember. */
  readonly issuers: Readonly<Record<string, Issuer>>;
  /** Whom to ask where a certificate does not say. By default the only issuer there is. */
  readonly defaultIssuer?: string;
  /** Makes sure that an account exists. Without it no certificate can be given to an account. */
  readonly accountGuard?: AccountGuard;
  /** Says whether an account may hold a name. Without it no certificate can be given to an account. */
  readonly nameGuard?: NameGuard;
  /** Called with each generation that was issued, in order, before it takes effect. */
  readonly processors?: readonly CertificateProcessor[];
  /** When renewals are due. */
  readonly renewalPolicy?: RenewalPolicy;
  /** For how long a replaced generation's key is kept for those who still serve it, in milliseconds. Default: a day. */
  readonly graceMs?: number;
  /** Where each change is told of, in its own commit. */
  readonly events?: EventLog;
  /** The least durability that will do. By default less than `durable` is only warned of. */
  readonly requireDurability?: RequiredDurability;
  readonly clock?: Clock;
  readonly crypto?: CryptoProvider;
  readonly logger?: Logger;
  /** Waits for an issuer that is still at work, and between attempts at a commit. Default: the runtime's timer. */
  readonly sleep?: Sleep;
}
