import { utf8 } from '../../encoding/bytes.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { constantTimeEqual } from '../constant-time.ts';
import { type PasswordHash, passwordHashInvalid } from './password-hash.ts';
import { checkLength, decodeUnpadded, parseCost } from './phc.ts';

const MOST_ITERATIONS = 3_000_000;
const DIGESTS = { sha1: 'SHA-1', sha256: 'SHA-256', sha512: 'SHA-512' } as const;

/** `$pbkdf2-sha256$29000$salt$hash`, or `$i=29000` in the PHC spelling; without a digest in its name, SHA-1. */
const PHC = /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?(\d+)\$([A-Za-z0-9+/.]+)\$([A-Za-z0-9+/.]+)$/;
/** Django's `pbkdf2_sha256$1000000$salt$hash=`, whose salt is text. */
const DJANGO = /^pbkdf2_(sha1|sha256|sha512)\$(\d+)\$([\x21-\x23\x25-\x7e]{1,128})\$([A-Za-z0-9+/]+={0,2})$/;

/** Tells a PBKDF2 hash by its first characters. */
export function isPbkdf2(encoded: string): boolean {
  return encoded.startsWith('$pbkdf2') || encoded.startsWith('pbkdf2_');
}

/** Reads the forms of PBKDF2 (RFC 8018 section 5.2) that other systems store. @throws {InvalidInputError} PASSWORD_HASH_INVALID */
export function parsePbkdf2(encoded: string, crypto: CryptoProvider): PasswordHash {
  const isDjango = encoded.startsWith('pbkdf2_');
  const match = (isDjango ? DJANGO : PHC).exec(encoded);
  if (match === null) throw passwordHashInvalid('it is in no known form of PBKDF2');
  const [, digest = 'sha1', count = '', saltText = '', hashText = ''] = match;
  const algorithm = DIGESTS[digest as keyof typeof DIGESTS];
  const iterations = parseCost(count, 'iterations');
  if (iterations < 1 || iterations > MOST_ITERATIONS) {
    throw passwordHashInvalid(`PBKDF2 does not run ${iterations} times here, but 1 to ${MOST_ITERATIONS} times`);
  }
  // Passlib writes base64 with a dot for the plus.
  const salt = isDjango ? utf8(saltText) : checkLength('salt', decodeUnpadded(saltText.replaceAll('.', '+'), 'salt'));
  const hash = checkLength('hash', decodeUnpadded(hashText.replaceAll('.', '+'), 'hash'));
  return {
    algorithm: 'pbkdf2',
    parameters: `pbkdf2 ${digest},i=${iterations}`,
    verify: async (password) =>
      constantTimeEqual(await crypto.pbkdf2(algorithm, password, salt, iterations, hash.length), hash),
  };
}
