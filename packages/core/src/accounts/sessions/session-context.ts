import type { EventLog } from '../../events/event-log.ts';
import type { Keyring } from '../../keyring/keyring.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Store } from '../../store/store.ts';
import type { DerivedKeys } from '../derived-keys.ts';
import { DpopNonces } from '../proofs/dpop-nonces.ts';
import type { ProofJudge } from '../proofs/proof-judge.ts';
import { RecentKeys } from '../proofs/recent-keys.ts';
import { SigningKeys, STALE_LIMIT_MS } from '../signing-keys/signing-keys.ts';
import type { TokenIssuer } from '../tokens/access-token.ts';
import { VerifiedTokens } from '../tokens/verified-tokens.ts';
import { type SessionOptions, type SessionSettings, sessionSettings } from './session-options.ts';

/** How old the keys may be that `jwks()` serves: it adds to how long verifiers cache them. */
const JWKS_LAG_MS = 30_000;

/** What sessions stand on. */
export interface SessionGround {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly logger: Logger | undefined;
  readonly events: EventLog | undefined;
  readonly derivedKeys: DerivedKeys;
}

/** What the parts that deal with sessions share. */
export interface SessionContext extends SessionGround {
  readonly settings: SessionSettings;
  readonly signingKeys: SigningKeys;
  readonly tokenIssuer: TokenIssuer;
  readonly proofJudge: ProofJudge;
}

/**
 * Makes what sessions and tokens need. Does no I/O.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: names each option at fault
 */
export function createSessionContext(ground: SessionGround, options: SessionOptions): SessionContext {
  const settings = sessionSettings(options);
  const { store, keyring, crypto, clock, logger, events, derivedKeys } = ground;
  const { issuer, audience, clockToleranceMs, dpop } = settings;
  const signingKeys = new SigningKeys({
    store,
    keyring,
    events,
    logger,
    algorithm: settings.signingAlgorithm,
    rotateAfterMs: settings.signingKeyRotationMs,
    publishBeforeMs: settings.jwksMaxAgeMs + JWKS_LAG_MS,
    // An instance that cannot reach the storage may sign with the former key for a while.
    verifyOnlyMs: settings.accessTokenTtlMs + clockToleranceMs + STALE_LIMIT_MS,
  });
  const nonces = new DpopNonces({
    crypto,
    clock,
    lifetimeMs: dpop.nonceLifetimeMs,
    key: () => derivedKeys.get('dpop nonce'),
  });
  return {
    ...ground,
    settings,
    signingKeys,
    tokenIssuer: { clock, signingKeys, verified: new VerifiedTokens(), issuer, audience, clockToleranceMs },
    proofJudge: {
      crypto,
      clock,
      nonces,
      recentKeys: new RecentKeys(crypto),
      settings: dpop,
      certificateStatus: settings.certificateStatus,
    },
  };
}
