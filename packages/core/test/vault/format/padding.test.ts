import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/encoding/bytes.ts';
import { newMessage } from '../../../src/vault/format/cobblestone/message-key.ts';
import { sealMessage } from '../../../src/vault/format/cobblestone/seal-message.ts';
import { recordContext, recordHeader } from '../../../src/vault/format/envelope.ts';
import { openRecord } from '../../../src/vault/format/open-record.ts';
import { openRecordStream } from '../../../src/vault/format/open-record-stream.ts';
import { recordMessageLength } from '../../../src/vault/format/padding.ts';
import { sealedRecordLength, sealRecord } from '../../../src/vault/format/seal-record.ts';
import { writeTrailer } from '../../../src/vault/format/trailer.ts';
import { codeOf } from '../../support/expect-error.ts';
import { crypto, gather, inPieces, key, place, sequence } from './sealed-record.ts';

/** Seals any message as if it were a record's. */
async function sealedAs(message: Uint8Array): Promise<Uint8Array> {
  const header = recordHeader(place.keyMode);
  const started = await newMessage(crypto, key, recordContext(header, place));
  const sealed = await sealMessage(started, new Uint8Array(), message, header.length);
  sealed.set(header);
  return sealed;
}

describe('padding', () => {
  it('leaves few lengths to be told apart, each at most 12 % and 519 bytes above the content', () => {
    const lengths = new Set<number>();
    for (let length = 0; length <= 2 ** 20; length += 61) {
      const padded = recordMessageLength(length, 8, 'padme');
      expect(padded).toBeGreaterThanOrEqual(length + 8);
      expect(padded).toBeLessThanOrEqual(length * 1.12 + 519);
      lengths.add(padded);
    }
    expect(lengths.size).toBeLessThan(250);
    expect(recordMessageLength(0, 8, 'padme')).toBe(recordMessageLength(256, 8, 'padme'));
  });

  it('hides the content type with the rest', () => {
    for (const length of [0, 100, 16_000, 16_384, 100_000]) {
      const plain = sealedRecordLength(length, { padding: 'padme' });
      expect(sealedRecordLength(length, { padding: 'padme', contentType: 'x'.repeat(255) })).toBe(plain);
    }
  });

  it('keeps every trailer whole within the final chunk', () => {
    for (const padding of ['none', 'padme'] as const) {
      for (let length = 0; length < 70_000; length += 13) {
        for (const trailer of [8, 20, 263]) {
          expect(recordMessageLength(length, trailer, padding) % 16_384).toBeGreaterThanOrEqual(trailer);
        }
      }
    }
  });

  it('is Padmé: as many significant bits as it takes to write the exponent', () => {
    const classOf = (length: number) => recordMessageLength(length, 8, 'padme') - 263;
    // From the definition: E = floor(log2 L), S = floor(log2 E) + 1, the last E - S bits become zero.
    expect([256, 257, 272, 273, 1_000, 1_024, 1_025, 10_000].map(classOf)).toEqual([
      256, 272, 272, 288, 1_024, 1_024, 1_088, 10_240,
    ]);
  });

  it('is told from content that ends in zeros', async () => {
    for (const zeros of [0, 1, 500, 16_384, 60_000]) {
      for (const front of [new Uint8Array(), sequence(300, 1), sequence(16_384, 1), sequence(20_000, 1)]) {
        for (const padding of ['none', 'padme'] as const) {
          const content = concatBytes([front, new Uint8Array(zeros)]);
          const sealed = await sealRecord(crypto, { key, place, padding }, content);
          const arriving = openRecordStream(crypto, { key, place }, inPieces(sealed, 50_000));
          expect(Buffer.compare(await gather(arriving), content)).toBe(0);
          const record = await openRecord(crypto, { key, place }, sealed);
          expect(Buffer.compare(await record.bytes(), content)).toBe(0);
          expect(Buffer.compare(await gather(record.stream()), content)).toBe(0);
        }
      }
    }
  });

  it('gives zeros in the midst of content as they come', async () => {
    const content = concatBytes([sequence(10), new Uint8Array(100_000), sequence(10)]);
    const sealed = await sealRecord(crypto, { key, place }, content);
    const pieces: number[] = [];
    for await (const piece of openRecordStream(crypto, { key, place }, [sealed])) pieces.push(piece.length);
    expect(Math.max(...pieces)).toBeLessThanOrEqual(16_384);
    expect(pieces.reduce((sum, length) => sum + length)).toBe(content.length);
  });
});

describe('a message that its writer did not end in a proper trailer', () => {
  const withTrailer = (length: number, change: (message: Uint8Array) => void) => {
    const message = sequence(length, 1);
    change(message);
    return message;
  };
  const trailer = (message: Uint8Array, contentLength: number) => writeTrailer(message, contentLength);

  it.each([
    ['nothing at all', new Uint8Array()],
    ['seven bytes', sequence(7)],
    ['an empty final chunk', sequence(16_384)],
    ['a content longer than the message', withTrailer(100, (message) => trailer(message, 93))],
    ['a content of 2^48 bytes', withTrailer(100, (message) => trailer(message, 2 ** 48))],
    [
      'a content type longer than the chunk',
      withTrailer(100, (message) => {
        trailer(message, 0);
        message[92] = 93;
      }),
    ],
    [
      'a content type with a control character',
      withTrailer(100, (message) => {
        writeTrailer(message, 10, 'a\nb');
        message.fill(0, 10, 89);
      }),
    ],
    [
      'padding with something in it',
      withTrailer(20_000, (message) => {
        trailer(message, 100);
        message.fill(0, 100, 19_992);
        message[17_000] = 1;
      }),
    ],
    [
      'padding with something in a chunk before the last',
      withTrailer(40_000, (message) => {
        trailer(message, 100);
        message.fill(0, 100, 39_992);
        message[20_000] = 1;
      }),
    ],
  ])('is refused: %s', async (_, message) => {
    const sealed = await sealedAs(message);
    const record = await openRecord(crypto, { key, place }, sealed);
    expect(await codeOf(record.bytes())).toBe('SEAL_INVALID');
    expect(await codeOf(gather(openRecordStream(crypto, { key, place }, [sealed])))).toBe('SEAL_INVALID');
  });
});
