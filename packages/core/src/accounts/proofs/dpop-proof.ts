import { toBase64Url } from '../../encoding/base64.ts';
import { utf8 } from '../../encoding/bytes.ts';
import { ChanceryError } from '../../errors/chancery-error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { ParsedObject } from '../tokens/json-object.ts';
import { readVerificationJwk } from '../tokens/jwk-use.ts';
import { readJwsHeader, verifyJws } from '../tokens/jws.ts';
import { JWS_ALGORITHMS, type JwsAlgorithm } from '../tokens/jws-algorithm.ts';
import type { DpopNonces } from './dpop-nonces.ts';
import type { DpopProof } from './proof.ts';
import { nonceRequired, proofInvalid } from './proof-errors.ts';
import type { ProofKey, RecentKeys } from './recent-keys.ts';
import { normalizeTargetUri } from './target-uri.ts';

const MAX_LENGTH = 8_192;
const MAX_JTI_LENGTH = 256;
const SHAPE = { maxLength: MAX_LENGTH, headerParameters: ['typ', 'alg', 'jwk'], refuse: proofInvalid };
const SECOND_MS = 1_000;

/** How proofs are judged. */
export interface DpopJudge {
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly recentKeys: RecentKeys;
  readonly nonces: DpopNonces;
  readonly settings: DpopSettings;
}

/** What the host decides about proofs, times in milliseconds. */
export interface DpopSettings {
  /** How long after its `iat` a proof is accepted. */
  readonly maxAgeMs: number;
  /** How far a client's clock may be off. */
  readonly clockSkewMs: number;
  readonly nonce: 'off' | 'required';
}

/** A proof that was found good, and is not spent yet. */
export interface VerifiedProof {
  /** Of the key that it proves, RFC 7638. */
  readonly thumbprint: string;
  readonly jti: string;
  /** Epoch milliseconds until which the proof must be remembered as spent. */
  readonly rememberUntil: number;
}

/**
 * Checks a DPoP proof (RFC 9449 section 4.3) except for its having been used before.
 *
 * @param proof as it came with the request
 * @param accessToken the token that it came with, whose hash the proof must hold; undefined where none is sent yet
 * @throws {AuthenticationError} PROOF_INVALID: names the rule
 * @throws {AuthenticationError} PROOF_NONCE_REQUIRED: without a current nonce; `facts.nonce` is one
 */
export async function verifyDpopProof(
  judge: DpopJudge,
  proof: DpopProof,
  accessToken: string | undefined,
): Promise<VerifiedProof> {
  const { dpop } = proof;
  const header = readJwsHeader(dpop, SHAPE);
  if (header.typ !== 'dpop+jwt') throw proofInvalid("its typ is not 'dpop+jwt'");
  const key = await keyOf(judge, header);
  const claims = await verifyJws(dpop, key.verifier, proofInvalid);
  checkRequest(claims, proof);
  const { jti } = claims;
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_LENGTH || !jti.isWellFormed()) {
    throw proofInvalid(`its jti is not a text of 1 to ${MAX_JTI_LENGTH} characters`);
  }
  if (accessToken !== undefined && claims.ath !== (await accessTokenHash(judge.crypto, accessToken))) {
    throw proofInvalid('its ath is not the hash of the access token');
  }
  const rememberUntil = checkTime(judge, claims.iat);
  if (judge.settings.nonce === 'required' && !(await judge.nonces.isCurrent(claims.nonce))) {
    throw nonceRequired(await judge.nonces.current());
  }
  return { thumbprint: key.thumbprint, jti, rememberUntil };
}

/** The `ath` of RFC 9449 section 4.2. */
export async function accessTokenHash(crypto: CryptoProvider, accessToken: string): Promise<string> {
  return toBase64Url(await crypto.digest('SHA-256', utf8(accessToken)));
}

async function keyOf({ recentKeys }: DpopJudge, { alg, jwk }: ParsedObject): Promise<ProofKey> {
  const algorithm = JWS_ALGORITHMS.find((accepted) => accepted === alg) as JwsAlgorithm | undefined;
  if (algorithm === undefined) throw proofInvalid(`its alg is none of ${JWS_ALGORITHMS.join(', ')}`);
  try {
    return await recentKeys.import(readVerificationJwk(jwk, algorithm), algorithm);
  } catch (cause) {
    if (!(cause instanceof ChanceryError)) throw cause;
    throw proofInvalid(`its jwk is no public key for ${algorithm}: ${cause.message}`, cause);
  }
}

function checkRequest({ htm, htu }: ParsedObject, { method, url }: DpopProof): void {
  if (typeof htm !== 'string' || htm !== method) throw proofInvalid("its htm is not the request's method");
  const requested = normalizeTargetUri(url);
  if (requested === undefined) throw proofInvalid('the url of the request is no absolute http or https URI');
  if (normalizeTargetUri(htu) !== requested) throw proofInvalid("its htu is not the request's URI");
}

/** @returns until when the proof must be remembered: its lifetime and twice the skew, since hosts' clocks differ too */
function checkTime({ clock, settings: { maxAgeMs, clockSkewMs } }: DpopJudge, iat: unknown): number {
  if (typeof iat !== 'number' || !Number.isFinite(iat)) throw proofInvalid('its iat is no number');
  const now = clock.now();
  const issuedAt = Math.trunc(iat * SECOND_MS);
  if (issuedAt > now + clockSkewMs) throw proofInvalid('its iat lies in the future');
  // A clock that tells whole seconds is up to one behind.
  if (issuedAt + SECOND_MS + maxAgeMs + clockSkewMs <= now) throw proofInvalid('its iat lies too far in the past');
  return Math.max(now, issuedAt) + SECOND_MS + maxAgeMs + 2 * clockSkewMs;
}
