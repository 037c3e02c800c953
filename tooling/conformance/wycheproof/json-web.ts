import { readVerificationJwk } from '../../../packages/core/src/accounts/tokens/jwk-use.ts';
import { readJwsHeader, verifyJwsBytes } from '../../../packages/core/src/accounts/tokens/jws.ts';
import { JWS_ALGORITHMS } from '../../../packages/core/src/accounts/tokens/jws-algorithm.ts';
import { tokenInvalid } from '../../../packages/core/src/accounts/tokens/token-errors.ts';
import { importVerificationKey } from '../../../packages/core/src/accounts/tokens/verification-key.ts';
import { ChanceryError, nodeCrypto } from '../../../packages/core/src/index.ts';
import type { Judge } from './run.ts';
import type { VectorGroup } from './suite.ts';

type Jwk = Readonly<Record<string, unknown>>;

const SHAPE = { maxLength: 16_384, headerParameters: ['alg', 'kid', 'typ'], refuse: tokenInvalid };
/** What a key pair's private half adds to its public one. */
const PRIVATE_MEMBERS = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi']);

/** JSON Web Signatures and Keys, as access tokens and proofs are read and verified. */
export const judgeJsonWeb: Judge = async (group, { jwe, jws, result }) => {
  if (jwe !== undefined) return { needs: 'JSON Web Encryption' };
  if (keysOf(group).every(({ kty }) => kty === 'oct')) return { needs: 'symmetric keys' };
  const fault = await faultOf(group, jws);
  if ((fault === undefined) === (result === 'valid')) return undefined;
  return fault ?? 'accepted';
};

/** Why the SDK refuses it; undefined where it verifies. What is thrown without a code is a defect, and let through. */
async function faultOf(group: VectorGroup, jws: unknown): Promise<string | undefined> {
  try {
    const { kid, alg } = readJwsHeader(jws, SHAPE);
    const algorithm = JWS_ALGORITHMS.find((known) => known === alg);
    if (algorithm === undefined) return 'its alg is not accepted';
    const named = keysOf(group).filter((key) => key.kid === kid);
    if (named.length !== 1) return `its kid names ${named.length} keys`;
    const jwk = readVerificationJwk(publicHalf(named[0] as Jwk), algorithm);
    await verifyJwsBytes(jws as string, await importVerificationKey(nodeCrypto(), jwk, algorithm), tokenInvalid);
    return undefined;
  } catch (error) {
    if (error instanceof ChanceryError) return error.message;
    throw error;
  }
}

function keysOf(group: VectorGroup): readonly Jwk[] {
  const given = (group.public ?? group.private ?? {}) as Jwk;
  return Array.isArray(given.keys) ? (given.keys as Jwk[]) : [given];
}

function publicHalf(jwk: Jwk): Jwk {
  return Object.fromEntries(Object.entries(jwk).filter(([member]) => !PRIVATE_MEMBERS.has(member)));
}
