import { optionalPeer, peerMissing } from './optional-peer.ts';
import { type PasswordHash, passwordHashInvalid } from './password-hash.ts';

const PEER = '@node-rs/bcrypt';
const FORM = /^\$2([aby])\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const COST = { least: 4, most: 15 };

const loadPeer = optionalPeer(PEER, () => import('@node-rs/bcrypt'));

/** Tells a bcrypt hash by its first characters. */
export function isBcrypt(encoded: string): boolean {
  return encoded.startsWith('$2');
}

/**
 * Reads `$2a$`, `$2b$` and `$2y$`. bcrypt sees no more than the first 72 bytes of a password, and verifying it cannot mend that.
 *
 * @throws {InvalidInputError} PASSWORD_HASH_INVALID
 */
export function parseBcrypt(encoded: string): PasswordHash {
  const match = FORM.exec(encoded);
  if (match === null) throw passwordHashInvalid('it is not in the form of bcrypt');
  const cost = Number(match[2]);
  if (cost < COST.least || cost > COST.most) {
    throw passwordHashInvalid(`bcrypt does not run at cost ${cost} here, but at ${COST.least} to ${COST.most}`);
  }
  return {
    algorithm: 'bcrypt',
    parameters: `bcrypt ${cost}`,
    async verify(password) {
      const peer = await loadPeer();
      if (peer === undefined) throw peerMissing(PEER, 'A bcrypt hash');
      return peer.verify(password, encoded);
    },
  };
}
