import { isBytes } from '../../../encoding/bytes.ts';
import { InvalidInputError } from '../../../errors/families.ts';
import { throwIfAborted } from '../../../store/backoff.ts';
import { type ByteSource, type PieceIterator, piecesOf } from './byte-source.ts';

const NOTHING = new Uint8Array();

/** Reads a source in the lengths that the reader wants, whatever the lengths of its pieces. Holds one piece. */
export class ByteReader {
  readonly #pieces: PieceIterator;
  readonly #signal: AbortSignal | undefined;
  #held: Uint8Array = NOTHING;
  #count = 0;
  #waiting = false;
  #ended = false;

  /**
   * @param source read once, by this reader alone
   * @param signal ends the reading, even while the source keeps it waiting
   * @throws {InvalidInputError} INVALID_ARGUMENT: the source cannot be read piece by piece
   */
  constructor(source: ByteSource, signal?: AbortSignal) {
    this.#pieces = piecesOf(source);
    this.#signal = signal;
  }

  /**
   * Takes bytes off the source.
   *
   * @param length how many
   * @returns as many; fewer at the end of the source only. They may be a view of one of its pieces, good until the next call.
   * @throws {ChanceryError} ABORTED: the signal says so
   * @throws {InvalidInputError} INVALID_ARGUMENT: a piece is not bytes
   * @throws whatever the source throws
   */
  async take(length: number): Promise<Uint8Array> {
    throwIfAborted(this.#signal);
    if (this.#held.length === 0) await this.#pull();
    if (this.#held.length >= length) return this.#cut(length);
    const taken = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const part = this.#cut(Math.min(length - at, this.#held.length));
      taken.set(part, at);
      at += part.length;
      if (at < length && !(await this.#pull())) return taken.subarray(0, at);
    }
    return taken;
  }

  /** Lets go of the source, and waits until it has cleaned up, unless it is the source that keeps the reader waiting. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    try {
      const released = this.#pieces.return?.();
      if (this.#waiting) Promise.resolve(released).catch(() => undefined);
      else await released;
    } catch {
      // What was read is as good as it was, and nobody reads on.
    }
  }

  #cut(length: number): Uint8Array {
    const part = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return part;
  }

  /** Gets the next piece that is not empty. False at the end. */
  async #pull(): Promise<boolean> {
    while (!this.#ended) {
      this.#waiting = true;
      const { done, value } = await this.#next();
      this.#waiting = false;
      if (done) {
        this.#ended = true;
        return false;
      }
      if (!isBytes(value)) throw notBytes(value, this.#count);
      this.#count++;
      this.#held = value;
      if (value.length > 0) return true;
    }
    return false;
  }

  async #next(): Promise<IteratorResult<unknown, unknown>> {
    const signal = this.#signal;
    if (signal === undefined) return this.#pieces.next();
    let stop: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
      signal.addEventListener('abort', stop, { once: true });
    });
    try {
      const next = await Promise.race([this.#pieces.next(), stopped]);
      throwIfAborted(signal);
      return next as IteratorResult<unknown, unknown>;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}

function notBytes(value: unknown, index: number): InvalidInputError {
  return new InvalidInputError(
    'INVALID_ARGUMENT',
    `Piece ${index} of the source is ${typeof value}, not a Uint8Array`,
    {
      facts: { index },
    },
  );
}
