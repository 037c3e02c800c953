import type { EventLog } from '../events/event-log.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Logger } from '../ports/logger.ts';
import type { Blobs } from '../store/blobs.ts';
import type { Store } from '../store/store.ts';
import type { Ledger } from './ledger.ts';
import type { SignedCrl } from './signed-crl.ts';

/** What the parts of one authority share. */
export interface AuthorityContext {
  readonly name: string;
  /** Where the CRLs and issuer certificates are served, without a slash at the end. */
  readonly baseUrl: string | undefined;
  readonly store: Store;
  readonly blobs: Blobs;
  readonly ledger: Ledger;
  /** The CRL of each intermediate as it was read last, and the blob that it was read from. */
  readonly crlsRead: Map<string, { readonly blob: string; readonly crl: SignedCrl }>;
  readonly keyring: Keyring;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly logger: Logger | undefined;
  readonly events: EventLog | undefined;
}
