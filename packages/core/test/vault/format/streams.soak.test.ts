import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openRecordStream } from '../../../src/vault/format/open-record-stream.ts';
import { sealRecordStream } from '../../../src/vault/format/seal-record-stream.ts';
import { soakSize } from '../../support/soak.ts';
import { crypto, key, place, sequence } from './sealed-record.ts';

const MiB = 2 ** 20;
const LENGTH = soakSize(24 * MiB, 1024 * MiB);
const MOST_BYTES = 100e6;
const PIECE = sequence(65_536);

it(`a stream of ${LENGTH / MiB} MiB is sealed and opened in bounded memory`, { timeout: 3_600_000 }, async () => {
  await throughFormat(16 * MiB, () => undefined);
  const before = process.memoryUsage.rss();
  let peak = before;
  const opened = await throughFormat(LENGTH, () => {
    peak = Math.max(peak, process.memoryUsage.rss());
  });
  expect(opened).toBe(LENGTH);
  expect(peak - before).toBeLessThan(MOST_BYTES);
});

/** Seals a stream and opens it again as it comes, comparing what comes out; `each` is called once in a MiB. */
async function throughFormat(length: number, each: () => void): Promise<number> {
  const options = { key, place };
  let opened = 0;
  for await (const piece of openRecordStream(crypto, options, sealRecordStream(crypto, options, pieces(length)))) {
    const start = opened % PIECE.length;
    if (Buffer.compare(piece, PIECE.subarray(start, start + piece.length)) !== 0)
      throw new Error(`differs at ${opened}`);
    opened += piece.length;
    if (opened % MiB === 0) {
      each();
      // A turn of the event loop, as any real source takes.
      await turn();
    }
  }
  return opened;
}

function* pieces(length: number): Generator<Uint8Array> {
  for (let at = 0; at < length; at += PIECE.length) yield PIECE.subarray(0, Math.min(PIECE.length, length - at));
}
