import { InvalidInputError } from '../../errors/families.ts';
import { requireObject } from '../../errors/require-object.ts';
import type { Abortable } from '../../ports/abortable.ts';
import type { MessageReader, OpenedChunk } from './cobblestone/message-reader.ts';
import { CHUNK_LENGTH } from './cobblestone/sizes.ts';
import { noTrailer, type RecordInfo, readTrailer } from './trailer.ts';

/** Which part of a record's content is wanted. */
export interface ByteRange {
  /** The offset of the first byte. */
  readonly start: number;
  /** The offset behind the last byte. Default, and at most: the end of the content. */
  readonly end?: number;
}

/**
 * A sealed record whose key fits. Every byte that it gives has been authenticated, and its length too.
 *
 * All methods throw SealError, SEAL_OPEN_FAILED, when what they read was changed, exchanged or cut off.
 */
export class OpenedRecord {
  readonly #message: MessageReader;
  #info: RecordInfo | undefined;

  /** @param message the record's message; use `openRecord` */
  constructor(message: MessageReader) {
    this.#message = message;
  }

  /**
   * Reads what the record says of its content.
   *
   * @returns length and content type
   * @throws {SealError} SEAL_OPEN_FAILED, SEAL_TRUNCATED: its end was changed or is missing
   * @throws {SealError} SEAL_INVALID: it does not end as a record does
   * @throws {ChanceryError} ABORTED: the signal says so
   */
  async info(options: Abortable = {}): Promise<RecordInfo> {
    return this.#info ?? (await this.#end(options)).info;
  }

  /**
   * Reads the whole content into one buffer.
   *
   * @returns the content
   * @throws {SealError} SEAL_OPEN_FAILED, SEAL_TRUNCATED: some of it was changed, exchanged or is missing
   * @throws {SealError} SEAL_INVALID: it does not end as a record does
   * @throws {ChanceryError} ABORTED: the signal says so
   */
  async bytes(options: Abortable = {}): Promise<Uint8Array> {
    const message = await this.#message.all(options);
    const { info, start } = readTrailer(finalChunkOf(message), this.#message.finalIndex * CHUNK_LENGTH);
    if (!isZero(message.subarray(info.contentLength, start))) throw noTrailer();
    this.#info = info;
    return message.subarray(0, info.contentLength);
  }

  /**
   * Reads the whole content piece by piece. The end is authenticated first, so a record that was cut off gives nothing.
   *
   * @returns pieces of at most 16 KiB
   * @throws as `bytes` does, when the generator is asked for the piece that is at fault
   */
  stream(options: Abortable = {}): AsyncGenerator<Uint8Array, void, undefined> {
    return this.rangeStream({ start: 0 }, options);
  }

  /**
   * Reads a part of the content. Of a large record, the final chunk and those of the part are read.
   *
   * @param range which part
   * @returns the part; shorter than asked for only where the content ends
   * @throws {InvalidInputError} RANGE_NOT_SATISFIABLE: it begins behind the end of the content
   * @throws {InvalidInputError} INVALID_ARGUMENT: it is no range of whole numbers
   * @throws {SealError} SEAL_OPEN_FAILED, SEAL_TRUNCATED: what was read was changed, exchanged or is missing
   * @throws {SealError} SEAL_INVALID: the record does not end as one does
   * @throws {ChanceryError} ABORTED: the signal says so
   */
  async range(range: ByteRange, options: Abortable = {}): Promise<Uint8Array> {
    const { start, end } = checkRange(range);
    const tail = await this.#end(options);
    const stop = clamp(start, end, tail.info);
    const part = new Uint8Array(stop - start);
    let at = 0;
    for await (const piece of this.#pieces(start, stop, tail.final, options)) {
      part.set(piece, at);
      at += piece.length;
    }
    return part;
  }

  /**
   * Reads a part of the content piece by piece.
   *
   * @param range which part
   * @returns pieces of at most 16 KiB
   * @throws as `range` does, when the generator is asked for the piece that is at fault
   */
  async *rangeStream(range: ByteRange, options: Abortable = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const { start, end } = checkRange(range);
    const tail = await this.#end(options);
    yield* this.#pieces(start, clamp(start, end, tail.info), tail.final, options);
  }

  async #end(options: Abortable): Promise<{ readonly info: RecordInfo; readonly final: OpenedChunk }> {
    const final = await this.#message.final(options);
    const { info } = readTrailer(final.plaintext, final.offset);
    this.#info = info;
    return { info, final };
  }

  async *#pieces(
    start: number,
    stop: number,
    final: OpenedChunk,
    options: Abortable,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    if (start === stop) return;
    const behind = Math.min(Math.ceil(stop / CHUNK_LENGTH), this.#message.finalIndex);
    for await (const { offset, plaintext } of this.#message.chunks(Math.floor(start / CHUNK_LENGTH), behind, options)) {
      yield plaintext.subarray(Math.max(start - offset, 0), stop - offset);
    }
    if (stop > final.offset) yield final.plaintext.slice(Math.max(start - final.offset, 0), stop - final.offset);
  }
}

function finalChunkOf(message: Uint8Array): Uint8Array {
  return message.subarray(message.length - (message.length % CHUNK_LENGTH));
}

function checkRange(range: ByteRange): Required<ByteRange> {
  requireObject(range, 'A range');
  const { start, end = Number.MAX_SAFE_INTEGER } = range;
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end >= start) return { start, end };
  throw new InvalidInputError('INVALID_ARGUMENT', `There is no range of bytes from ${start} to ${end}`);
}

function clamp(start: number, end: number, { contentLength }: RecordInfo): number {
  if (start > contentLength) throw rangeNotSatisfiable(start, contentLength);
  return Math.min(end, contentLength);
}

/** Makes the error for a range that begins behind the end of the content. */
export function rangeNotSatisfiable(start: number, contentLength: number): InvalidInputError {
  return new InvalidInputError(
    'RANGE_NOT_SATISFIABLE',
    `The range begins at ${start}, the content has ${contentLength} bytes`,
    { facts: { start, contentLength } },
  );
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
