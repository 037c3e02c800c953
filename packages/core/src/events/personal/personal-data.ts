import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import { concatBytes, fromUtf8, utf8 } from '../../encoding/bytes.ts';
import { StorageError } from '../../errors/storage-error.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { JsonObject } from '../../ports/storage.ts';
import { canonicalJson } from '../canonical-json.ts';

const NONCE_LENGTH = 12;

/** Which event a personal part belongs to: it opens nowhere else. */
export interface PersonalPlace {
  readonly namespace: string;
  /** The event's id. */
  readonly id: string;
}

/**
 * Seals the personal part of one event by AES-256-GCM.
 *
 * @param key - the owner's, 32 bytes; with random nonces good for 2^32 events
 * @returns nonce, ciphertext and tag in base64
 */
export async function sealPersonal(
  crypto: CryptoProvider,
  key: Uint8Array,
  place: PersonalPlace,
  data: JsonObject,
): Promise<string> {
  const nonce = crypto.randomBytes(NONCE_LENGTH);
  const ciphertext = await crypto.aeadSeal(key, nonce, contextOf(place), utf8(canonicalJson(data)));
  return toBase64(concatBytes([nonce, ciphertext]));
}

/**
 * Opens what `sealPersonal` has sealed.
 *
 * @throws {SealError} SEAL_OPEN_FAILED: another key, another event, or changed since
 * @throws {StorageError} STORAGE_CORRUPT: not base64
 */
export async function openPersonal(
  crypto: CryptoProvider,
  key: Uint8Array,
  place: PersonalPlace,
  sealed: string,
): Promise<JsonObject> {
  const bytes = decode(sealed, place.id);
  const [nonce, ciphertext] = [bytes.subarray(0, NONCE_LENGTH), bytes.subarray(NONCE_LENGTH)];
  return JSON.parse(fromUtf8(await crypto.aeadOpen(key, nonce, contextOf(place), ciphertext))) as JsonObject;
}

function decode(sealed: string, id: string): Uint8Array {
  try {
    const bytes = fromBase64(sealed);
    if (bytes.length > NONCE_LENGTH) return bytes;
  } catch {
    // Said below.
  }
  throw new StorageError('STORAGE_CORRUPT', `The personal part of event '${id}' is malformed`, {
    facts: { event: id },
  });
}

function contextOf({ namespace, id }: PersonalPlace): Uint8Array {
  return utf8(`chancery event personal data v1\n${namespace}\n${id}`);
}
