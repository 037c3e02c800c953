import { constantTimeEqual } from '../constant-time.ts';
import { optionalPeer, peerMissing } from './optional-peer.ts';
import { type PasswordHash, passwordHashInvalid } from './password-hash.ts';
import { formatPhc, parsePhc } from './phc.ts';

/** The cost of argon2id (RFC 9106). */
export interface Argon2idCost {
  /** Memory m in KiB. */
  readonly memoryKiB: number;
  /** Passes t. */
  readonly passes: number;
  /** Lanes p. */
  readonly parallelism: number;
}

/** OWASP's and RFC 9106's second choice alike: 19 MiB and two passes, about 16 ms of a server's core. */
export const ARGON2ID_COST: Argon2idCost = { memoryKiB: 19_456, passes: 2, parallelism: 1 };

const PEER = '@node-rs/argon2';
const VERSION = 0x13;
const MOST = { memoryKiB: 262_144, passes: 32, parallelism: 16, memoryPasses: 1_048_576 };
// The peer declares them as const enums, which cannot be imported file by file.
const ARGON2ID = 2;
const VERSION_0X13 = 1;

const loadPeer = optionalPeer(PEER, () => import('@node-rs/argon2'));

/** Whether argon2id can be computed here. */
export async function hasArgon2id(): Promise<boolean> {
  return (await loadPeer()) !== undefined;
}

/** Function and cost in one canonical text. */
export function argon2idParameters({ memoryKiB, passes, parallelism }: Argon2idCost): string {
  return `argon2id m=${memoryKiB},t=${passes},p=${parallelism}`;
}

/** Encodes salt and hash as `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. */
export function formatArgon2id(cost: Argon2idCost, salt: Uint8Array, hash: Uint8Array): string {
  const parameters = { m: cost.memoryKiB, t: cost.passes, p: cost.parallelism };
  return formatPhc({ id: 'argon2id', version: VERSION, parameters, salt, hash });
}

/**
 * Computes argon2id, version 1.3 (RFC 9106 section 3), on the thread pool.
 *
 * @param length - of the hash in bytes
 * @throws {ChanceryError} CRYPTO_UNSUPPORTED: `@node-rs/argon2` is not installed, or does not load
 */
export async function argon2id(
  password: Uint8Array,
  salt: Uint8Array,
  cost: Argon2idCost,
  length: number,
): Promise<Uint8Array> {
  const peer = await loadPeer();
  if (peer === undefined) throw peerMissing(PEER, 'argon2id');
  const hash = await peer.hashRaw(password, {
    algorithm: ARGON2ID,
    version: VERSION_0X13,
    memoryCost: cost.memoryKiB,
    timeCost: cost.passes,
    parallelism: cost.parallelism,
    outputLen: length,
    salt,
  });
  return new Uint8Array(hash.buffer, hash.byteOffset, hash.length);
}

/** Reads `$argon2id$…`. @throws {InvalidInputError} PASSWORD_HASH_INVALID */
export function parseArgon2id(encoded: string): PasswordHash {
  const { parameters, salt, hash } = parsePhc(encoded, ['m', 't', 'p'], VERSION);
  const cost = {
    memoryKiB: parameters.m as number,
    passes: parameters.t as number,
    parallelism: parameters.p as number,
  };
  requireArgon2idCost(cost);
  return {
    algorithm: 'argon2id',
    parameters: argon2idParameters(cost),
    verify: async (password) => constantTimeEqual(await argon2id(password, salt, cost, hash.length), hash),
  };
}

/** Refuses a cost that is none (RFC 9106 section 3.1), or past what one login may take. */
export function requireArgon2idCost({ memoryKiB, passes, parallelism }: Argon2idCost): void {
  const isCost =
    [memoryKiB, passes, parallelism].every((value) => Number.isSafeInteger(value) && value >= 1) &&
    memoryKiB >= 8 * parallelism;
  const isBounded =
    memoryKiB <= MOST.memoryKiB &&
    passes <= MOST.passes &&
    parallelism <= MOST.parallelism &&
    memoryKiB * passes <= MOST.memoryPasses;
  if (!isCost || !isBounded) {
    throw passwordHashInvalid(`argon2id does not run at m=${memoryKiB}, t=${passes}, p=${parallelism} here`);
  }
}
