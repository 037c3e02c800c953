import { Readable } from 'node:stream';
import { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { describe, expect, it } from 'vitest';
import { openRecord } from '../../../src/vault/format/open-record.ts';
import { openRecordStream } from '../../../src/vault/format/open-record-stream.ts';
import { sealRecordStream } from '../../../src/vault/format/seal-record-stream.ts';
import type { ByteSource } from '../../../src/vault/format/streams/byte-source.ts';
import { regroup } from '../../../src/vault/format/streams/regroup.ts';
import { toWebStream } from '../../../src/vault/format/streams/to-web-stream.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { crypto, gather, inPieces, key, place, sealedSequence, sequence } from './sealed-record.ts';

/** A source that counts how far it was read, and notes when it is let go. */
function watched(
  bytes: Uint8Array,
  { pieces = 10_000, fail, hang }: { pieces?: number; fail?: Error; hang?: true } = {},
) {
  const state = { pulled: 0, released: false };
  async function* read() {
    try {
      for await (const piece of inPieces(bytes, pieces)) {
        state.pulled += piece.length;
        yield piece;
      }
      if (fail) throw fail;
    } finally {
      state.released = true;
    }
  }
  const source = read();
  if (!hang) return { source, state };
  // A source that is slow for ever: it never answers once its bytes are out.
  const stalls: AsyncIterator<Uint8Array> = {
    next: async () => {
      const step = await source.next();
      return step.done ? new Promise<never>(() => undefined) : step;
    },
    return: async () => {
      state.released = true;
      return { done: true, value: undefined };
    },
  };
  return { source: { [Symbol.asyncIterator]: () => stalls }, state };
}

const ways: readonly [string, (source: ByteSource, signal?: AbortSignal) => AsyncGenerator<Uint8Array, unknown>][] = [
  ['sealing', (source, signal) => sealRecordStream(crypto, { key, place, ...(signal && { signal }) }, source)],
  ['opening', (source, signal) => openRecordStream(crypto, { key, place, ...(signal && { signal }) }, source)],
  ['regrouping', (source, signal) => regroup(source, 16_384, signal && { signal })],
];
const input = await sealedSequence(100_000);

describe.each(ways)('a stream while %s', (name, start) => {
  it('takes any kind of source, with pieces of any length', async () => {
    const expected = await gather(start([input]));
    const sources: ByteSource[] = [
      [input.subarray(0, 7), new Uint8Array(), input.subarray(7)],
      inPieces(input, 1_234),
      new Response(input as BodyInit).body as ReadableStream<Uint8Array>,
      NodeReadableStream.from(inPieces(input, 30_000)) as ReadableStream<Uint8Array>,
      Readable.from(inPieces(input, 3_333)),
      input as never,
    ];
    for (const source of sources) {
      const found = await gather(start(source));
      if (name === 'sealing') expect(found.length).toBe(expected.length);
      else expect(Buffer.compare(found, expected)).toBe(0);
    }
  });

  it('takes a ReadableStream that cannot be iterated', async () => {
    const stream = new Response(input as BodyInit).body as ReadableStream<Uint8Array>;
    const bare = { getReader: () => stream.getReader() };
    expect((await gather(start(bare as ReadableStream))).length).toBe((await gather(start([input]))).length);
  });

  it('reads no further than it has to, and lets go of its source when nobody wants more', async () => {
    const { source, state } = watched(input);
    const pieces = start(source);
    expect(state.pulled).toBe(0);
    await pieces.next();
    expect(state.pulled).toBeLessThanOrEqual(20_000);
    await pieces.next();
    expect(state.pulled).toBeLessThanOrEqual(40_000);
    expect(state.released).toBe(false);
    await pieces.return(undefined);
    expect(state.released).toBe(true);
    expect(await pieces.next()).toEqual({ done: true, value: undefined });
  });

  it('passes on what the source throws, as it is', async () => {
    const fail = new Error('the disk is on fire');
    for (const at of [0, 100, 30_000, input.length]) {
      const { source } = watched(input.subarray(0, at), { fail });
      await expect(gather(start(source))).rejects.toBe(fail);
    }
  });

  it('ends when it is aborted, before and between pieces', async () => {
    const stopper = new AbortController();
    const { source, state } = watched(input);
    const pieces = start(source, stopper.signal);
    await pieces.next();
    await pieces.next();
    stopper.abort('enough');
    const error = await rejection(pieces.next());
    expect(error).toMatchObject({ code: 'ABORTED', cause: 'enough' });
    expect(state.released).toBe(true);
    expect(await codeOf(start([input], stopper.signal).next())).toBe('ABORTED');
  });

  it('ends when it is aborted although the source keeps it waiting, and lets go of it', async () => {
    const stopper = new AbortController();
    const { source, state } = watched(input.subarray(0, 70), { hang: true });
    const pieces = start(source, stopper.signal);
    if (name === 'sealing') await pieces.next();
    const next = pieces.next();
    await new Promise((resolve) => setImmediate(resolve));
    stopper.abort();
    expect(await codeOf(next)).toBe('ABORTED');
    await new Promise((resolve) => setImmediate(resolve));
    expect(state.released).toBe(true);
  });

  it('does not complain of a source that fails to be let go', async () => {
    const stubborn = {
      next: async () => ({ done: false, value: input }),
      return: () => {
        throw new Error('no');
      },
    };
    const pieces = start({ [Symbol.asyncIterator]: () => stubborn } as never);
    await pieces.next();
    await pieces.return(undefined);
  });

  it.each([['text'], [[1, 2]], [new Uint16Array(3)], [null]])('refuses %j for a piece', async (piece) => {
    const error = await rejection(gather(start([input.subarray(0, 100), piece] as never)));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', facts: { index: 1 } });
  });

  it('works as a Web Stream', async () => {
    const web = toWebStream(({ signal }) => start(inPieces(input, 9_000), signal));
    const total = (await gather(start([input]))).length;
    expect((await new Response(web).arrayBuffer()).byteLength).toBe(total);
  });

  it('is let go of by cancelling its Web Stream, also in the midst of waiting', async () => {
    const calm = watched(input);
    const quiet = toWebStream(({ signal }) => start(calm.source, signal)).getReader();
    await quiet.read();
    await quiet.read();
    await quiet.cancel('enough');
    expect(calm.state.released).toBe(true);

    const { source, state } = watched(input.subarray(0, 70), { hang: true });
    const reader = toWebStream(({ signal }) => start(source, signal)).getReader();
    if (name === 'sealing') await reader.read();
    const waiting = reader.read();
    await new Promise((resolve) => setImmediate(resolve));
    await reader.cancel();
    expect(await waiting).toMatchObject({ done: true });
    await new Promise((resolve) => setImmediate(resolve));
    expect(state.released).toBe(true);
  });
});

describe('a Web Stream of a record that was cut off', () => {
  it('ends in an error, not as if it were whole', async () => {
    const cut = input.subarray(0, 61 + 2 * 16_400);
    const reader = toWebStream(() => openRecordStream(crypto, { key, place }, [cut])).getReader();
    await reader.read();
    await reader.read();
    expect(await codeOf(reader.read())).toBe('SEAL_TRUNCATED');
  });
});

describe('a stream of which the pieces are used again by its writer', () => {
  it('is sealed as it was', async () => {
    const content = sequence(50_000);
    async function* reused() {
      const buffer = new Uint8Array(3_000);
      for (let at = 0; at < content.length; at += buffer.length) {
        const piece = content.subarray(at, at + buffer.length);
        buffer.set(piece);
        yield buffer.subarray(0, piece.length);
        buffer.fill(0xff);
      }
    }
    const sealed = await gather(sealRecordStream(crypto, { key, place }, reused()));
    expect(Buffer.compare(await (await openRecord(crypto, { key, place }, sealed)).bytes(), content)).toBe(0);
  });
});

describe('opening where the record lies', () => {
  it('stops when it is aborted: at the head, before a chunk, and while the source reads', async () => {
    const stopped = AbortSignal.abort('enough');
    expect(await codeOf(openRecord(crypto, { key, place, signal: stopped }, input))).toBe('ABORTED');
    const record = await openRecord(crypto, { key, place }, input);
    expect(await codeOf(record.info({ signal: stopped }))).toBe('ABORTED');
    expect(await codeOf(record.bytes({ signal: stopped }))).toBe('ABORTED');
    expect(await codeOf(record.range({ start: 0 }, { signal: stopped }))).toBe('ABORTED');
    const stopper = new AbortController();
    const pieces = record.stream({ signal: stopper.signal });
    await pieces.next();
    stopper.abort();
    expect(await codeOf(pieces.next())).toBe('ABORTED');
  });

  it('hands the signal to the source, and passes on what it throws', async () => {
    const { signal } = new AbortController();
    const signals = new Set<AbortSignal | undefined>();
    const fail = new Error('a storage that fails');
    let failing = false;
    const record = await openRecord(
      crypto,
      { key, place, signal },
      {
        length: input.length,
        read: async (offset, length, options) => {
          signals.add(options?.signal);
          if (failing) throw fail;
          return input.subarray(offset, offset + length);
        },
      },
    );
    await record.bytes({ signal });
    await gather(record.stream({ signal }));
    expect([...signals]).toEqual([signal]);
    failing = true;
    await expect(record.bytes()).rejects.toBe(fail);
    await expect(record.stream().next()).rejects.toBe(fail);
  });
});

describe('regroup', () => {
  it('cuts pieces of one length, the last one shorter and never empty', async () => {
    const bytes = sequence(1_000);
    for (const length of [1, 7, 250, 333, 500, 999, 1_000, 1_001]) {
      for (const given of [1, 250, 1_000]) {
        const pieces: Uint8Array[] = [];
        for await (const piece of regroup(inPieces(bytes, given), length)) pieces.push(Uint8Array.from(piece));
        expect(Buffer.compare(Buffer.concat(pieces), bytes)).toBe(0);
        expect(pieces.length).toBe(Math.ceil(1_000 / length));
        for (const piece of pieces.slice(0, -1)) expect(piece.length).toBe(length);
      }
    }
    expect(await gather(regroup([], 5))).toHaveLength(0);
    expect(await gather(regroup([new Uint8Array()], 5))).toHaveLength(0);
  });

  it.each([0, -1, 1.5, Number.NaN])('cuts no pieces of %d bytes', async (length) => {
    expect(await codeOf(regroup([], length).next())).toBe('INVALID_ARGUMENT');
  });
});
