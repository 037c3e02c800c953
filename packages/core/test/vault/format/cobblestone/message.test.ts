import { createDecipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../src/encoding/bytes.ts';
import { toHex } from '../../../../src/encoding/hex.ts';
import { ChunkCipher } from '../../../../src/vault/format/cobblestone/chunk-cipher.ts';
import { committedMessage, newMessage } from '../../../../src/vault/format/cobblestone/message-key.ts';
import { MessageReader } from '../../../../src/vault/format/cobblestone/message-reader.ts';
import { openMessageStream } from '../../../../src/vault/format/cobblestone/open-message-stream.ts';
import { sealMessage, sealMessageStream } from '../../../../src/vault/format/cobblestone/seal-message.ts';
import { bytesSource } from '../../../../src/vault/format/record-source.ts';
import { ByteReader } from '../../../../src/vault/format/streams/byte-reader.ts';
import { codeOf } from '../../../support/expect-error.ts';
import { crypto, gather, inPieces, key, sequence, withSalt } from '../sealed-record.ts';
import { chunkNonce, referenceSeal } from './reference.ts';

const salt = sequence(24, 99);
const context = utf8('where it belongs');
const none = new Uint8Array();

describe('Cobblestone-256', () => {
  it.each([0, 1, 16_383, 16_384, 16_385, 32_767, 32_768, 50_000, 257 * 16_384 + 1])(
    'seals %i bytes as specified, whole and as they come, and opens them',
    async (length) => {
      const message = sequence(length);
      const expected = referenceSeal(key, salt, context, message);
      const start = () => newMessage(withSalt(salt), key, context);
      expect(expected.equals(await sealMessage(await start(), none, message))).toBe(true);
      const body = message.subarray(0, length - (length % 16_384));
      expect(expected.equals(await sealMessage(await start(), body, message.subarray(body.length)))).toBe(true);
      const source = new ByteReader(inPieces(message, 5_000));
      expect(expected.equals(await gather(sealMessageStream(await start(), source)))).toBe(true);

      const cipher = (await committedMessage(crypto, key, context, expected)) as ChunkCipher;
      const opened = await new MessageReader(cipher, bytesSource(expected), 0).all();
      expect(Buffer.compare(opened, message)).toBe(0);
      const chunks = openMessageStream(cipher, new ByteReader(inPieces(expected.subarray(56), 10_001)));
      let at = 0;
      for (let next = await chunks.next(); ; next = await chunks.next()) {
        expect(Buffer.compare(next.value, message.subarray(at, at + 16_384))).toBe(0);
        at += next.value.length;
        if (next.done) break;
      }
      expect(at).toBe(length);
    },
  );

  it('leaves the room that is wanted in front, as zeros', async () => {
    // Memory that was just freed, full of something else, is what the next allocation is likely to get.
    for (let length = 20_000; length < 20_100; length++) {
      Buffer.allocUnsafeSlow(length + 56 + 32 + 9).fill(0xee);
      const message = sequence(length);
      const sealed = await sealMessage(await newMessage(withSalt(salt), key, context), none, message, 9);
      expect(toHex(sealed.subarray(0, 9))).toBe('00'.repeat(9));
      expect(referenceSeal(key, salt, context, message).equals(sealed.subarray(9))).toBe(true);
    }
  });

  it('commits to key, salt and context', async () => {
    const sealed = referenceSeal(key, salt, context, none);
    const fits = async (fitKey: Uint8Array, fitContext: Uint8Array, fitSealed: Uint8Array) =>
      (await committedMessage(crypto, fitKey, fitContext, fitSealed)) !== undefined;
    expect(await fits(key, context, sealed)).toBe(true);
    expect(await fits(key, context, sealed.subarray(0, 56))).toBe(true);
    expect(await fits(sequence(32, 6), context, sealed)).toBe(false);
    expect(await fits(key, none, sealed)).toBe(false);
    expect(await fits(key, utf8('where it belongs '), sealed)).toBe(false);
    for (let at = 0; at < 56; at++) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] as number) ^ 0x80;
      expect(await fits(key, context, changed)).toBe(false);
    }
    expect(await codeOf(() => committedMessage(crypto, key, context, sealed.subarray(0, 55)))).toBe('SEAL_TRUNCATED');
  });

  it.each([0, 16, 31, 33, 64])('takes no key of %i bytes', async (length) => {
    expect(await codeOf(() => newMessage(crypto, new Uint8Array(length), context))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => committedMessage(crypto, new Uint8Array(length), context, new Uint8Array(72)))).toBe(
      'INVALID_ARGUMENT',
    );
  });

  it('draws a salt for each message', async () => {
    const salts = new Set<string>();
    for (let count = 0; count < 50; count++) salts.add(toHex((await newMessage(crypto, key, context)).preamble));
    expect(salts.size).toBe(50);
  });

  it.each([0, 1, 255, 256, 65_535, 65_536, 2 ** 24, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 37 + 12_345, 2 ** 38 - 1])(
    'numbers chunk %i in its nonce',
    async (index) => {
      const baseNonce = sequence(12, 200);
      const cipher = new ChunkCipher(await crypto.aeadKey(key), baseNonce);
      const sealed = new Uint8Array(17);
      await cipher.seal(index, Uint8Array.of(42), sealed);
      const decipher = createDecipheriv('aes-256-gcm', key, chunkNonce(baseNonce, index), { authTagLength: 16 });
      decipher.setAuthTag(sealed.subarray(1));
      expect([...decipher.update(sealed.subarray(0, 1)), ...decipher.final()]).toEqual([42]);
      const opened = new Uint8Array(1);
      await cipher.open(index, sealed, opened);
      expect([...opened]).toEqual([42]);
      expect([...baseNonce]).toEqual([...sequence(12, 200)]);
    },
  );

  it('gives each chunk a nonce that stays as it is, whenever the provider looks at it', async () => {
    const seen: Uint8Array[] = [];
    const seal = async (nonce: Uint8Array): Promise<void> => void seen.push(nonce);
    const cipher = new ChunkCipher({ seal, open: seal }, sequence(12, 200));
    const indexes = [...Array.from({ length: 40 }, (_, index) => index), 2 ** 32 + 15, 2 ** 32 + 16, 3, 17, 0];
    for (const index of indexes) await cipher.seal(index, none, new Uint8Array(16));
    expect(seen.map(toHex)).toEqual(indexes.map((index) => chunkNonce(sequence(12, 200), index).toString('hex')));
  });

  it('has no chunk past 2^38', async () => {
    const cipher = new ChunkCipher(await crypto.aeadKey(key), sequence(12));
    expect(await codeOf(async () => cipher.seal(2 ** 38, none, new Uint8Array(16)))).toBe('SEAL_INVALID');
    expect(await codeOf(async () => cipher.open(2 ** 38, new Uint8Array(16), none))).toBe('SEAL_INVALID');
  });
});
