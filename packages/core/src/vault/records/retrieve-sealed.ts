import { z } from 'zod';
import { InvalidInputError } from '../../errors/families.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { VaultContext } from '../context.ts';
import { RECORD_HEAD_LENGTH, type RecordPlace } from '../format/envelope.ts';
import type { RecordSource } from '../format/record-source.ts';
import { toWebStream } from '../format/streams/to-web-stream.ts';
import { callersId, parseOptions, recordId } from '../options.ts';
import { BODY_CHUNK_LENGTH, storedBody } from './body.ts';
import { openCard, type RecordCard } from './record.ts';
import { recordNotFound, requireLive } from './record-errors.ts';

/** Which record to hand over sealed. */
export interface RetrieveSealedOptions extends Abortable {
  readonly ownerId: string;
  /** Default `default`. */
  readonly recordId?: string;
}

/** A record as it is sealed: what `openRecord` of `@chancery/core/vault` opens, in a browser too, with the key. */
export interface SealedRecord {
  /** What the record is bound to. */
  readonly place: RecordPlace;
  /** In bytes. */
  readonly sealedLength: number;
  readonly stream: ReadableStream<Uint8Array>;
}

const sealedOptions = z.strictObject({ ownerId: callersId, recordId, signal: abortSignal });

/** Hands a record over sealed. See `RecordVault.retrieveSealed`. */
export async function retrieveSealed(context: VaultContext, given: RetrieveSealedOptions): Promise<SealedRecord> {
  const { ownerId, recordId, signal } = parseOptions(sealedOptions, given, 'retrieveSealed() options');
  const { store, clock, owners } = context;
  throwIfAborted(signal);
  const located = await owners.locate(ownerId, recordId);
  if (located?.entry === undefined) throw recordNotFound(located?.documentId);
  const { card } = await openCard(store, located.owner, located.entry);
  requireLive(located.documentId, card, clock.now());
  requireSealedUse(located.documentId, card);
  const source = storedBody(store, located.entry);
  const { version, keyMode } = card;
  return {
    place: { namespace: store.namespace, owner: ownerId, record: recordId, version, keyMode },
    sealedLength: source.length,
    stream: toWebStream(({ signal: cancelled }) =>
      piecesOf(source, signal === undefined ? cancelled : AbortSignal.any([cancelled, signal])),
    ),
  };
}

function requireSealedUse(record: string, { keyMode, maxReads }: RecordCard): void {
  const fault =
    keyMode === 'user'
      ? maxReads !== undefined && 'its reads are counted, which takes its key'
      : `its key mode is ${keyMode}: no user can open it alone`;
  if (fault === false) return;
  throw new InvalidInputError('INVALID_ARGUMENT', `The record '${record}' is not handed over sealed: ${fault}`, {
    facts: { record },
  });
}

async function* piecesOf(source: RecordSource, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const head = Math.min(RECORD_HEAD_LENGTH, source.length);
  yield Uint8Array.from(await source.read(0, head, { signal }));
  for (let at = head; at < source.length; at += BODY_CHUNK_LENGTH) {
    const length = Math.min(BODY_CHUNK_LENGTH, source.length - at);
    yield Uint8Array.from(await source.read(at, length, { signal }));
  }
}
