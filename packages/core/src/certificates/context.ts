import type { EventLog } from '../events/event-log.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { AccountGuard } from '../ports/account-guard.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Logger } from '../ports/logger.ts';
import type { Sleep } from '../store/backoff.ts';
import type { Store } from '../store/store.ts';
import type { CertificateProcessor } from './generations/processor.ts';
import type { Issuers } from './issuers.ts';
import type { NameGuard } from './names/name-guard.ts';
import type { RenewalPolicy } from './renewal-due.ts';
import type { Changes } from './serving/changes.ts';

/** What the parts of one certificate manager share. */
export interface CertificatesContext {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly logger: Logger | undefined;
  readonly events: EventLog | undefined;
  readonly issuers: Issuers;
  readonly accountGuard: AccountGuard | undefined;
  readonly nameGuard: NameGuard | undefined;
  readonly processors: readonly CertificateProcessor[];
  readonly renewalPolicy: RenewalPolicy;
  readonly graceMs: number;
  readonly changes: Changes;
}
