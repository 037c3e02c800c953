import { z } from 'zod';
import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import { SealError } from '../../errors/families.ts';
import { openField, type SealedField, sealField } from '../../store/seal.ts';
import type { Entry, Store } from '../../store/store.ts';
import { records } from '../collections.ts';
import type { Owner } from '../owners/owner.ts';
import { decodeJson, encodeJson } from '../sealed-json.ts';

/** A record as stored. */
export type RecordValue = z.infer<typeof records.schema>;

const instant = z.number().int();
const positive = z.number().int().positive();

const card = z.strictObject({
  recordId: z.string(),
  version: positive,
  keyMode: z.enum(['user', 'managed', 'dual']),
  contentType: z.string().optional(),
  contentLength: z.number().int().nonnegative(),
  sealedLength: z.number().int().nonnegative(),
  /** Names the chunk documents. */
  body: z.string().optional(),
  /** The key that is kept for the owner: the whole one of a managed record, a half of a dual one's. */
  heldKey: z.base64().optional(),
  storedAt: instant,
  expiresAt: instant.optional(),
  maxReads: positive.optional(),
  reads: z.number().int().nonnegative(),
  /** When the last read that was allowed was taken. */
  spentAt: instant.optional(),
  deletedAt: instant.optional(),
});

/**
 * What the vault knows of a record's present version. It is sealed under the owner's key, so that whoever writes to the database can
 * neither read it, nor change it, nor move it to another record.
 */
export type RecordCard = z.infer<typeof card>;

/** A record whose card has been opened. */
export interface OpenedCard {
  readonly entry: Entry<RecordValue>;
  readonly card: RecordCard;
}

/** Whether a record is there to be read, and if not, why. */
export type RecordState = 'live' | 'deleted' | 'expired' | 'spent';

/** Tells in which state a record is at an instant. */
export function stateOf({ deletedAt, expiresAt, spentAt }: RecordCard, now: number): RecordState {
  if (deletedAt !== undefined) return 'deleted';
  if (expiresAt !== undefined && expiresAt <= now) return 'expired';
  return spentAt === undefined ? 'live' : 'spent';
}

/** Seals a card for the document of its record. */
export async function sealCard(store: Store, owner: Owner, documentId: string, value: RecordCard): Promise<string> {
  const plain = encodeJson(value);
  const sealed = await sealField(store, owner.keyring, cardPlace(documentId), plain);
  plain.fill(0);
  return toBase64(sealed);
}

/**
 * Opens the card of a record, and checks that the document says the same where it repeats it.
 *
 * @throws {SealError} SEAL_OPEN_FAILED, SEAL_INVALID: it was changed, or is another record's
 */
export async function openCard(store: Store, owner: Owner, entry: Entry<RecordValue>): Promise<OpenedCard> {
  const { id, value } = entry;
  const plain = await openField(store, owner.keyring, cardPlace(id), sealedCard(entry));
  const opened = card.parse(decodeJson(plain));
  plain.fill(0);
  const repeated =
    opened.version === value.version &&
    opened.sealedLength === value.sealedLength &&
    opened.body === value.body?.id &&
    owner.value.owner === value.owner;
  if (!repeated) {
    throw new SealError('SEAL_OPEN_FAILED', `The document of record '${id}' was changed outside the vault`, {
      facts: { record: id },
    });
  }
  return { entry, card: opened };
}

function sealedCard({ id, value }: Entry<RecordValue>): Uint8Array {
  try {
    return fromBase64(value.card);
  } catch (cause) {
    throw new SealError('SEAL_INVALID', `The card of record '${id}' is not base64`, { facts: { record: id }, cause });
  }
}

function cardPlace(id: string): SealedField {
  return { collection: records, id, field: 'card' };
}
