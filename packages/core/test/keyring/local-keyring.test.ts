import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWebCryptoProvider } from '../../src/crypto/webcrypto-provider.ts';
import { toBase64 } from '../../src/encoding/base64.ts';
import { utf8 } from '../../src/encoding/bytes.ts';
import { toHex } from '../../src/encoding/hex.ts';
import type { SealContext } from '../../src/keyring/keyring.ts';
import { LocalKeyring } from '../../src/keyring/local-keyring.ts';
import { expectRefused, HOSTILE_VALUES } from '../support/hostile-values.ts';

const context: SealContext = { namespace: 'chancery', collection: 'accounts', id: 'a/1', field: 'key' };
const secret = utf8('a private key');
const cheap = { cost: 1024, blockSize: 8, parallelization: 1 };
const salt = new Uint8Array(16).fill(7);

describe('LocalKeyring', () => {
  it('opens what it sealed, of any length', async () => {
    const keyring = LocalKeyring.generate();
    for (const length of [0, 1, 15, 16, 17, 1000, 300_000]) {
      const plaintext = new Uint8Array(length).fill(length % 251);
      const sealed = await keyring.seal(plaintext, context);
      expect(toHex(await keyring.open(sealed, context))).toBe(toHex(plaintext));
      expect(sealed).toHaveLength(length + 2 + keyring.currentKeyId.length + 32 + 16);
    }
  });

  it('seals the same secret differently each time', async () => {
    const keyring = LocalKeyring.generate();
    const sealed = await Promise.all(Array.from({ length: 50 }, () => keyring.seal(secret, context)));
    expect(new Set(sealed.map(toHex)).size).toBe(50);
    for (const each of sealed) expect(toHex(each)).not.toContain(toHex(secret));
  });

  it('opens nothing with any bit of the envelope changed, cut off or added', async () => {
    const keyring = LocalKeyring.fromKeys({ current: 'k1', keys: { k1: new Uint8Array(32).fill(1) } });
    const sealed = await keyring.seal(secret, context);
    for (let at = 0; at < sealed.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = Uint8Array.from(sealed);
        changed[at]! ^= 1 << bit;
        await expect(keyring.open(changed, context), `bit ${bit} of byte ${at}`).rejects.toMatchObject({
          name: 'SealError',
        });
      }
      await expect(keyring.open(sealed.subarray(0, at), context), `cut at ${at}`).rejects.toMatchObject({
        name: 'SealError',
      });
    }
    await expect(keyring.open(Uint8Array.of(...sealed, 0), context)).rejects.toMatchObject({
      code: 'SEAL_OPEN_FAILED',
    });
  });

  it.each(['namespace', 'collection', 'id', 'field'] as const)('opens nothing in another %s', async (part) => {
    const keyring = LocalKeyring.generate();
    const sealed = await keyring.seal(secret, context);
    for (const moved of [`${context[part]}x`, context[part].slice(1), '']) {
      await expect(keyring.open(sealed, { ...context, [part]: moved })).rejects.toMatchObject({
        code: 'SEAL_OPEN_FAILED',
      });
    }
  });

  it('takes no two places for one, however their parts are cut', async () => {
    const keyring = LocalKeyring.generate();
    const part = fc.string({ unit: 'grapheme', maxLength: 4 });
    const place = fc.record({ namespace: part, collection: part, id: part, field: part });
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 0, max: 3 }), async (here, cut) => {
        const joined = [here.namespace, here.collection, here.id, here.field];
        const [first = '', second = ''] = joined.splice(cut % 3, 2, '', '');
        joined[cut % 3] = first + second;
        const [namespace = '', collection = '', id = '', field = ''] = joined;
        const there = { namespace, collection, id, field };
        const opening = keyring.open(await keyring.seal(secret, here), there);
        if (JSON.stringify(here) === JSON.stringify(there)) expect(await opening).toEqual(secret);
        else await expect(opening).rejects.toMatchObject({ code: 'SEAL_OPEN_FAILED' });
      }),
      { seed: 20261122, numRuns: 200 },
    );
  });

  it('refuses a context that UTF-8 cannot tell from another', async () => {
    const keyring = LocalKeyring.generate();
    await expect(keyring.seal(secret, { ...context, id: '\ud800' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('id'),
    });
    await expect(keyring.seal(secret, { ...context, field: undefined as never })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('names a key that it does not hold', async () => {
    const sealed = await LocalKeyring.fromKeys({ current: 'old', keys: { old: new Uint8Array(32) } }).seal(
      secret,
      context,
    );
    const keyring = LocalKeyring.generate();
    await expect(keyring.open(sealed, context)).rejects.toMatchObject({
      code: 'SEAL_KEY_UNKNOWN',
      facts: { keyId: 'old' },
    });
    expect(keyring.keyIdOf(sealed)).toBe('old');
  });

  it('does not open with another key of the same id', async () => {
    const sealed = await LocalKeyring.fromKeys({ current: 'k', keys: { k: new Uint8Array(32).fill(1) } }).seal(
      secret,
      context,
    );
    const other = LocalKeyring.fromKeys({ current: 'k', keys: { k: new Uint8Array(32).fill(2) } });
    await expect(other.open(sealed, context)).rejects.toMatchObject({ code: 'SEAL_OPEN_FAILED' });
  });

  it('does not open under another id of the same key', async () => {
    const key = new Uint8Array(32).fill(1);
    const keyring = LocalKeyring.fromKeys({ current: 'k1', keys: { k1: key, k2: key } });
    const sealed = await keyring.seal(secret, context);
    sealed[3] = '2'.charCodeAt(0);
    expect(keyring.keyIdOf(sealed)).toBe('k2');
    await expect(keyring.open(sealed, context)).rejects.toMatchObject({ code: 'SEAL_OPEN_FAILED' });
  });

  it('tells what is no envelope', () => {
    const keyring = LocalKeyring.generate();
    const none = [
      new Uint8Array(),
      Uint8Array.of(1),
      Uint8Array.of(2, 2, 0x6b, 0x31),
      new Uint8Array(200),
      utf8('{"sealed":true}'.repeat(10)),
    ];
    for (const each of none) {
      expect(() => keyring.keyIdOf(each)).toThrow(expect.objectContaining({ code: 'SEAL_INVALID' }));
      expect(() => keyring.needsReseal(each)).toThrow(expect.objectContaining({ code: 'SEAL_INVALID' }));
    }
    const unnamed = new Uint8Array(100);
    unnamed.set([1, 3, 0x20, 0x2f, 0x00]);
    expect(() => keyring.keyIdOf(unnamed)).toThrow(expect.objectContaining({ code: 'SEAL_INVALID' }));
  });

  it('rotates: the former key opens, and asks to be sealed again', async () => {
    const first = LocalKeyring.generate();
    const second = first.rotate();
    const old = await first.seal(secret, context);
    const fresh = await second.seal(secret, context);
    expect(second.currentKeyId).not.toBe(first.currentKeyId);
    expect(await second.open(old, context)).toEqual(secret);
    expect([second.needsReseal(old), second.needsReseal(fresh)]).toEqual([true, false]);
    await expect(first.open(fresh, context)).rejects.toMatchObject({ code: 'SEAL_KEY_UNKNOWN' });
  });

  it('survives export, without sharing its keys', async () => {
    const keyring = LocalKeyring.generate().rotate();
    const sealed = await keyring.seal(secret, context);
    const exported = keyring.export();
    const again = LocalKeyring.fromKeys(exported);
    for (const key of Object.values(exported.keys)) key.fill(0);
    expect(again.currentKeyId).toBe(keyring.currentKeyId);
    for (const each of [keyring, again]) expect(await each.open(sealed, context)).toEqual(secret);
  });

  it('refuses keys that are none, and quotes none', () => {
    const key = new Uint8Array(32).fill(0xab);
    const refused: [unknown, string][] = [
      [{ current: 'k', keys: { k: key.subarray(1) } }, '31 bytes'],
      [{ current: 'k', keys: { k: 'text' } }, 'string'],
      [{ current: 'other', keys: { k: key } }, "'other'"],
      [{ current: 'k', keys: {} }, "'k'"],
      [{ current: 'k' }, 'an object of keys'],
      [{ current: 'k', keys: null }, 'an object of keys'],
      [undefined, 'an object of keys'],
      [{ current: 'a b', keys: { 'a b': key } }, 'a b'],
      [{ current: '', keys: { '': key } }, 'not a key id'],
      [{ current: 'toString', keys: { k: key } }, "'toString'"],
    ];
    for (const [keys, told] of refused) {
      expect(() => LocalKeyring.fromKeys(keys as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(told) }),
      );
      expect(() => LocalKeyring.fromKeys(keys as never)).not.toThrow(/ab, ?ab|171/);
    }
  });

  it('shows ids and never keys', () => {
    const key = Uint8Array.from({ length: 32 }, (_, at) => 0xa0 + at);
    const keyring = LocalKeyring.fromKeys({ current: 'k1', keys: { k1: key } });
    const shown = [inspect(keyring, { depth: 9, showHidden: true }), JSON.stringify(keyring), String(keyring)].join();
    expect(JSON.parse(JSON.stringify(keyring))).toEqual({ currentKeyId: 'k1', keyIds: ['k1'] });
    for (const form of [toHex(key).slice(0, 12), toBase64(key).slice(0, 12), '161, 162', '161,162', 'a1 a2'])
      expect(shown).not.toContain(form);
  });

  it('works over another provider, which reads the same envelopes', async () => {
    const keyring = LocalKeyring.generate();
    const other = LocalKeyring.fromKeys(keyring.export(), { crypto: await createWebCryptoProvider() });
    expect(await other.open(await keyring.seal(secret, context), context)).toEqual(secret);
    expect(await keyring.open(await other.seal(secret, context), context)).toEqual(secret);
  });
});

describe('LocalKeyring.fromPassphrase', () => {
  it('derives the same key from the same passphrase and salt only', async () => {
    const passphrase = 'correct horse battery staple';
    const keyring = await LocalKeyring.fromPassphrase(passphrase, { salt, cost: cheap });
    const sealed = await keyring.seal(secret, context);
    expect(keyring.currentKeyId).toBe('passphrase');
    expect(await (await LocalKeyring.fromPassphrase(passphrase, { salt, cost: cheap })).open(sealed, context)).toEqual(
      secret,
    );
    const others = [
      await LocalKeyring.fromPassphrase(`${passphrase}!`, { salt, cost: cheap }),
      await LocalKeyring.fromPassphrase(passphrase, { salt: Uint8Array.of(...salt, 0), cost: cheap }),
      await LocalKeyring.fromPassphrase(passphrase, { salt, cost: { ...cheap, cost: 2048 } }),
    ];
    for (const other of others)
      await expect(other.open(sealed, context)).rejects.toMatchObject({ code: 'SEAL_OPEN_FAILED' });
  });

  it('takes the default cost, and can be exported like any other', async () => {
    const keyring = await LocalKeyring.fromPassphrase('correct horse battery staple', { salt, keyId: 'office' });
    const again = await LocalKeyring.fromPassphrase('correct horse battery staple', {
      salt,
      keyId: 'office',
      cost: { cost: 2 ** 17, blockSize: 8, parallelization: 1 },
    });
    expect(again.export()).toEqual(keyring.export());
  });

  it('refuses short passphrases and salts, and a cost that is none', async () => {
    const passphrase = 'correct horse battery staple';
    await expect(LocalKeyring.fromPassphrase('fourteen chars', { salt })).rejects.toMatchObject({
      code: 'PASSPHRASE_TOO_SHORT',
    });
    await expect(LocalKeyring.fromPassphrase(passphrase, { salt: salt.subarray(1) })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('15 bytes'),
    });
    await expect(LocalKeyring.fromPassphrase(passphrase, {} as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(LocalKeyring.fromPassphrase(passphrase, { salt, cost: { ...cheap, cost: 3 } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.not.stringContaining('horse'),
    });
  });
});

describe('what is not what a keyring works with', () => {
  const keyring = LocalKeyring.generate();
  const place = { namespace: 'a', collection: 'b', id: 'c', field: 'd' };

  it.each(HOSTILE_VALUES)('is refused: %s', async (name, value) => {
    const bad = value as never;
    await expectRefused(() => keyring.open(bad, place));
    await expectRefused(() => keyring.keyIdOf(bad));
    await expectRefused(() => keyring.needsReseal(bad));
    await expectRefused(() => keyring.seal(new Uint8Array(3), bad));
    await expectRefused(() => LocalKeyring.fromKeys({ current: bad, keys: {} }));
    await expectRefused(() => LocalKeyring.fromKeys(bad));
    if (name.includes('bytes')) return;
    await expectRefused(() => LocalKeyring.fromPassphrase('a passphrase that is long', { salt: bad }));
    await expectRefused(() => keyring.seal(bad, place));
  });
});
