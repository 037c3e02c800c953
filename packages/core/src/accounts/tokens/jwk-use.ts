import { type PublicJwk, readPublicJwk } from '../../crypto/jwk.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { JwsAlgorithm } from './jws-algorithm.ts';

/**
 * Reads a JSON Web Key that is to verify by an algorithm, and refuses one that says of itself that it is for something else (RFC 7517 sections 4.2
 * to 4.4).
 *
 * @throws {InvalidInputError} KEY_INVALID: no public key, or its `use`, `key_ops` or `alg` is another
 * @throws {InvalidInputError} KEY_UNSUPPORTED: a type of key or a curve that is not known
 */
export function readVerificationJwk(value: unknown, algorithm: JwsAlgorithm): PublicJwk {
  const key = readPublicJwk(value);
  const { use, key_ops: operations, alg } = value as Readonly<Record<string, unknown>>;
  if (use !== undefined && use !== 'sig') throw meant('use');
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) throw meant('key_ops');
  if (alg !== undefined && alg !== algorithm) throw meant('alg');
  return key;
}

function meant(member: string): InvalidInputError {
  return new InvalidInputError(
    'KEY_INVALID',
    `The JSON Web Key is meant for something else, as its member '${member}' says`,
  );
}
