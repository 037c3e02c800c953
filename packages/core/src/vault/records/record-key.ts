import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import { InvalidInputError, SealError } from '../../errors/families.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { combineKeys } from '../format/dual-key.ts';
import type { KeyMode, RecordPlace } from '../format/envelope.ts';
import { formatKey, parseKey } from '../format/key-text.ts';
import type { RecordCard } from './record.ts';

const KEY_LENGTH = 32;

/** The key of a record that is about to be sealed. */
export interface NewRecordKey {
  /** Seals the record. To be overwritten after use. */
  readonly key: Uint8Array;
  /** The user's share, as text, for nobody but the caller. */
  readonly userKey?: string;
  /** The share that is kept for the owner, in base64, for the card. */
  readonly heldKey?: string;
}

/** Draws the key of a new record. */
export async function newRecordKey(crypto: CryptoProvider, mode: KeyMode): Promise<NewRecordKey> {
  const first = crypto.randomBytes(KEY_LENGTH);
  if (mode === 'user') return { key: first, userKey: formatKey(first) };
  if (mode === 'managed') return { key: first, heldKey: toBase64(first) };
  const held = crypto.randomBytes(KEY_LENGTH);
  const key = await combineKeys(crypto, first, held);
  const shares = { userKey: formatKey(first), heldKey: toBase64(held) };
  first.fill(0);
  held.fill(0);
  return { key, ...shares };
}

/**
 * Puts the key of a stored record together.
 *
 * @param given the user's share, as text
 * @returns the key, to be overwritten after use
 * @throws {InvalidInputError} VAULT_KEY_INVALID: not a key's text; INVALID_ARGUMENT: a share is missing, or there is none to give
 * @throws {SealError} SEAL_OPEN_FAILED: the owner's share is not there
 */
export async function recordKey(
  crypto: CryptoProvider,
  card: RecordCard,
  given: string | undefined,
): Promise<Uint8Array> {
  if (card.keyMode === 'managed') {
    if (given !== undefined) throw keyArgument('A managed record has no key that a user could give');
    return heldKeyOf(card);
  }
  if (given === undefined) throw keyArgument(`The key of a ${card.keyMode} record is missing`);
  const user = parseKey(given);
  if (card.keyMode === 'user') return user;
  const held = heldKeyOf(card);
  const key = await combineKeys(crypto, user, held);
  user.fill(0);
  held.fill(0);
  return key;
}

/** The place of one version of a record. The format binds the ids themselves: the sealed bytes open without the vault. */
export function recordPlace(
  namespace: string,
  { ownerId, recordId }: { readonly ownerId: string; readonly recordId: string },
  keyMode: KeyMode,
  version: number,
): RecordPlace {
  return { namespace, owner: ownerId, record: recordId, version, keyMode };
}

function heldKeyOf({ heldKey }: RecordCard): Uint8Array {
  if (heldKey === undefined)
    throw new SealError('SEAL_OPEN_FAILED', 'The record has no key that is kept for its owner');
  return fromBase64(heldKey);
}

function keyArgument(message: string): InvalidInputError {
  return new InvalidInputError('INVALID_ARGUMENT', message, { issues: [{ path: ['key'], message }] });
}
