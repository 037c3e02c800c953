import type {
  AccountManager,
  CertificateAuthority,
  CertificateManager,
  Clock,
  CryptoProvider,
  EventLog,
  Keyring,
  Logger,
  RecordVault,
  StorageBackend,
  Timer,
} from '@chancery/core';
import type { AuthenticationMode } from './authentication/authenticator.ts';
import type { ChallengeSource } from './handlers/context.ts';
import type { ReadinessChecks } from './handlers/health/readiness.ts';
import type { RateLimitOptions } from './limits/rate-limits.ts';
import type { HttpPermissions } from './permissions/role-permissions.ts';
import type { TrustedProxiesOptions } from './proxies/trusted-proxies.ts';
import type { Exchange } from './routing/dispatcher.ts';
import type { CorsOptions } from './security/cors.ts';

/** What handlers are made of. Managers that are left out have no routes. */
export interface HandlersOptions extends TrustedProxiesOptions {
  /** Holds rate limits and the answers under idempotency keys; `readyz` asks how it is. */
  readonly storage: StorageBackend;
  /** Seals what of that is worth sealing. */
  readonly keyring: Keyring;
  /** Without it nobody is known, and only what is public can be used. */
  readonly accounts?: AccountManager;
  readonly authority?: CertificateAuthority;
  readonly certificates?: CertificateManager;
  readonly vault?: RecordVault;
  /** Answers HTTP-01 challenges. */
  readonly acme?: ChallengeSource;
  readonly events?: EventLog;
  /** The origin that clients see, such as `https://app.example`. It takes one to accept DPoP proofs, and for sessions in cookies: no header says it. */
  readonly publicOrigin?: string;
  /** Where the routes begin, as clients see it, such as `/api`. Default: at the root. */
  readonly basePath?: string;
  /** Which permissions each role gives. Default: the role `admin` gives all. */
  readonly permissions?: HttpPermissions;
  /** Whether anybody may create an account. Default `closed`. */
  readonly registration?: 'open' | 'closed';
  /** `offlineReads` judges GET requests by their tokens alone: a session that has ended counts until its token runs out. Default `strict`. */
  readonly authentication?: AuthenticationMode;
  /** `false` leaves all of them out. */
  readonly rateLimits?: RateLimitOptions | false;
  /** Pages of which other origins may call. Default: none. */
  readonly cors?: CorsOptions;
  /** Of JSON bodies, in bytes, 1,024 to 16 MiB. Default 64 KiB. */
  readonly bodyLimit?: number;
  /** Of records, in bytes, up to 1 TiB. Default 16 MiB. */
  readonly recordLimit?: number;
  /** How long a body may take to arrive, and the next piece of a record, in milliseconds, 100 to 10 minutes. Default 30,000. */
  readonly bodyTimeoutMs?: number;
  /** How often the log is looked at while somebody follows it, in milliseconds, 10 to a minute. Default 1,000. */
  readonly eventPollMs?: number;
  /** What `readyz` looks at beside the storage, such as a scheduler. */
  readonly readiness?: ReadinessChecks;
  /** The title of the OpenAPI document. */
  readonly title?: string;
  /** Told of every request, for metrics and access logs. */
  readonly observe?: (exchange: Exchange) => void;
  readonly clock?: Clock;
  readonly crypto?: CryptoProvider;
  readonly logger?: Logger;
  /** Waits for bodies, events and checks. Default: the runtime's timer. */
  readonly timer?: Timer;
}
