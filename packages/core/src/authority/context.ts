import type { EventLog } from '../events/event-log.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Logger } from '../ports/logger.ts';
import type { Sleep } from '../store/backoff.ts';
import type { Blobs } from '../store/blobs.ts';
import type { Store } from '../store/store.ts';
import type { CrlCache } from './crl/crl-cache.ts';
import type { SharedRuns } from './crl/shared-runs.ts';
import type { SignedCrl } from './crl/signed-crl.ts';
import type { Ledger } from './ledger.ts';
import type { OcspSettings } from './ocsp/options.ts';

/** What the parts of one authority share. */
export interface AuthorityContext {
  readonly name: string;
  /** Where the CRLs and issuer certificates are served, without a slash at the end. */
  readonly baseUrl: string | undefined;
  readonly store: Store;
  readonly blobs: Blobs;
  readonly ledger: Ledger;
  readonly crlCache: CrlCache;
  /** Who asks this instance for one CRL at one time gets it signed once. */
  readonly crlRuns: SharedRuns<SignedCrl>;
  /** Waits for another instance. */
  readonly sleep: Sleep;
  readonly ocsp: OcspSettings;
  /** Whether certificates are handed out without having been judged as a relying party would. */
  readonly skipPathValidation: boolean;
  readonly keyring: Keyring;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly logger: Logger | undefined;
  readonly events: EventLog | undefined;
}
