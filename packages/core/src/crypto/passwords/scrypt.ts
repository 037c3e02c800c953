import type { CryptoProvider, ScryptCost } from '../../ports/crypto.ts';
import { constantTimeEqual } from '../constant-time.ts';
import { type PasswordHash, passwordHashInvalid } from './password-hash.ts';
import { formatPhc, parsePhc } from './phc.ts';

/** OWASP's choice of scrypt with 16 MiB: what argon2id of 19 MiB is worth, at a little more time. */
export const SCRYPT_COST: ScryptCost = { cost: 2 ** 14, blockSize: 8, parallelization: 5 };

const MOST = { logCost: 20, blockSize: 32, parallelization: 16, memoryBytes: 2 ** 28, work: 2 ** 22 };

/** Function and cost in one canonical text. */
export function scryptParameters({ cost, blockSize, parallelization }: ScryptCost): string {
  return `scrypt ln=${Math.log2(cost)},r=${blockSize},p=${parallelization}`;
}

/** Encodes salt and hash as `$scrypt$ln=…,r=…,p=…$salt$hash`. */
export function formatScrypt(cost: ScryptCost, salt: Uint8Array, hash: Uint8Array): string {
  const parameters = { ln: Math.log2(cost.cost), r: cost.blockSize, p: cost.parallelization };
  return formatPhc({ id: 'scrypt', parameters, salt, hash });
}

/** Reads `$scrypt$…`. @throws {InvalidInputError} PASSWORD_HASH_INVALID */
export function parseScrypt(encoded: string, crypto: CryptoProvider): PasswordHash {
  const { parameters, salt, hash } = parsePhc(encoded, ['ln', 'r', 'p']);
  const cost = {
    cost: 2 ** (parameters.ln as number),
    blockSize: parameters.r as number,
    parallelization: parameters.p as number,
  };
  requireScryptCost(cost);
  return {
    algorithm: 'scrypt',
    parameters: scryptParameters(cost),
    verify: async (password) => constantTimeEqual(await crypto.scrypt(password, salt, cost, hash.length), hash),
  };
}

/** Refuses a cost that is none (RFC 7914 section 2), or past what one login may take. */
export function requireScryptCost({ cost, blockSize, parallelization }: ScryptCost): void {
  const logCost = Math.log2(cost);
  const isCost =
    Number.isSafeInteger(logCost) &&
    logCost >= 1 &&
    logCost < 16 * blockSize &&
    [blockSize, parallelization].every((value) => Number.isSafeInteger(value) && value >= 1);
  const isBounded =
    logCost <= MOST.logCost &&
    blockSize <= MOST.blockSize &&
    parallelization <= MOST.parallelization &&
    128 * cost * blockSize <= MOST.memoryBytes &&
    cost * blockSize * parallelization <= MOST.work;
  if (!isCost || !isBounded) {
    throw passwordHashInvalid(`scrypt does not run at N=${cost}, r=${blockSize}, p=${parallelization} here`);
  }
}
