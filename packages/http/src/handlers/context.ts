import type {
  AccountManager,
  CertificateAuthority,
  CertificateManager,
  Clock,
  EventLog,
  RecordVault,
  StorageBackend,
  Timer,
} from '@chancery/core';
import type { Authenticator } from '../authentication/authenticator.ts';
import type { CookieScope } from '../authentication/cookies.ts';
import type { ReadinessChecks } from './health/readiness.ts';

/** What answers HTTP-01 challenges: an `AcmeIssuer`. */
export interface ChallengeSource {
  http01Responder(): (token: string, host: string) => Promise<string | undefined>;
}

/** What the handlers share. */
export interface HandlerContext {
  readonly storage: StorageBackend;
  readonly accounts: AccountManager | undefined;
  readonly authority: CertificateAuthority | undefined;
  readonly certificates: CertificateManager | undefined;
  readonly vault: RecordVault | undefined;
  readonly acme: ChallengeSource | undefined;
  readonly events: EventLog | undefined;
  readonly readiness: ReadinessChecks;
  readonly registration: 'open' | 'closed';
  readonly authenticator: Authenticator;
  readonly cookies: CookieScope;
  readonly clock: Clock;
  readonly timer: Timer;
}
