import { isBytes } from '../../encoding/bytes.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { VaultContext } from '../context.ts';
import { sealRecord } from '../format/seal-record.ts';
import { givenSignal } from '../options.ts';
import { nextVersion, putVersion, sealOptions } from './put-version.ts';
import { contentOf } from './record-data.ts';
import { newRecordKey } from './record-key.ts';
import { storeChunked } from './store-chunked.ts';
import {
  type CheckedStoreOptions,
  checkStoreOptions,
  type StoredRecord,
  type StoreRecordOptions,
} from './store-options.ts';
import { guessNew, locateOrCreate, requireSameOwner, storedRecord } from './store-target.ts';

/** Content of up to so many bytes lies in the record's own document: it would not fill a chunk document. */
const INLINE_LENGTH = 176 * 1024;

/** Stores a record, as a new version where there is one. See `RecordVault.store`. */
export async function storeRecord(context: VaultContext, given: StoreRecordOptions): Promise<StoredRecord> {
  const options = checkStoreOptions(given, context.clock);
  throwIfAborted(options.signal);
  const content = await contentOf(options.data, INLINE_LENGTH, givenSignal(options));
  if (isBytes(content)) return storeWhole(context, options, content);
  try {
    return await storeChunked(context, options, content);
  } finally {
    await content.close();
  }
}

async function storeWhole(
  context: VaultContext,
  options: CheckedStoreOptions,
  content: Uint8Array,
): Promise<StoredRecord> {
  const { store, crypto } = context;
  const key = await newRecordKey(crypto, options.keyMode);
  // Whatever is there is replaced: so a store that was overwritten before its answer came may as well come after. It cannot land late: a
  // record that is replaced has moved, one that is gone has moved its owner.
  const repeatable = options.ifVersion === undefined;
  let first = true;
  let known: string | undefined;
  try {
    return await store.transact(
      async (transaction) => {
        const guess = first ? await guessNew(context, options) : undefined;
        first = false;
        const located = guess ?? (await locateOrCreate(context, options));
        // A guess may rest on an owner who was erased before this began.
        if (guess === undefined) known = requireSameOwner(located, known);
        const version = await nextVersion(context, located, options);
        const bytes = await sealRecord(crypto, sealOptions(context, options, key, version), content);
        const sealed = { version, contentLength: content.length, sealedLength: bytes.length, bytes };
        await putVersion(context, transaction, located, options, key, sealed);
        return storedRecord(options, version, key);
      },
      { repeatable, ...givenSignal(options) },
    );
  } finally {
    key.key.fill(0);
  }
}
