import { z } from 'zod';
import { invalidArgument } from '../../errors/from-issues.ts';
import type { CertificateStatusSource } from '../../ports/certificate-status.ts';
import type { SigningAlgorithm } from '../tokens/jws-algorithm.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 86_400 * SECOND;

/** What to do at a login when an account has all the sessions that it may have. */
export interface SessionPolicy {
  /** Sessions of one account at a time, 1 to 100. */
  readonly max: number;
  /** `reject` refuses the login with SESSION_LIMIT; `evictOldest` ends the session that was opened first. */
  readonly onFull: 'reject' | 'evictOldest';
}

/** How DPoP proofs are judged (RFC 9449). */
export interface DpopOptions {
  /** How long after its `iat` a proof is accepted, in milliseconds: 1 s to 10 minutes, one minute by default. */
  readonly maxAgeMs?: number;
  /** How far clients' clocks may be off, in milliseconds: 30 s by default. */
  readonly clockSkewMs?: number;
  /** `required`: a proof must hold a nonce of this server, which PROOF_NONCE_REQUIRED hands out. Default `off`. */
  readonly nonce?: 'off' | 'required';
  /** How long a nonce is handed out, in milliseconds; it is accepted for as long again. Five minutes by default. */
  readonly nonceLifetimeMs?: number;
}

/** The part of an account manager's options that is about sessions and tokens. Times in milliseconds. */
export interface SessionOptions {
  /** The `iss` of access tokens, such as `https://app.example`. */
  readonly issuer: string;
  /** The `aud` of access tokens; `issuer` by default. */
  readonly audience?: string;
  /** How long an access token lives: 5 minutes by default, a day at most. */
  readonly accessTokenTtlMs?: number;
  /** How long a session lives without being refreshed: 14 days by default. */
  readonly refreshTokenTtlMs?: number;
  /** How long a session lives at all: 90 days by default. */
  readonly sessionTtlMs?: number;
  /** By default an account may have any number of sessions. */
  readonly sessionPolicy?: SessionPolicy;
  /** What access tokens are signed with: `ES256` by default, or `Ed25519`. */
  readonly signingAlgorithm?: SigningAlgorithm;
  /** The age at which a signing key gets a successor: 30 days by default. */
  readonly signingKeyRotationMs?: number;
  /** How long verifiers may cache `jwks()`: 5 minutes by default. A key is published for so long before it signs. */
  readonly jwksMaxAgeMs?: number;
  /** How far the clocks of instances may be apart: 5 s by default. */
  readonly clockToleranceMs?: number;
  readonly dpop?: DpopOptions;
  /** Knows the managed certificates that sessions can be bound to, such as `authority.certificateStatus()`. */
  readonly certificateStatus?: CertificateStatusSource;
  /** Refuses logins without a DPoP proof or a client certificate. Default false. */
  readonly requireSenderConstraint?: boolean;
}

const ttl = (least: number, most: number, usual: number) => z.number().int().min(least).max(most).default(usual);
const name = z
  .string()
  .min(1)
  .max(2_048)
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'expected text without control characters');

const sessionOptions = z
  .object({
    issuer: name,
    audience: name.optional(),
    accessTokenTtlMs: ttl(SECOND, DAY, 5 * MINUTE),
    refreshTokenTtlMs: ttl(SECOND, 3_650 * DAY, 14 * DAY),
    sessionTtlMs: ttl(SECOND, 3_650 * DAY, 90 * DAY),
    sessionPolicy: z
      .strictObject({ max: z.number().int().min(1).max(100), onFull: z.enum(['reject', 'evictOldest']) })
      .optional(),
    signingAlgorithm: z.enum(['ES256', 'Ed25519']).default('ES256'),
    signingKeyRotationMs: ttl(MINUTE, 3_650 * DAY, 30 * DAY),
    jwksMaxAgeMs: ttl(0, DAY, 5 * MINUTE),
    clockToleranceMs: ttl(0, 5 * MINUTE, 5 * SECOND),
    dpop: z
      .strictObject({
        maxAgeMs: ttl(SECOND, 10 * MINUTE, MINUTE),
        clockSkewMs: ttl(0, 10 * MINUTE, 30 * SECOND),
        nonce: z.enum(['off', 'required']).default('off'),
        nonceLifetimeMs: ttl(SECOND, DAY, 5 * MINUTE),
      })
      .prefault({}),
    certificateStatus: z
      .custom<CertificateStatusSource>(
        (source) => typeof (source as CertificateStatusSource | undefined)?.identify === 'function',
        'expected an object with a method identify',
      )
      .optional(),
    requireSenderConstraint: z.boolean().default(false),
  })
  .transform((options) => ({ ...options, audience: options.audience ?? options.issuer }));

/** The options with their defaults. */
export type SessionSettings = z.infer<typeof sessionOptions>;

/**
 * Checks the options and puts in the defaults. What belongs to other parts of the manager is left alone.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: names each option at fault
 */
export function sessionSettings(options: SessionOptions): SessionSettings {
  const parsed = sessionOptions.safeParse(options);
  if (!parsed.success) throw invalidArgument('AccountManager options', parsed.error.issues);
  return parsed.data;
}
