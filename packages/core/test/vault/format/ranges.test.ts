import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/encoding/bytes.ts';
import { newMessage } from '../../../src/vault/format/cobblestone/message-key.ts';
import { recordContext, recordHeader } from '../../../src/vault/format/envelope.ts';
import { openRecord } from '../../../src/vault/format/open-record.ts';
import type { OpenedRecord } from '../../../src/vault/format/opened-record.ts';
import { bytesSource, type RecordSource, SPAN_LENGTH } from '../../../src/vault/format/record-source.ts';
import { sealedRecordLength } from '../../../src/vault/format/seal-record.ts';
import { writeTrailer } from '../../../src/vault/format/trailer.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { seed, soakSize } from '../../support/soak.ts';
import { crypto, gather, key, place, sealedSequence, sequence } from './sealed-record.ts';

const GiB = 2 ** 30;

/** A source that notes which parts of it were read. */
function watched(source: RecordSource) {
  const reads: { readonly offset: number; readonly length: number }[] = [];
  const read: RecordSource['read'] = (offset, length) => {
    reads.push({ offset, length });
    return source.read(offset, length);
  };
  return { source: { length: source.length, read }, reads };
}

/** A record of zeros, sealed where it is read: as large as one likes, and nowhere in memory. */
async function endlessRecord(contentLength: number): Promise<RecordSource> {
  const header = recordHeader(place.keyMode);
  const { preamble, cipher } = await newMessage(crypto, key, recordContext(header, place));
  const head = concatBytes([header, preamble]);
  const length = sealedRecordLength(contentLength);
  const sealChunk = async (index: number): Promise<Uint8Array> => {
    const at = 61 + index * 16_400;
    const plaintext = new Uint8Array(Math.min(16_400, length - at) - 16);
    if (plaintext.length < 16_384) writeTrailer(plaintext, contentLength);
    const sealed = new Uint8Array(plaintext.length + 16);
    await cipher.seal(index, plaintext, sealed);
    return sealed;
  };
  return {
    length,
    async read(offset, wanted) {
      if (offset === 0) return head.subarray(0, wanted);
      const first = Math.floor((offset - 61) / 16_400);
      const end = Math.ceil((offset + wanted - 61) / 16_400);
      const chunks = await Promise.all(Array.from({ length: end - first }, (_, index) => sealChunk(first + index)));
      const start = offset - 61 - first * 16_400;
      return concatBytes(chunks).subarray(start, start + wanted);
    },
  };
}

describe('a part of a record', () => {
  it('is what lies there, whatever the part, the size and the padding', async () => {
    const cases = fc.record({
      length: fc.oneof(
        fc.nat(70),
        fc.nat(100_000),
        fc.nat(8).map((chunks) => chunks * 16_384),
      ),
      slack: fc.integer({ min: -20, max: 20 }),
      padding: fc.constantFrom('none' as const, 'padme' as const),
      parts: fc.array(
        fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1.2, noNaN: true })),
      ),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ length: about, slack, padding, parts }) => {
        const content = sequence(Math.max(0, about + slack));
        const record = await openRecord(crypto, { key, place }, await sealedSequence(content.length, { padding }));
        for (const [from, to] of parts) {
          const start = Math.floor(from * content.length);
          const end = Math.max(start, Math.floor(to * content.length));
          const expected = content.subarray(start, end);
          expect(Buffer.compare(await record.range({ start, end }), expected)).toBe(0);
          expect(Buffer.compare(await gather(record.rangeStream({ start, end })), expected)).toBe(0);
        }
      }),
      { seed: seed(8), numRuns: soakSize(100, 20_000) },
    );
  });

  it('ends where the content does', async () => {
    const record = await openRecord(crypto, { key, place }, await sealedSequence(20_000, { padding: 'padme' }));
    expect(await record.range({ start: 19_999, end: 30_000 })).toEqual(sequence(20_000).subarray(19_999));
    expect(await record.range({ start: 19_990 })).toHaveLength(10);
    expect(await record.range({ start: 20_000 })).toHaveLength(0);
    expect(await record.range({ start: 5, end: 5 })).toHaveLength(0);
    const error = await rejection(record.range({ start: 20_001 }));
    expect(error).toMatchObject({ code: 'RANGE_NOT_SATISFIABLE', facts: { start: 20_001, contentLength: 20_000 } });
    expect(await codeOf(record.rangeStream({ start: 20_001 }).next())).toBe('RANGE_NOT_SATISFIABLE');
  });

  it.each([
    { start: -1 },
    { start: 1.5 },
    { start: Number.NaN },
    { start: 5, end: 4 },
    { start: 0, end: Number.POSITIVE_INFINITY },
    { start: '0' },
    {},
    undefined,
    null,
  ])('%j is none', async (range) => {
    const record = await openRecord(crypto, { key, place }, await sealedSequence(10));
    expect(await codeOf(record.range(range as never))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(record.rangeStream(range as never).next())).toBe('INVALID_ARGUMENT');
  });

  it('of one byte of 1 GiB reads two chunks at the most', async () => {
    const { source, reads } = watched(await endlessRecord(GiB));
    const record = await openRecord(crypto, { key, place }, source);
    expect(reads.splice(0)).toEqual([{ offset: 0, length: 61 }]);
    for (const start of [0, 16_383, 16_384, 123_456_789, GiB - 16_385, GiB - 1]) {
      expect(await record.range({ start, end: start + 1 })).toEqual(Uint8Array.of(0));
      const chunks = reads.splice(0).map(({ offset, length }) => [(offset - 61) / 16_400, Math.ceil(length / 16_400)]);
      expect(chunks.length).toBeLessThanOrEqual(2);
      expect(chunks[0]).toEqual([Math.floor((GiB + 8) / 16_384), 1]);
      if (start < GiB - 1) expect(chunks[1]).toEqual([Math.floor(start / 16_384), 1]);
    }
  });

  it('is read in spans, of which no read crosses the border', async () => {
    const sealed = await sealedSequence(700_000);
    const reading: ((record: OpenedRecord) => Promise<unknown>)[] = [
      (record) => record.bytes(),
      (record) => gather(record.stream()),
      (record) => record.range({ start: 100_000, end: 400_000 }),
    ];
    for (const read of reading) {
      const { source, reads } = watched(bytesSource(sealed));
      await read(await openRecord(crypto, { key, place }, source));
      for (const { offset, length } of reads.slice(1)) {
        const span = Math.floor((offset - 61) / SPAN_LENGTH);
        expect(offset + length).toBeLessThanOrEqual(61 + (span + 1) * SPAN_LENGTH);
      }
      expect(reads.length).toBeLessThanOrEqual(1 + 1 + Math.ceil(sealed.length / SPAN_LENGTH));
    }
    expect(SPAN_LENGTH).toBeLessThanOrEqual(192 * 1024);
  });

  it('of a record whose end is not authentic is not given', async () => {
    const sealed = await sealedSequence(50_000);
    const last = sealed.length - 1;
    sealed[last] = (sealed[last] as number) ^ 1;
    const record = await openRecord(crypto, { key, place }, sealed);
    expect(await codeOf(record.range({ start: 0, end: 1 }))).toBe('SEAL_OPEN_FAILED');
    expect(await codeOf(record.info())).toBe('SEAL_OPEN_FAILED');
    expect(await codeOf(record.stream().next())).toBe('SEAL_OPEN_FAILED');
  });
});
