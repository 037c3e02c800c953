import { removals } from '../collections.ts';
import type { VaultContext } from '../context.ts';
import { sealRecordStream } from '../format/seal-record-stream.ts';
import { givenSignal } from '../options.ts';
import type { Located } from '../owners/owner-directory.ts';
import { nextVersion, putVersion, type SealedVersion, sealOptions } from './put-version.ts';
import type { LongContent } from './record-data.ts';
import { ownerErased, versionConflict } from './record-errors.ts';
import { type NewRecordKey, newRecordKey } from './record-key.ts';
import type { CheckedStoreOptions, StoredRecord } from './store-options.ts';
import { locateOrCreate, requireSameOwner, storedRecord } from './store-target.ts';
import { announceBody, removedMeanwhile, type Upload, uploadBody } from './upload.ts';

const ATTEMPTS = 4;

/**
 * Stores content that is too long for one document: the chunks first, and then, in one commit, the record that refers to them. The sealed
 * bytes are bound to their version; where another writer takes that meanwhile, bytes are sealed and written once more, and a stream,
 * which is read only once, loses.
 */
export async function storeChunked(
  context: VaultContext,
  options: CheckedStoreOptions,
  content: LongContent,
): Promise<StoredRecord> {
  const key = await newRecordKey(context.crypto, options.keyMode);
  let located = await locateOrCreate(context, options);
  const known = requireSameOwner(located, undefined);
  let expected: number | null = null;
  try {
    for (let attempt = 1; ; attempt++) {
      const version = await nextVersion(context, located, options);
      const source = attempt > ATTEMPTS ? undefined : content.read();
      if (source === undefined) throw versionConflict(located.documentId, expected, versionOf(located));
      expected = versionOf(located);
      const counted = new CountedSource(source);
      const announced = await announceBody(context, options, known);
      const sealing = { ...sealOptions(context, options, key, version), ...givenSignal(options) };
      const pieces = sealRecordStream(context.crypto, sealing, counted);
      const upload = await uploadBody(context.store, announced, pieces, givenSignal(options));
      const { head: bytes, sealedLength, body } = upload;
      const sealed = { version, contentLength: counted.length, sealedLength, bytes, body };
      if (await commitUpload(context, options, key, sealed, upload, known)) return storedRecord(options, version, key);
      located = await locateOrCreate(context, options);
      requireSameOwner(located, known);
    }
  } finally {
    key.key.fill(0);
  }
}

/** False where another version took the place meanwhile. */
async function commitUpload(
  context: VaultContext,
  options: CheckedStoreOptions,
  key: NewRecordKey,
  sealed: SealedVersion,
  { body, removalVersion }: Upload,
  known: string,
): Promise<boolean> {
  return context.store.transact(async (transaction) => {
    // Read anew: a re-wrapped key has moved the owner's document, without any harm to what was uploaded.
    const located = await context.owners.locate(options.ownerId, options.recordId);
    if (located === undefined) throw ownerErased();
    requireSameOwner(located, known);
    if ((await nextVersion(context, located, options)) !== sealed.version) return false;
    if ((await transaction.get(removals, body.id))?.version !== removalVersion) throw removedMeanwhile(body.id);
    transaction.delete(removals, body.id);
    await putVersion(context, transaction, located, options, key, sealed);
    return true;
  }, givenSignal(options));
}

function versionOf({ entry }: Located): number | null {
  return entry?.value.version ?? null;
}

/** A source that counts the bytes which pass. */
class CountedSource implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>;
  #length = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  /** How many bytes have passed. */
  get length(): number {
    return this.#length;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#source) {
      this.#length += piece.length;
      yield piece;
    }
  }
}
