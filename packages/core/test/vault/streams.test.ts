import { describe, expect, it } from 'vitest';
import { codeOf } from '../support/expect-error.ts';
import { storageSize } from '../support/test-storage.ts';
import { content, createTestVault, expectContent, HOUR, LARGE, maintain, of, streamOf } from './support.ts';

const ann = { ownerId: 'ann' };
/** Nothing is made before it is asked for, so that what happens meanwhile happens between two commits. */
const ON_DEMAND = { highWaterMark: 0 };

/** A stream that fails, or waits for ever, after so many bytes. */
function broken(
  bytes: Uint8Array,
  after: number,
  end: 'fails' | 'hangs',
  onCancel?: () => void,
): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < after) {
        controller.enqueue(bytes.slice(at, at + 20_000));
        at += 20_000;
        return undefined;
      }
      if (end === 'fails') controller.error(new RangeError('the source broke'));
      return end === 'hangs' ? new Promise(() => undefined) : undefined;
    },
    cancel: () => onCancel?.(),
  });
}

describe('a stream that is stored', () => {
  it.each([0, 30_000, 200_000, 1_800_000])('and fails after %d bytes leaves the record as it was', async (after) => {
    const { vault, clock, dump } = createTestVault();
    const { key = '' } = await vault.store({ ...ann, data: content(LARGE) });
    const before = of(await dump(), 'vault_record_chunks').length;
    const failing = vault.store({ ...ann, data: broken(content(2_000_000), after, 'fails') });
    await expect(failing).rejects.toThrow('the source broke');
    expectContent((await vault.retrieve({ ...ann, key })).data, content(LARGE));
    clock.advance(HOUR);
    await maintain(vault);
    expect(of(await dump(), 'vault_record_chunks')).toHaveLength(before);
    expect(of(await dump(), 'vault_removals')).toEqual([]);
  });

  it('and is aborted, even while it waits, is let go and leaves the record as it was', async () => {
    const { vault, clock, dump } = createTestVault();
    for (const after of [0, 100_000, 1_700_000]) {
      const stopper = new AbortController();
      let cancelled = false;
      const data = broken(content(2_000_000), after, 'hangs', () => {
        cancelled = true;
      });
      const storing = vault.store({ ...ann, data, signal: stopper.signal });
      const code = codeOf(storing);
      await until(async () => after < 1_500_000 || of(await dump(), 'vault_record_chunks').length > 0);
      stopper.abort();
      expect(await code).toBe('ABORTED');
      await until(() => cancelled);
    }
    clock.advance(HOUR);
    await maintain(vault);
    for (const collection of ['vault_records', 'vault_record_chunks', 'vault_removals']) {
      expect(of(await dump(), collection)).toEqual([]);
    }
  });

  it('and takes hours is not swept away while it makes progress', async () => {
    const { vault, clock } = createTestVault();
    const data = content(4_500_000);
    let at = 0;
    const slow = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          if (at >= data.length) return controller.close();
          controller.enqueue(data.slice(at, at + 500_000));
          at += 500_000;
          clock.advance(HOUR / 5);
          await maintain(vault);
        },
      },
      ON_DEMAND,
    );
    const { key = '' } = await vault.store({ ...ann, data: slow });
    expectContent((await vault.retrieve({ ...ann, key })).data, data);
  });

  it('and makes none for an hour is swept away, and told so', async () => {
    const { vault, clock, dump } = createTestVault();
    const data = content(4_000_000);
    let at = 0;
    const stuck = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          if (at >= data.length) return controller.close();
          controller.enqueue(data.slice(at, at + 500_000));
          at += 500_000;
          // Well behind the first commit of chunks, and well before the second, whatever is read ahead.
          if (at !== 2_500_000) return;
          clock.advance(2 * HOUR);
          await maintain(vault);
        },
      },
      ON_DEMAND,
    );
    expect(await codeOf(vault.store({ ...ann, data: stuck }))).toBe('COMMIT_CONFLICT');
    expect(of(await dump(), 'vault_record_chunks')).toEqual([]);
  });

  it('is taken piece by piece, no further ahead than one commit holds', async () => {
    const { vault, dump } = createTestVault();
    const data = content(storageSize(8_000_000, 4_000_000));
    let given = 0;
    let ahead = 0;
    const watched = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          if (given >= data.length) return controller.close();
          const written = of(await dump(), 'vault_record_chunks').length * 180_400;
          ahead = Math.max(ahead, given - written);
          controller.enqueue(data.slice(given, given + 250_000));
          given += 250_000;
        },
      },
      ON_DEMAND,
    );
    await vault.store({ ...ann, data: watched });
    expect(ahead).toBeLessThan(2_500_000);
  });

  it('may be anything that gives bytes, and nothing else', async () => {
    const { vault } = createTestVault();
    async function* pieces(...given: readonly unknown[]) {
      yield* given as Uint8Array[];
    }
    const { key = '' } = await vault.store({ ...ann, data: pieces(content(3), new Uint8Array(), Buffer.from('x')) });
    expect((await vault.retrieve({ ...ann, key })).data).toHaveLength(4);
    expect(await codeOf(vault.store({ ...ann, data: pieces(content(3), 'text') }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(vault.store({ ...ann, data: pieces(content(LARGE), 7) }))).toBe('INVALID_ARGUMENT');
  });
});

describe('a stream that is read', () => {
  it('can be left in the middle, and can be aborted', async () => {
    const { vault } = createTestVault();
    const { key = '' } = await vault.store({ ...ann, data: streamOf(content(LARGE)) });
    const left = await vault.retrieveStream({ ...ann, key });
    const reader = left.stream.getReader();
    expectContent((await reader.read()).value ?? new Uint8Array(), content(LARGE).slice(0, 16_384));
    await reader.cancel();
    expect((await reader.read()).done).toBe(true);

    const stopper = new AbortController();
    const aborted = await vault.retrieveStream({ ...ann, key, signal: stopper.signal });
    const second = aborted.stream.getReader();
    await second.read();
    stopper.abort();
    const rest = async () => {
      for (let done = false; !done; ) ({ done } = await second.read());
    };
    expect(await codeOf(rest())).toBe('ABORTED');
  });

  it('goes on to its end when the record is replaced, and fails when it is purged', async () => {
    const { vault, clock } = createTestVault();
    const first = await vault.store({ ...ann, data: content(LARGE) });
    const replaced = (await vault.retrieveStream({ ...ann, key: first.key ?? '' })).stream.getReader();
    await replaced.read();
    const second = await vault.store({ ...ann, data: content(LARGE, 2) });
    await maintain(vault);
    let length = 16_384;
    for (let piece = await replaced.read(); !piece.done; piece = await replaced.read()) length += piece.value.length;
    expect(length).toBe(LARGE);

    const purged = (await vault.retrieveStream({ ...ann, key: second.key ?? '' })).stream.getReader();
    await purged.read();
    await vault.eraseOwner(ann);
    clock.advance(HOUR);
    await maintain(vault);
    const rest = async () => {
      for (let done = false; !done; ) ({ done } = await purged.read());
    };
    expect(await codeOf(rest())).toBe('RECORD_NOT_FOUND');
  });
});

/** Lets other work go on until something holds. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}
