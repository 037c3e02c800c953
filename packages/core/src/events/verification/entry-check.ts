import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import { StorageError } from '../../errors/storage-error.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { StoredDocument } from '../../ports/storage.ts';
import { hashChain, hashLeaf } from '../chain.ts';
import { eventRecords } from '../event-collections.ts';
import { type ChainedRecord, entryText, isChained } from '../log-entry.ts';

/** What became of one entry. */
export interface EntryVerdict {
  readonly fits: boolean;
  /** The chain hash behind it; `undefined` where it cannot be relied on. */
  readonly chainHash: Uint8Array | undefined;
  /** Where it was chained, if that can be told and is elsewhere. */
  readonly movedFrom?: number;
}

/**
 * Judges one entry.
 *
 * @param before - the chain hash before it; `undefined` where that is not known
 * @param neighbors - the entries read along with it: one that was exchanged with one of them is told from a changed one
 */
export async function checkEntry(
  crypto: CryptoProvider,
  document: StoredDocument,
  before: Uint8Array | undefined,
  neighbors: readonly StoredDocument[],
): Promise<EntryVerdict> {
  const record = read(document);
  if (record === undefined) return { fits: false, chainHash: undefined };
  const leafHash = await hashLeaf(crypto, entryText(document.id, record, record.sequence, record.loggedAt));
  if (toBase64(leafHash) !== record.leafHash) {
    const movedFrom = await placeOf(crypto, document.id, record, neighbors);
    if (movedFrom !== undefined) return { fits: false, chainHash: undefined, movedFrom };
    return { fits: false, chainHash: decode(record.chainHash) };
  }
  if (before !== undefined) {
    const chainHash = await hashChain(crypto, before, leafHash);
    if (toBase64(chainHash) === record.chainHash) return { fits: true, chainHash };
  }
  const chainHash = decode(record.chainHash);
  return { fits: before === undefined && chainHash !== undefined, chainHash };
}

/** Finds the place that an entry was chained at, by its own hash or by that of the entry which is there. */
async function placeOf(
  crypto: CryptoProvider,
  id: string,
  record: ChainedRecord,
  neighbors: readonly StoredDocument[],
): Promise<number | undefined> {
  for (const { data } of neighbors) {
    const { sequence, loggedAt, leafHash } = data;
    if (typeof sequence !== 'number' || sequence === record.sequence) continue;
    for (const time of new Set([record.loggedAt, loggedAt])) {
      if (typeof time !== 'number') continue;
      const hash = toBase64(await hashLeaf(crypto, entryText(id, record, sequence, time)));
      if (hash === record.leafHash || hash === leafHash) return sequence;
    }
  }
  return undefined;
}

function read(document: StoredDocument): ChainedRecord | undefined {
  try {
    const { value } = eventRecords.decode(document);
    return isChained(value) ? value : undefined;
  } catch (error) {
    // A record of a later version is no sign of tampering: it cannot be judged, so the verification cannot go on.
    if (!(error instanceof StorageError) || error.code !== 'STORAGE_CORRUPT') throw error;
    return undefined;
  }
}

function decode(hash: string): Uint8Array | undefined {
  try {
    return fromBase64(hash);
  } catch {
    return undefined;
  }
}
