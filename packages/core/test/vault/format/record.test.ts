import { hkdfSync, webcrypto } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createWebCryptoProvider } from '../../../src/crypto/webcrypto-provider.ts';
import { utf8 } from '../../../src/encoding/bytes.ts';
import { toHex } from '../../../src/encoding/hex.ts';
import type { MaybePromise } from '../../../src/ports/crypto.ts';
import { combineKeys } from '../../../src/vault/format/dual-key.ts';
import { type KeyMode, keyModeOf, type RecordPlace, recordContext } from '../../../src/vault/format/envelope.ts';
import { commitmentFits, openRecord } from '../../../src/vault/format/open-record.ts';
import { openRecordStream } from '../../../src/vault/format/open-record-stream.ts';
import type { VaultPrimitives } from '../../../src/vault/format/primitives.ts';
import { type RecordShape, sealedRecordLength, sealRecord } from '../../../src/vault/format/seal-record.ts';
import { sealRecordStream } from '../../../src/vault/format/seal-record-stream.ts';
import { webCryptoPrimitives } from '../../../src/vault/format/web-crypto-primitives.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { expectRefused, HOSTILE_VALUES } from '../../support/hostile-values.ts';
import { crypto, gather, inPieces, key, partsOf, place, sealedSequence, sequence, withSalt } from './sealed-record.ts';

const providers: readonly [string, VaultPrimitives][] = [
  ["Node's crypto", crypto],
  ["a browser's crypto", webCryptoPrimitives(webcrypto)],
  ['@peculiar/webcrypto', await createWebCryptoProvider()],
];
const sizes = [0, 1, 255, 16_375, 16_376, 16_377, 16_383, 16_384, 16_385, 32_760, 32_768, 200_000];
const shapes: readonly RecordShape[] = [
  {},
  { contentType: 'text/plain; charset=utf-8' },
  { padding: 'padme' },
  { contentType: 'x'.repeat(255), padding: 'padme' },
];

it.each(HOSTILE_VALUES)('%s is refused as padding, as key mode and as key', async (_, value) => {
  const bad = value as never;
  await expectRefused(() => sealRecord(crypto, { key, place, padding: bad }, sequence(3)));
  await expectRefused(() => sealRecord(crypto, { key, place: { ...place, keyMode: bad } }, sequence(3)));
  await expectRefused(() => sealRecord(crypto, { key: bad, place }, sequence(3)));
});

describe.each(providers)('a record sealed with %s', (_, primitives) => {
  it.each(sizes)('of %i bytes is the same whole and streamed, and opens every way', async (length) => {
    for (const shape of shapes) {
      const content = sequence(length);
      const sealed = await sealRecord(primitives, { key, place, ...shape }, content);
      expect(sealed.length).toBe(sealedRecordLength(length, shape));
      expect(keyModeOf(sealed)).toBe('user');

      const fixed = { ...primitives, ...withSalt(sealed.slice(5, 29)) };
      const streamed = await gather(sealRecordStream(fixed, { key, place, ...shape }, inPieces(content, 1_000)));
      expect(Buffer.compare(streamed, sealed)).toBe(0);

      const record = await openRecord(crypto, { key, place }, sealed);
      const info = {
        contentLength: length,
        ...(shape.contentType === undefined ? {} : { contentType: shape.contentType }),
      };
      expect(await record.info()).toEqual(info);
      expect(Buffer.compare(await record.bytes(), content)).toBe(0);
      expect(Buffer.compare(await gather(record.stream()), content)).toBe(0);
      expect(Buffer.compare(await record.range({ start: 0 }), content)).toBe(0);
      const arriving = openRecordStream(primitives, { key, place }, inPieces(sealed, 9_999));
      const pieces: Uint8Array[] = [];
      let next = await arriving.next();
      for (; !next.done; next = await arriving.next()) pieces.push(next.value);
      expect(next.value).toEqual(info);
      expect(Buffer.compare(Buffer.concat(pieces), content)).toBe(0);
    }
  });
});

describe('a sealed record', () => {
  it('is another one each time', async () => {
    const seals = await Promise.all(Array.from({ length: 20 }, () => sealedSequence(50)));
    expect(new Set(seals.map((sealed) => toHex(sealed))).size).toBe(20);
    expect(new Set(seals.map((sealed) => toHex(sealed.subarray(-20)))).size).toBe(20);
  });

  it('does not change what it is given', async () => {
    const [content, ownKey] = [sequence(20_000), key.slice()];
    const sealed = await sealRecord(crypto, { key: ownKey, place }, content);
    const before = toHex(sealed);
    await (await openRecord(crypto, { key: ownKey, place }, sealed)).bytes();
    expect(Buffer.compare(content, sequence(20_000))).toBe(0);
    expect(toHex(ownKey)).toBe(toHex(key));
    expect(toHex(sealed)).toBe(before);
  });

  it('shows neither its content type nor a byte of its content', async () => {
    const content = utf8('a secret that nobody else may read'.repeat(40));
    // Under a random salt, three given letters are among so many bytes once in some thousand runs.
    const fixed = withSalt(sequence(24, 99));
    const sealed = await sealRecord(fixed, { key, place, contentType: 'application/x-secret' }, content);
    const text = Buffer.from(sealed).toString('latin1');
    for (const word of ['secret', 'nobody', 'application', 'ada', 'diary', 'app']) expect(text).not.toContain(word);
  });

  it('takes content of any realm and any view', async () => {
    const whole = sequence(100);
    const sealed = await sealRecord(crypto, { key, place }, Buffer.from(whole.buffer, 10, 50));
    expect([...(await (await openRecord(crypto, { key, place }, Buffer.from(sealed))).bytes())]).toEqual([
      ...whole.subarray(10, 60),
    ]);
  });

  it.each([
    ['namespace', { ...place, namespace: 'apq' }],
    ['owner', { ...place, owner: 'bob' }],
    ['record', { ...place, record: 'Diary' }],
    ['version before', { ...place, version: 2 }],
    ['version after', { ...place, version: 4 }],
    ['version with other high bits', { ...place, version: 3 + 2 ** 32 }],
    ['key mode', { ...place, keyMode: 'dual' }],
    ['border between two parts', { ...place, owner: 'adad', record: 'iary' }],
    ['order of two parts', { ...place, owner: 'diary', record: 'ada' }],
  ] as const)('does not open in another place: another %s', async (_, elsewhere) => {
    const sealed = await sealedSequence(40_000);
    expect(await codeOf(openRecord(crypto, { key, place: elsewhere }, sealed))).toBe('SEAL_OPEN_FAILED');
    expect(await commitmentFits(crypto, { key, place: elsewhere }, sealed)).toBe(false);
    const arriving = openRecordStream(crypto, { key, place: elsewhere }, [sealed]);
    expect(await codeOf(arriving.next())).toBe('SEAL_OPEN_FAILED');
  });

  it('does not open in another mode by changing its header', async () => {
    const sealed = await sealedSequence(10);
    sealed[4] = 2;
    expect(keyModeOf(sealed)).toBe('managed');
    for (const keyMode of ['user', 'managed', 'dual'] as KeyMode[]) {
      const elsewhere = { key, place: { ...place, keyMode } };
      expect(await codeOf(openRecord(crypto, elsewhere, sealed))).toBe('SEAL_OPEN_FAILED');
    }
  });

  it('does not open with another key, and does not tell which it was', async () => {
    const sealed = await sealedSequence(10);
    const stranger = sequence(32, 77);
    const error = await rejection(openRecord(crypto, { key: stranger, place }, sealed));
    expect(error.code).toBe('SEAL_OPEN_FAILED');
    for (const form of ['hex', 'base64', 'latin1'] as const)
      for (const secret of [stranger, key]) {
        expect(`${error.message} ${error.stack} ${JSON.stringify(error.facts)}`).not.toContain(
          Buffer.from(secret).toString(form),
        );
      }
  });

  it('tells that a key fits from its head alone, and opens no chunk by that', async () => {
    const sealed = await sealedSequence(40_000);
    const { head } = partsOf(sealed);
    const opened: number[] = [];
    const counting: VaultPrimitives = {
      ...withSalt(new Uint8Array(24)),
      aeadKey: async (aeadKey) => {
        const real = await crypto.aeadKey(aeadKey);
        return {
          seal: () => undefined,
          open: (nonce, ciphertext, output) => {
            opened.push(ciphertext.length);
            return real.open(nonce, ciphertext, output);
          },
        };
      },
    };
    expect(await commitmentFits(counting, { key, place }, head)).toBe(true);
    const record = await openRecord(counting, { key, place }, sealed);
    expect(opened).toEqual([]);
    await record.bytes();
    expect(opened).toHaveLength(3);
    expect(await codeOf(commitmentFits(crypto, { key, place }, head.subarray(0, 60)))).toBe('SEAL_TRUNCATED');
  });

  it('opens in as many pieces as its writer chose: a whole chunk written at once or byte by byte', async () => {
    const content = sequence(17_000);
    const sealed = await gather(sealRecordStream(crypto, { key, place }, inPieces(content, 1)));
    const arriving = openRecordStream(crypto, { key, place }, inPieces(sealed, 1));
    expect(Buffer.compare(await gather(arriving), content)).toBe(0);
  });
});

describe('records that are sealed at one time', () => {
  /** Answers some calls at once and others late, and fails where it is told to. */
  const dawdling = (isDoomed: boolean): VaultPrimitives => {
    let calls = 0;
    const late = async <T>(answer: () => MaybePromise<T>): Promise<T> => {
      for (let turn = 0; turn < 7; turn++) await undefined;
      return answer();
    };
    const maybeLate = <T>(answer: () => MaybePromise<T>): MaybePromise<T> =>
      calls++ % 3 === 0 ? answer() : late(answer);
    return {
      randomBytes: (length) => crypto.randomBytes(length),
      hmac: (algorithm, hmacKey, data) => maybeLate(() => crypto.hmac(algorithm, hmacKey, data)),
      async aeadKey(aeadKey) {
        const real = await crypto.aeadKey(aeadKey);
        if (isDoomed) throw new Error('out of order');
        return {
          seal: (nonce, plaintext, output) => maybeLate(() => real.seal(nonce, plaintext, output)),
          open: (nonce, ciphertext, output) => maybeLate(() => real.open(nonce, ciphertext, output)),
        };
      },
    };
  };

  it('are each its own, whatever the others are waiting for', async () => {
    const lengths = [0, 10, 300, 16_376, 16_377, 20_000, 40_000, 100_000];
    const sealing = Array.from({ length: 60 }, async (_, at) => {
      const content = sequence(lengths[at % lengths.length] as number, at);
      const options = { key: sequence(32, at), place: { ...place, record: `record ${at}`.repeat((at % 5) * 20 + 1) } };
      const shape = at % 2 === 0 ? {} : ({ padding: 'padme', contentType: 'text/plain' } as const);
      const primitives = at % 4 === 0 ? crypto : dawdling(at % 7 === 6);
      if (at % 3 === 0) await undefined;
      return { content, options, sealed: await sealRecord(primitives, { ...options, ...shape }, content) };
    });
    const settled = await Promise.allSettled(sealing);
    let sealedOnes = 0;
    for (const each of settled) {
      if (each.status === 'rejected') {
        expect(each.reason).toMatchObject({ message: 'out of order' });
        continue;
      }
      const { content, options, sealed } = each.value;
      const opened = await (await openRecord(crypto, options, sealed)).bytes();
      expect(Buffer.compare(opened, content)).toBe(0);
      sealedOnes += 1;
    }
    expect(sealedOnes).toBe(54);
  });
});

describe('a record of another format', () => {
  it.each([
    ['nothing of the kind', utf8('{"json": true, "padding": "0123456789012345678901234567890123456789012345678901"}')],
    ['a later format version', Uint8Array.of(0x43, 0x52, 0x56, 2, 1, ...new Uint8Array(80))],
    ['key mode 0', Uint8Array.of(0x43, 0x52, 0x56, 1, 0, ...new Uint8Array(80))],
    ['key mode 4', Uint8Array.of(0x43, 0x52, 0x56, 1, 4, ...new Uint8Array(80))],
  ])('is refused: %s', async (_, sealed) => {
    expect(await codeOf(() => keyModeOf(sealed))).toBe('SEAL_INVALID');
    expect(await codeOf(openRecord(crypto, { key, place }, sealed))).toBe('SEAL_INVALID');
    expect(await codeOf(openRecordStream(crypto, { key, place }, [sealed]).next())).toBe('SEAL_INVALID');
  });

  it('is told from one that is cut off', async () => {
    const sealed = await sealedSequence(10);
    for (let length = 0; length < 61 + 16; length++) {
      const cut = sealed.subarray(0, length);
      expect(await codeOf(openRecord(crypto, { key, place }, cut))).toBe('SEAL_TRUNCATED');
      expect(await codeOf(gather(openRecordStream(crypto, { key, place }, [cut])))).toBe('SEAL_TRUNCATED');
      if (length < 5) expect(await codeOf(() => keyModeOf(cut))).toBe('SEAL_TRUNCATED');
    }
  });
});

describe('options that are not what they should be', () => {
  const wrong: readonly [string, object][] = [
    ['a key of 31 bytes', { key: key.subarray(1) }],
    ['a key as text', { key: 'chkey1…' }],
    ['no key', { key: undefined }],
    ['no place', { place: undefined }],
    ['an owner that is no text', { place: { ...place, owner: 7 } }],
    ['a record id with half a character', { place: { ...place, record: 'a\ud800' } }],
    ['version 0', { place: { ...place, version: 0 } }],
    ['version 1.5', { place: { ...place, version: 1.5 } }],
    ['a version past 2^53', { place: { ...place, version: 2 ** 53 } }],
  ];
  const wrongToSeal: readonly [string, object][] = [
    ['an unknown key mode', { place: { ...place, keyMode: 'shared' } }],
    ['no key mode', { place: { ...place, keyMode: undefined } }],
    ['an empty content type', { contentType: '' }],
    ['a content type of 256 characters', { contentType: 'x'.repeat(256) }],
    ['a content type with a line break', { contentType: 'text/plain\n' }],
    ['a content type that is no text', { contentType: 7 }],
    ['an unknown padding', { padding: 'pkcs7' }],
  ];

  it.each([...wrong, ...wrongToSeal])('%s: nothing is sealed', async (_, change) => {
    const options = { key, place, ...change } as never;
    expect(await codeOf(sealRecord(crypto, options, sequence(10)))).toBe('INVALID_ARGUMENT');
    const error = await rejection(gather(sealRecordStream(crypto, options, [sequence(10)])));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).not.toContain('chkey');
  });

  it.each(wrong)('%s: nothing is opened', async (_, change) => {
    const options = { key, place, ...change } as never;
    const sealed = await sealedSequence(10);
    expect(await codeOf(openRecord(crypto, options, sealed))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(openRecordStream(crypto, options, [sealed]).next())).toBe('INVALID_ARGUMENT');
    expect(await codeOf(commitmentFits(crypto, options, sealed))).toBe('INVALID_ARGUMENT');
  });

  it.each([undefined, null, 'text', 7, {}, { length: 80 }, { length: -1, read: () => sequence(1) }])(
    '%j is neither content nor a record',
    async (value) => {
      expect(await codeOf(sealRecord(crypto, { key, place }, value as never))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(openRecord(crypto, { key, place }, value as never))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(gather(sealRecordStream(crypto, { key, place }, value as never)))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(gather(openRecordStream(crypto, { key, place }, value as never)))).toBe('INVALID_ARGUMENT');
    },
  );

  it.each([undefined, null, 'options'])('options %j', async (options) => {
    expect(await codeOf(sealRecord(crypto, options as never, sequence(1)))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(openRecord(crypto, options as never, sequence(90)))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(gather(sealRecordStream(crypto, options as never, [])))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(gather(openRecordStream(crypto, options as never, [])))).toBe('INVALID_ARGUMENT');
  });
});

describe('the place of a record', () => {
  it('is encoded so that no two places are alike', () => {
    const texts = ['', 'a', 'b', 'ab', 'a\0', '\0a', '__proto__', 'é', 'e\u0301'];
    const places: RecordPlace[] = texts.flatMap((namespace) =>
      texts.flatMap((owner) => texts.map((record) => ({ ...place, namespace, owner, record }))),
    );
    const header = Uint8Array.of(1, 2, 3, 4, 5);
    const contexts = places.flatMap((one) =>
      [1, 256, 2 ** 32, Number.MAX_SAFE_INTEGER].map((version) => toHex(recordContext(header, { ...one, version }))),
    );
    expect(new Set(contexts).size).toBe(texts.length ** 3 * 4);
  });

  it('is laid out as documented', () => {
    expect(
      toHex(recordContext(Uint8Array.of(9), { ...place, namespace: 'n', owner: 'é', record: '', version: 258 })),
    ).toBe('0000000109000000016e00000002c3a9000000000000000000000102');
  });
});

describe('the two halves of a dual key', () => {
  it('are combined by HKDF-SHA-512', async () => {
    const [user, held] = [sequence(32, 1), sequence(32, 2)];
    const halves = Buffer.concat([user, held]);
    const expected = new Uint8Array(
      hkdfSync('sha512', halves, new Uint8Array(), utf8('chancery vault dual key 1'), 32),
    );
    for (const [, primitives] of providers) {
      expect(toHex(await combineKeys(primitives, user, held))).toBe(toHex(expected));
    }
    expect(toHex(await combineKeys(crypto, held, user))).not.toBe(toHex(expected));
    expect(await codeOf(combineKeys(crypto, user, held.subarray(1)))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(combineKeys(crypto, new Uint8Array(33), held))).toBe('INVALID_ARGUMENT');
  });
});
