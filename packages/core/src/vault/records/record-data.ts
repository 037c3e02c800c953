import { isBytes, utf8 } from '../../encoding/bytes.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { ByteReader } from '../format/streams/byte-reader.ts';
import type { RecordData } from './store-options.ts';

const PIECE_LENGTH = 64 * 1024;

/** Content that is too long for one document, to be read piece by piece. */
export interface LongContent {
  /** Begins from the start. Undefined where that is not possible: a stream is read once. */
  read(): AsyncIterable<Uint8Array> | undefined;
  /** Lets go of the source. */
  close(): Promise<void>;
}

/**
 * Tells content that fits into one document from content that does not, by reading no more of it than that takes.
 *
 * @param most how many bytes fit
 * @throws whatever the source throws
 */
export async function contentOf(
  data: RecordData,
  most: number,
  { signal }: Abortable,
): Promise<Uint8Array | LongContent> {
  if (typeof data === 'string' || isBytes(data)) {
    const bytes = typeof data === 'string' ? utf8(data) : data;
    return bytes.length <= most ? bytes : { read: () => piecesOf(bytes), close: async () => undefined };
  }
  const reader = new ByteReader(data, signal);
  let begun = false;
  try {
    const start = Uint8Array.from(await reader.take(most + 1));
    if (start.length <= most) {
      await reader.close();
      return start;
    }
    return {
      read() {
        if (begun) return undefined;
        begun = true;
        return resumed(start, reader);
      },
      close: () => reader.close(),
    };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

async function* piecesOf(data: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += PIECE_LENGTH) yield data.subarray(at, at + PIECE_LENGTH);
}

async function* resumed(start: Uint8Array, reader: ByteReader): AsyncGenerator<Uint8Array> {
  yield start;
  for (let piece = await reader.take(PIECE_LENGTH); piece.length > 0; piece = await reader.take(PIECE_LENGTH))
    yield piece;
}
