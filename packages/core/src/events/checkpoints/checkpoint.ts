import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import { noteInvalid } from './signed-note.ts';

const HASH_LENGTH = 32;
const SIZE = /^(?:0|[1-9][0-9]{0,15})$/;

/** What a checkpoint says: that a log of this origin had so many entries, and this chain hash. */
export interface CheckpointClaim {
  readonly origin: string;
  readonly size: number;
  readonly chainHash: Uint8Array;
}

/** A claim and the note that is signed over it. */
export interface Checkpoint extends CheckpointClaim {
  /** A C2SP signed note: keep it outside the store. */
  readonly note: string;
}

/** Writes the text of a checkpoint in the three lines of C2SP tlog-checkpoint, the chain hash in place of a Merkle root. */
export function checkpointText({ origin, size, chainHash }: CheckpointClaim): string {
  return `${origin}\n${size}\n${toBase64(chainHash)}\n`;
}

/**
 * Reads the text of a checkpoint. Further lines are passed over, as C2SP tlog-checkpoint asks.
 *
 * @throws {InvalidInputError} CHECKPOINT_INVALID: fewer than three lines, or one of them malformed
 */
export function parseCheckpointText(text: string): CheckpointClaim {
  const [origin = '', size = '', hash = ''] = text.split('\n');
  if (origin === '' || !SIZE.test(size) || !Number.isSafeInteger(Number(size))) {
    throw noteInvalid('it does not begin with an origin and a size');
  }
  let chainHash: Uint8Array;
  try {
    chainHash = fromBase64(hash);
  } catch (cause) {
    throw noteInvalid('its hash is not base64', cause);
  }
  if (chainHash.length !== HASH_LENGTH) throw noteInvalid('its hash is not that of a chain');
  return { origin, size: Number(size), chainHash };
}
