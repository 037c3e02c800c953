import { fromBase64Url } from '../../encoding/base64.ts';
import type { AuthenticationError } from '../../errors/families.ts';
import { loadJose } from './jose.ts';
import { type ParsedObject, parseJsonObject } from './json-object.ts';
import type { VerificationKey } from './verification-key.ts';

/** Makes the error of whoever reads: one for access tokens, another for proofs. */
export type Refuse = (problem: string, cause?: unknown) => AuthenticationError;

/** What a JWS is expected to look like, before any signature is computed. */
export interface JwsShape {
  /** Characters. */
  readonly maxLength: number;
  /** The only header parameters that may be there. What is not listed (`crit`, `b64`, `jku`, `x5u`) cannot be obeyed. */
  readonly headerParameters: readonly string[];
  readonly refuse: Refuse;
}

/** Base64url without bits left over: of several spellings only the canonical one is a token, since what is denied or hashed must have one name. */
const PART = '((?:[\\w-]{4})*(?:[\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])?)';
/** Three parts (RFC 7515 section 7.1). */
const COMPACT = new RegExp(`^${PART}\\.${PART}\\.${PART}$`);

/**
 * Reads the header of a JWS in compact serialization (RFC 7515 section 7.1). Nothing in it is proved yet.
 *
 * @param token anything
 * @param shape what is expected
 * @returns the header's parameters
 * @throws {AuthenticationError} what `shape.refuse` makes
 */
export function readJwsHeader(token: unknown, { maxLength, headerParameters, refuse }: JwsShape): ParsedObject {
  if (typeof token !== 'string') throw refuse(`it is ${typeof token}, not text`);
  if (token.length > maxLength) throw refuse(`it has ${token.length} characters, more than ${maxLength}`);
  const [, encoded, payload, signature] = COMPACT.exec(token) ?? [];
  if (!encoded || !payload || !signature) throw refuse('it is not three parts of canonical base64url');
  const header = parseJsonObject(fromBase64Url(encoded));
  if (header === undefined) throw refuse('its header is not a JSON object of distinct members');
  const foreign = Object.keys(header).find((name) => !headerParameters.includes(name));
  if (foreign !== undefined) throw refuse(`its header holds ${JSON.stringify(foreign.slice(0, 40))}`);
  return header;
}

/**
 * Verifies a JWS whose header was read, and reads its payload.
 *
 * @param token the JWS
 * @param key verifies by its one algorithm; the header's must be the same
 * @param refuse makes the error
 * @returns the payload, a JSON object of distinct members
 * @throws {AuthenticationError} what `refuse` makes
 */
export async function verifyJws(token: string, key: VerificationKey, refuse: Refuse): Promise<ParsedObject> {
  const payload = parseJsonObject(await verifyJwsBytes(token, key, refuse));
  if (payload === undefined) throw refuse('its payload is not a JSON object of distinct members');
  return payload;
}

/** As `verifyJws`, for a payload of any kind. */
export async function verifyJwsBytes(token: string, key: VerificationKey, refuse: Refuse): Promise<Uint8Array> {
  const { compactVerify } = await loadJose();
  try {
    return (await compactVerify(token, key.handle, { algorithms: [key.algorithm] })).payload;
  } catch (cause) {
    throw refuse('its signature does not verify', cause);
  }
}
