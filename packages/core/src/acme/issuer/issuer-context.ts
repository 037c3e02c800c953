import type { Keyring } from '../../keyring/keyring.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Sleep } from '../../store/backoff.ts';
import type { Store } from '../../store/store.ts';
import type { AcmeSession } from '../client/session.ts';
import type { ChallengeSolver } from '../solvers/solver.ts';
import type { IssuerAccount } from './account.ts';

/** What the parts of one issuer share. */
export interface IssuerContext {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly logger: Logger | undefined;
  readonly sleep: Sleep;
  readonly session: AcmeSession;
  readonly account: IssuerAccount;
  readonly solvers: readonly ChallengeSolver[];
  readonly profile: string | undefined;
  readonly preferredChain: string | undefined;
  /** How long a request waits before it is told as pending. */
  readonly waitMs: number;
  /** Longer than any exchange takes. */
  readonly leaseMs: number;
}
