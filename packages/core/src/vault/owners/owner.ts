import { z } from 'zod';
import { fromBase64, toBase64, toBase64Url } from '../../encoding/base64.ts';
import { utf8 } from '../../encoding/bytes.ts';
import { SealError } from '../../errors/families.ts';
import { LocalKeyring } from '../../keyring/local-keyring.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { SealedField } from '../../store/seal.ts';
import type { Entry } from '../../store/store.ts';
import { owners } from '../collections.ts';
import type { ErasureKeyring } from '../erasure/erasure-keyring.ts';
import { decodeJson, encodeJson } from '../sealed-json.ts';

const KEY_LENGTH = 32;
const KEY_ID = 'owner';
const RECORD_IDS = utf8('chancery vault record ids 1');

const payload = z.strictObject({ ownerId: z.string(), key: z.base64() });

/** An owner as stored. */
export type OwnerValue = z.infer<typeof owners.schema>;

/** What only an erasure key opens: who the owner is, and the owner's key. */
export interface OwnerPayload {
  readonly ownerId: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** An owner whose key has been unwrapped. */
export interface Owner {
  /** Of the owner's document. */
  readonly documentId: string;
  readonly version: string;
  readonly value: OwnerValue;
  readonly ownerId: string;
  /** Seals under the owner's key. */
  readonly keyring: LocalKeyring;
  /** Gives the id of a record's document: a keyed hash of the record's id, after the owner's random name. */
  recordDocumentId(recordId: string): Promise<string>;
}

/** Makes the payload of a new owner. */
export function newOwnerPayload(crypto: CryptoProvider, ownerId: string): OwnerPayload {
  return { ownerId, key: crypto.randomBytes(KEY_LENGTH) };
}

/** Seals an owner's payload under an erasure key. */
export async function sealOwner(
  erasureKeys: ErasureKeyring,
  keyId: string,
  owner: string,
  { ownerId, key }: OwnerPayload,
): Promise<Uint8Array> {
  const plain = encodeJson({ ownerId, key: toBase64(key) } satisfies z.infer<typeof payload>);
  const sealed = await erasureKeys.seal(keyId, payloadPlace(owner), plain);
  plain.fill(0);
  return sealed;
}

/**
 * Opens an owner's payload.
 *
 * @throws {SealError} SEAL_KEY_UNKNOWN: the erasure key is gone; SEAL_OPEN_FAILED, SEAL_INVALID: tampered with
 */
export async function openOwnerPayload(
  erasureKeys: ErasureKeyring,
  { value, bytes = new Uint8Array() }: Entry<OwnerValue>,
): Promise<OwnerPayload> {
  const plain = await erasureKeys.open(payloadPlace(value.owner), bytes);
  const { ownerId, key } = payload.parse(decodeJson(plain));
  plain.fill(0);
  return { ownerId, key: fromBase64(key) };
}

/**
 * Unwraps the key of an owner that was found under an id.
 *
 * @throws {SealError} SEAL_OPEN_FAILED: the document is another owner's, put in this one's place
 * @throws {SealError} as {@link openOwnerPayload}
 */
export async function openOwner(
  crypto: CryptoProvider,
  erasureKeys: ErasureKeyring,
  ownerId: string,
  entry: Entry<OwnerValue>,
): Promise<Owner> {
  const opened = await openOwnerPayload(erasureKeys, entry);
  if (opened.ownerId !== ownerId) {
    throw new SealError('SEAL_OPEN_FAILED', `Document '${entry.id}' holds another owner than the one filed there`, {
      facts: { collection: owners.name, id: entry.id },
    });
  }
  const keyring = LocalKeyring.fromKeys({ current: KEY_ID, keys: { [KEY_ID]: opened.key } }, { crypto });
  const idKey = await crypto.hkdf('SHA-256', opened.key, new Uint8Array(), RECORD_IDS, KEY_LENGTH);
  opened.key.fill(0);
  const { id: documentId, version, value } = entry;
  return {
    documentId,
    version,
    value,
    ownerId,
    keyring,
    async recordDocumentId(recordId) {
      return `${value.owner}.${toBase64Url(await crypto.hmac('SHA-256', idKey, utf8(recordId)))}`;
    },
  };
}

function payloadPlace(owner: string): SealedField {
  return { collection: owners, id: owner, field: 'payload' };
}
