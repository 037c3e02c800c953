import { MemoryStorage } from '@chancery/storage-memory';
import { expect } from 'vitest';
import { EventLog } from '../../src/events/event-log.ts';
import type { Keyring } from '../../src/keyring/keyring.ts';
import { LocalKeyring } from '../../src/keyring/local-keyring.ts';
import type { ErasureKeys } from '../../src/ports/erasure-keys.ts';
import type { DocumentRef, StorageBackend, StoredDocument, Write } from '../../src/ports/storage.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { storageErasureKeys } from '../../src/vault/erasure/storage-erasure-keys.ts';
import { RecordVault } from '../../src/vault/record-vault.ts';
import type { RecordVaultOptions } from '../../src/vault/record-vault-options.ts';
import { createTestStorage, overriding } from '../support/test-storage.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** More than lies in one document. */
export const LARGE = 400_000;

export interface TestVaultOptions
  extends Partial<Omit<RecordVaultOptions, 'storage' | 'clock' | 'events' | 'keyring'>> {
  readonly clock?: VirtualClock;
  readonly keyring?: Keyring;
  /** No erasure keys outside the storage. */
  readonly onKeyring?: boolean;
  /** Stands between the vault and the storage. */
  readonly wrapStorage?: (storage: StorageBackend) => StorageBackend;
}

export interface TestVault {
  readonly vault: RecordVault;
  readonly clock: VirtualClock;
  readonly events: EventLog;
  readonly keyring: Keyring;
  readonly erasureKeys: ErasureKeys | undefined;
  /** What stands under the vault, without what was put between. */
  readonly storage: StorageBackend;
  /** Every document that the vault has in storage. */
  dump(): Promise<StoredDocument[]>;
  /** Puts all documents back as they were, and removes those that came since: what restoring a backup does. */
  restore(backup: readonly StoredDocument[]): Promise<void>;
  /** A further instance, as another process would make it. */
  another(options?: Partial<RecordVaultOptions>): RecordVault;
}

/** Makes a vault on a fresh storage, whose erasure keys are on another one. */
export function createTestVault(options: TestVaultOptions = {}): TestVault {
  const { clock = new VirtualClock(), keyring = LocalKeyring.generate(), onKeyring, wrapStorage, ...rest } = options;
  const stored = createTestStorage(clock);
  const written = new Map<string, DocumentRef>();
  const note = (backend: StorageBackend): StorageBackend =>
    overriding(backend, {
      commit: (writes: readonly Write[]) => {
        for (const { kind, collection, id } of writes) {
          if (kind === 'put' && collection.startsWith('vault_')) written.set(`${collection}/${id}`, { collection, id });
        }
        return backend.commit(writes);
      },
    });
  const erasureKeys = onKeyring ? undefined : storageErasureKeys({ storage: new MemoryStorage({ clock }), keyring });
  const settings = { ...(erasureKeys && { erasureKeys }), ...rest, keyring, clock };
  const under = note(stored.storage);
  const storage = wrapStorage?.(under) ?? under;
  const events = new EventLog({ storage, clock });
  return {
    vault: new RecordVault({ ...settings, storage, events }),
    clock,
    events,
    keyring,
    erasureKeys,
    storage: under,
    dump: () => documentsAt(under, [...written.values()]),
    async restore(backup) {
      const kept = new Set(backup.map(({ collection, id }) => `${collection}/${id}`));
      for (const [key, ref] of written) {
        if (!kept.has(key)) await under.commit([{ kind: 'delete', ...ref }]);
      }
      for (const document of backup) await putDocument(under, document);
    },
    another(changed = {}) {
      const other = changed.storage ?? note(stored.another());
      const log = new EventLog({ storage: other, clock });
      return new RecordVault({ ...settings, ...changed, storage: other, events: log });
    },
  };
}

/** Reads documents, those that are there. */
async function documentsAt(storage: StorageBackend, refs: readonly DocumentRef[]): Promise<StoredDocument[]> {
  const found: (StoredDocument | undefined)[] = [];
  for (let at = 0; at < refs.length; at += 50) found.push(...(await storage.get(refs.slice(at, at + 50))));
  return found.filter((document) => document !== undefined);
}

/** Writes a document past the vault, as whoever has the database can. */
export async function putDocument(storage: StorageBackend, document: StoredDocument): Promise<void> {
  const { collection, id, data, bytes, dueAt, expiresAt } = document;
  outside += 1;
  const version = `outside-${outside}`;
  await storage.commit([
    {
      kind: 'put',
      collection,
      id,
      version,
      data,
      ...(bytes && { bytes }),
      ...(dueAt !== undefined && { dueAt }),
      ...(expiresAt !== undefined && { expiresAt }),
    },
  ]);
}
let outside = 0;

/** The documents of one collection. */
export function of(documents: readonly StoredDocument[], collection: string): StoredDocument[] {
  return documents.filter((document) => document.collection === collection);
}

/** Runs every chore until none has more to do. */
export async function maintain(vault: RecordVault, limit = 100): Promise<void> {
  for (const task of vault.maintenance()) {
    for (let more = true; more; ) ({ more } = await task.run({ limit }));
  }
}

/** Bytes that are the same for the same length and seed, and no two of them alike for long. */
export function content(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  for (let at = 0; at < length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state & 0xff;
  }
  return bytes;
}

/** A stream of pieces of uneven lengths. */
export function streamOf(bytes: Uint8Array, pieceLength = 10_007): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else {
        controller.enqueue(bytes.slice(at, at + pieceLength));
        at += pieceLength;
      }
    },
  });
}

/** Everything that a stream gives. */
export async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(Uint8Array.from(piece));
  return new Uint8Array(Buffer.concat(pieces));
}

/** Compares long contents, at which a test runner's own comparison is slow. */
export function expectContent(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length);
  expect(Buffer.compare(actual, expected)).toBe(0);
}
