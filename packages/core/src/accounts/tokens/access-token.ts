import { utf8 } from '../../encoding/bytes.ts';
import { AuthenticationError } from '../../errors/families.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SigningKeys } from '../signing-keys/signing-keys.ts';
import { type AccessTokenClaims, accessTokenClaims } from './access-token-claims.ts';
import { loadJose } from './jose.ts';
import { readJwsHeader, verifyJws } from './jws.ts';
import { tokenInvalid } from './token-errors.ts';
import type { VerificationKey } from './verification-key.ts';
import type { TokenHeader, VerifiedTokens } from './verified-tokens.ts';

const TYPE = 'at+jwt';
const MAX_LENGTH = 16_384;
const SHAPE = { maxLength: MAX_LENGTH, headerParameters: ['typ', 'alg', 'kid'], refuse: tokenInvalid };
const SECOND_MS = 1_000;

/** What access tokens are issued and verified by. */
export interface TokenIssuer {
  readonly clock: Clock;
  readonly signingKeys: SigningKeys;
  /** Whose signatures were computed already. */
  readonly verified: VerifiedTokens;
  /** The `iss` claim. */
  readonly issuer: string;
  /** The `aud` claim. */
  readonly audience: string;
  /** How far the clocks of instances may be apart. */
  readonly clockToleranceMs: number;
}

/** An access token that was verified, and the key that did it. */
export interface VerifiedToken {
  readonly claims: AccessTokenClaims;
  readonly kid: string;
}

/**
 * Signs an access token (RFC 9068): a JWT of type `at+jwt` by the active key.
 *
 * @throws {StorageError} any of its codes: the key cannot be read
 * @throws {SealError} any of its codes: the key cannot be opened
 */
export async function signAccessToken(signingKeys: SigningKeys, claims: AccessTokenClaims): Promise<string> {
  const { kid, algorithm, handle } = await signingKeys.signer();
  const { CompactSign } = await loadJose();
  return new CompactSign(utf8(JSON.stringify(claims)))
    .setProtectedHeader({ typ: TYPE, alg: algorithm, kid })
    .sign(handle);
}

/**
 * Verifies an access token by itself: form, signature, issuer, audience and times. Whether its session stands, and whether who sends it may, are
 * other questions.
 *
 * @param options.evenExpired for what a token proves for ever, such as which session it was of
 * @throws {AuthenticationError} TOKEN_INVALID: names the rule that it breaks
 * @throws {AuthenticationError} TOKEN_EXPIRED
 * @throws {StorageError} any of its codes: the keys cannot be read
 */
export async function verifyAccessToken(
  issuer: TokenIssuer,
  token: unknown,
  options: { readonly evenExpired?: boolean } = {},
): Promise<VerifiedToken> {
  const { signingKeys, verified, clock } = issuer;
  const header = verified.headerOf(token) ?? readHeader(token);
  const key = signingKeys.verifierAtHand(header.kid) ?? (await signingKeys.verifier(header.kid));
  if (key === undefined) throw tokenInvalid('its kid names no published key');
  if (header.alg !== key.algorithm) throw tokenInvalid('its alg is not that of its key');
  const text = token as string;
  const remembered = verified.claimsOf(text, key, clock.now());
  const claims = remembered ?? (await provenClaims(text, key));
  checkClaims(issuer, claims, options.evenExpired ?? false);
  if (remembered === undefined) verified.add(text, { header, claims, key }, clock.now());
  return { claims, kid: header.kid };
}

function readHeader(token: unknown): TokenHeader {
  const { typ, alg, kid } = readJwsHeader(token, SHAPE);
  if (typ !== TYPE) throw tokenInvalid(`its typ is not '${TYPE}'`);
  if (typeof kid !== 'string') throw tokenInvalid('its header names no kid');
  return { kid, alg };
}

async function provenClaims(token: string, key: VerificationKey): Promise<AccessTokenClaims> {
  const claims = accessTokenClaims.safeParse(await verifyJws(token, key, tokenInvalid));
  if (claims.success) return claims.data;
  const fields = claims.error.issues.map(({ path }) => path.map(String).join('.'));
  throw tokenInvalid(`its claims are missing or malformed: ${fields.join(', ')}`);
}

function checkClaims(
  { issuer, audience, clock, clockToleranceMs }: TokenIssuer,
  { iss, aud, iat, exp }: AccessTokenClaims,
  evenExpired: boolean,
): void {
  if (iss !== issuer) throw tokenInvalid(`its issuer is not '${issuer}'`);
  if (aud !== audience) throw tokenInvalid(`its audience is not '${audience}'`);
  const now = clock.now();
  if (iat * SECOND_MS > now + clockToleranceMs) throw tokenInvalid('it was issued in the future');
  if (exp * SECOND_MS + clockToleranceMs <= now && !evenExpired) {
    throw new AuthenticationError('TOKEN_EXPIRED', 'The access token has expired', { facts: { expiredAt: exp } });
  }
}
