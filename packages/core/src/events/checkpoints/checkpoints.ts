import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import { equalBytes } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { StorageError } from '../../errors/storage-error.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/entry.ts';
import { EMPTY_CHAIN } from '../chain.ts';
import { checkpoints, eventRecords, logHeads } from '../event-collections.ts';
import type { LogContext } from '../log-context.ts';
import { HEAD_ID } from '../sequencing/log-head.ts';
import { type Checkpoint, checkpointText, parseCheckpointText } from './checkpoint.ts';
import type { CheckpointKey } from './checkpoint-key.ts';
import { openNote, signNote } from './signed-note.ts';

/** A checkpoint as it is stored. */
export type CheckpointRecord = Entry<{
  readonly size: number;
  readonly note: string;
  readonly madeAt: number;
  readonly published: boolean;
}>;

/** What a checkpoint sink is told besides the note. */
export interface CheckpointSinkOptions {
  /** Aborted when the time for the note is up, or the log is stopped. The note comes again then, even where it arrived. */
  readonly signal: AbortSignal;
}

/** Takes a checkpoint to a place outside the store. */
export type CheckpointSink = (note: string, options: CheckpointSinkOptions) => void | Promise<void>;

/** The signed checkpoints of a log. */
export class Checkpoints {
  readonly #context: LogContext;
  readonly #key: CheckpointKey;

  constructor(context: LogContext, key: CheckpointKey) {
    this.#context = context;
    this.#key = key;
  }

  /**
   * The checkpoint of the log as it is, signed if it was not yet.
   *
   * Nothing is signed that contradicts what was: where the last checkpoint does not fit the log any more, this fails.
   *
   * @throws {ConflictError} EVENTS_KEYRING_MISSING
   * @throws {StorageError} STORAGE_CORRUPT: the log is not a continuation of its last checkpoint, or that is not signed by its key
   * @throws {StorageError} any other of its codes
   */
  async make(options: Abortable = {}): Promise<Checkpoint> {
    const { signal } = signalOf(options);
    throwIfAborted(signal);
    const { store, crypto, clock } = this.#context;
    const signer = await this.#key.signer();
    const head = (await store.get(logHeads, HEAD_ID))?.value;
    const size = head?.size ?? 0;
    const chainHash = head ? fromBase64(head.chainHash) : EMPTY_CHAIN;
    const last = await this.newest();
    if (last) {
      await this.#requireContinuation(last, { size, chainHash });
      // A greater one was made since the head was read.
      if (last.value.size >= size) return this.#read(last);
    }
    throwIfAborted(signal);
    const claim = { origin: signer.name, size, chainHash };
    const note = await signNote(crypto, checkpointText(claim), signer);
    const record = { size, note, madeAt: clock.now(), published: false };
    const put = store.put(checkpoints, String(size), record, { ifVersion: null });
    const { committed } = await store.commit([put]);
    if (committed) return { ...claim, note };
    // Another instance has signed the same.
    return this.make(signalOf(options));
  }

  /** The checkpoint of the greatest size that is stored. */
  async newest(): Promise<CheckpointRecord | undefined> {
    const query = { index: 'bySize', direction: 'descending', limit: 1 } as const;
    return (await this.#context.store.query(checkpoints, query)).entries[0];
  }

  /**
   * Takes the log's newest checkpoint to a sink, unless it is there already.
   *
   * @throws what the sink throws: the checkpoint is taken there again by the next run
   */
  async publish(sink: (note: string) => Promise<void>, options: Abortable = {}): Promise<void> {
    const { size, note } = await this.make(options);
    const { store } = this.#context;
    const stored = await store.get(checkpoints, String(size));
    if (stored === undefined || stored.value.published) return;
    await sink(note);
    await store.commit([
      store.put(checkpoints, stored.id, { ...stored.value, published: true }, { ifVersion: stored.version }),
    ]);
  }

  async #read({ value: { size, note } }: CheckpointRecord): Promise<Checkpoint> {
    const signer = await this.#key.signer();
    let cause: unknown;
    try {
      const claim = parseCheckpointText(await openNote(this.#context.crypto, note, [signer]));
      if (claim.size === size) return { ...claim, note };
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      cause = error;
    }
    const message = `The stored checkpoint at size ${size} is not one that ${signer.name} has signed`;
    throw new StorageError('STORAGE_CORRUPT', message, { facts: { checkpoint: size }, cause });
  }

  async #requireContinuation(
    last: CheckpointRecord,
    head: { readonly size: number; readonly chainHash: Uint8Array },
  ): Promise<void> {
    const { size, chainHash } = await this.#read(last);
    if (size === head.size ? equalBytes(chainHash, head.chainHash) : await this.#holds(size, chainHash)) return;
    const message = `The event log is not a continuation of its checkpoint at size ${size}: verify() tells more`;
    throw new StorageError('STORAGE_CORRUPT', message, { facts: { checkpoint: size, size: head.size } });
  }

  async #holds(size: number, chainHash: Uint8Array): Promise<boolean> {
    if (size === 0) return equalBytes(chainHash, EMPTY_CHAIN);
    const head = (await this.#context.store.get(logHeads, HEAD_ID))?.value;
    if (head?.first === size) return head.firstChainHash === toBase64(chainHash);
    const query = { index: 'bySequence', from: size - 1, to: size, limit: 1 };
    const { entries } = await this.#context.store.query(eventRecords, query);
    return entries[0]?.value.chainHash === toBase64(chainHash);
  }
}
