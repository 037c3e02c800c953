import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/encoding/bytes.ts';
import { SealError } from '../../../src/errors/families.ts';
import { openRecord } from '../../../src/vault/format/open-record.ts';
import { openRecordStream } from '../../../src/vault/format/open-record-stream.ts';
import { crypto, inPieces, key, partsOf, place, sealedSequence, sequence } from './sealed-record.ts';

/** What came out of a record before it was refused. */
interface Outcome {
  readonly code: string;
  readonly given: number;
}

/** Reads a changed record in every way. None may end well, and only one that cannot know better may give anything. */
async function outcomes(sealed: Uint8Array, content: Uint8Array): Promise<Outcome[]> {
  const open = () => openRecord(crypto, { key, place }, sealed);
  return [
    await outcome(async () => void (await (await open()).bytes()), content),
    await outcome(async (give) => drain((await open()).stream(), give), content),
    await outcome((give) => drain(openRecordStream(crypto, { key, place }, inPieces(sealed, 20_000)), give), content),
  ];
}

async function outcome(
  read: (give: (piece: Uint8Array) => void) => Promise<void>,
  content: Uint8Array,
): Promise<Outcome> {
  let given = 0;
  const give = (piece: Uint8Array) => {
    // Only what is authentic may ever come out, refused later or not.
    expect(Buffer.compare(piece, content.subarray(given, given + piece.length))).toBe(0);
    given += piece.length;
  };
  try {
    await read(give);
  } catch (error) {
    if (error instanceof SealError) return { code: error.code, given };
    throw error;
  }
  throw new Error(`a changed record was read as if it were whole: ${given} bytes of ${content.length}`);
}

async function drain(pieces: AsyncIterable<Uint8Array>, give: (piece: Uint8Array) => void): Promise<void> {
  for await (const piece of pieces) give(piece);
}

/** Whether nothing at all came out, but for the chunks in front of the one at fault where they come one by one. */
function expectRefused([whole, streamed, arriving]: readonly Outcome[], chunk: number, codes: RegExp): void {
  expect(whole?.given).toBe(0);
  expect(streamed?.given).toBeLessThanOrEqual(chunk * 16_384);
  expect(arriving?.given).toBeLessThanOrEqual(chunk * 16_384);
  for (const one of [whole, streamed, arriving]) expect(one?.code).toMatch(codes);
}

describe('a changed record', () => {
  it.each([0, 1, 300])('of %i bytes, by any one bit of each byte, does not open', async (length) => {
    const content = sequence(length);
    for (const padding of ['none', 'padme'] as const) {
      const sealed = await sealedSequence(length, { padding, contentType: 'text/plain' });
      for (let at = 0; at < sealed.length; at++) {
        const changed = sealed.slice();
        changed[at] = (changed[at] as number) ^ (1 << (at % 8));
        expectRefused(await outcomes(changed, content), 0, /^SEAL_(OPEN_FAILED|INVALID)$/);
      }
    }
  });

  it('of several chunks, by one bit anywhere, gives at the most the chunks in front of it', async () => {
    const content = sequence(33_000);
    const sealed = await sealedSequence(content.length);
    const changed = sealed.slice();
    // Every byte of head and borders, and every 97th of the rest.
    for (let at = 0; at < sealed.length; at++) {
      const inChunk = (at - 61) % 16_400;
      if (at > 80 && inChunk > 20 && inChunk < 16_370 && at % 97 !== 0 && at < sealed.length - 40) continue;
      changed[at] = (changed[at] as number) ^ (1 << (at % 8));
      const chunk = Math.max(0, Math.floor((at - 61) / 16_400));
      expectRefused(await outcomes(changed, content), chunk, /^SEAL_(OPEN_FAILED|INVALID)$/);
      changed[at] = sealed[at] as number;
    }
  });

  it.each([0, 5, 300])('of %i bytes, cut off anywhere, does not open', async (length) => {
    const sealed = await sealedSequence(length);
    for (let end = 0; end < sealed.length; end++) {
      expectRefused(await outcomes(sealed.subarray(0, end), sequence(length)), 0, /^SEAL_(OPEN_FAILED|TRUNCATED)$/);
    }
  });

  it('of several chunks, cut off at and around each border and within, gives nothing where its length is known', async () => {
    const content = sequence(50_000);
    const sealed = await sealedSequence(content.length);
    const borders = [61, 61 + 16_400, 61 + 2 * 16_400, 61 + 3 * 16_400, sealed.length];
    const around = [-17, -16, -15, -2, -1, 0, 1, 2, 15, 16, 17, 8_000];
    const ends = new Set(borders.flatMap((border) => around.map((off) => border + off)));
    for (const end of [...ends].filter((one) => one >= 0 && one < sealed.length)) {
      const [whole, streamed, arriving] = await outcomes(sealed.subarray(0, end), content);
      expect([whole?.given, streamed?.given]).toEqual([0, 0]);
      expect(arriving?.given).toBe(Math.max(0, Math.floor((end - 61) / 16_400)) * 16_384);
      for (const one of [whole, streamed, arriving]) expect(one?.code).toMatch(/^SEAL_(OPEN_FAILED|TRUNCATED)$/);
      if (borders.includes(end)) expect([whole?.code, arriving?.code]).toEqual(['SEAL_TRUNCATED', 'SEAL_TRUNCATED']);
    }
  });

  it('of which chunks were exchanged, repeated, dropped or added does not open', async () => {
    const content = sequence(50_000);
    const { head, chunks } = partsOf(await sealedSequence(content.length));
    const other = partsOf(await sealedSequence(content.length)).chunks;
    const [first, second, third, last] = chunks as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const arrangements: readonly [number, Uint8Array[]][] = [
      [0, [second, first, third, last]],
      [1, [first, third, second, last]],
      [1, [first, first, third, last]],
      [2, [first, second, second, last]],
      [0, [second, third, last]],
      [1, [first, third, last]],
      [2, [first, second, last]],
      [3, [first, second, third]],
      [0, [last]],
      [3, [first, second, third, third, last]],
      [4, [first, second, third, last, last]],
      [3, [first, second, third, last, first]],
      [1, [first, other[1] as Uint8Array, third, last]],
      [3, [first, second, third, other[3] as Uint8Array]],
      [0, other],
    ];
    for (const [chunk, arranged] of arrangements) {
      const changed = concatBytes([head, ...arranged]);
      expectRefused(await outcomes(changed, content), chunk, /^SEAL_(OPEN_FAILED|TRUNCATED)$/);
    }
  });

  it.each([1, 15, 16, 17, 16_399, 16_400, 20_000])('with %i bytes added does not open', async (added) => {
    for (const length of [10, 16_376, 33_000]) {
      const changed = concatBytes([await sealedSequence(length), new Uint8Array(added)]);
      const chunks = Math.ceil(length / 16_384) + 1;
      expectRefused(await outcomes(changed, sequence(length)), chunks, /^SEAL_(OPEN_FAILED|TRUNCATED)$/);
    }
  });
});

describe('a source that does not give what it was asked for', () => {
  const lying = async (answer: (asked: number) => unknown) => {
    const sealed = await sealedSequence(40_000);
    let reads = 0;
    const source = {
      length: sealed.length,
      read: (offset: number, length: number) =>
        reads++ === 0 ? sealed.subarray(offset, offset + length) : (answer(length) as Uint8Array),
    };
    const record = await openRecord(crypto, { key, place }, source);
    return outcome(async (give) => drain(record.stream(), give), sequence(40_000));
  };

  it('is refused', async () => {
    expect(await lying((asked) => new Uint8Array(asked - 1))).toEqual({ code: 'SEAL_TRUNCATED', given: 0 });
    expect(await lying((asked) => new Uint8Array(asked + 1))).toEqual({ code: 'SEAL_INVALID', given: 0 });
    expect(await lying(() => undefined)).toEqual({ code: 'SEAL_INVALID', given: 0 });
    expect(await lying(() => 'text')).toEqual({ code: 'SEAL_INVALID', given: 0 });
    expect(await lying((asked) => new Uint8Array(asked))).toEqual({ code: 'SEAL_OPEN_FAILED', given: 0 });
  });
});
