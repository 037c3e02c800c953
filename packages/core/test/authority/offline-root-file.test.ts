import { describe, expect, it } from 'vitest';
import { type CryptoProvider, nodeCrypto, OfflineRoot } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { PASSPHRASE } from '../support/test-authority.ts';

const clock = new VirtualClock();
const made = OfflineRoot.create({ subject: 'CN=Example Root CA,O=Example', passphrase: PASSPHRASE, clock });
const text = async () => new TextDecoder().decode((await made).file);
const fields = async () => JSON.parse(await text()) as Record<string, unknown>;

describe('the file of an offline root', () => {
  it('opens again, from bytes and from text', async () => {
    const { root, file } = await made;
    for (const given of [file, Buffer.from(file), await text()]) {
      const opened = await OfflineRoot.open(given, PASSPHRASE, { clock });
      expect(opened.certificatePem).toBe(root.certificatePem);
      expect(opened.revision).toBe(1);
      expect(opened.issued).toEqual([]);
    }
  });

  it('opens whichever way the keyboard composed an accent', async () => {
    const { file } = await OfflineRoot.create({ subject: 'CN=R', passphrase: 'cafe\u0301 au lait, deux', clock });
    await expect(OfflineRoot.open(file, 'caf\u00e9 au lait, deux', { clock })).resolves.toBeInstanceOf(OfflineRoot);
  });

  it('says how it was encrypted: scrypt with N = 2^17, r = 8, p = 1, 32 bytes of salt, AES-256-GCM', async () => {
    const { salt, nonce, ciphertext, ...rest } = await fields();
    expect(rest).toEqual({
      format: 'chancery-offline-root',
      version: 1,
      kdf: 'scrypt',
      cost: 131072,
      blockSize: 8,
      parallelization: 1,
      cipher: 'AES-256-GCM',
    });
    expect(Buffer.from(salt as string, 'base64')).toHaveLength(32);
    expect(Buffer.from(nonce as string, 'base64')).toHaveLength(12);
    expect(Buffer.from(ciphertext as string, 'base64').length).toBeGreaterThan(500);
  });

  it('shows neither certificate nor key', async () => {
    const { root } = await made;
    const body = root.certificatePem.split('\n')[1] as string;
    expect(await text()).not.toContain(body);
    expect(await text()).not.toContain('privateKey');
  });

  it.each(['wrong horse battery staple', 'short', '', `${PASSPHRASE} `])('refuses the passphrase %j', async (wrong) => {
    const error = await rejection(OfflineRoot.open((await made).file, wrong, { clock }));
    expect(error).toMatchObject({ name: 'SealError', code: 'ROOT_PASSPHRASE_WRONG' });
    if (wrong !== '') expect(`${error.message}${JSON.stringify(error.facts)}`).not.toContain(wrong);
  });

  it('refuses a passphrase of 14 characters at creation, and counts characters rather than bytes', async () => {
    const create = (passphrase: string) => OfflineRoot.create({ subject: 'CN=R', passphrase, clock });
    const error = await rejection(create('é'.repeat(14)));
    expect(error).toMatchObject({ name: 'InvalidInputError', code: 'PASSPHRASE_TOO_SHORT' });
    expect(error.message).not.toContain('é');
    expect(await codeOf(create(undefined as unknown as string))).toBe('INVALID_ARGUMENT');
    await expect(create('é'.repeat(15))).resolves.toBeDefined();
  });

  it.each(['', 'O', 5 as unknown as string])('refuses the subject %j', async (subject) => {
    expect(await codeOf(OfflineRoot.create({ subject, passphrase: PASSPHRASE, clock }))).toBe('NAME_INVALID');
  });

  it.each([0, -1, 1.5, 36_501, Number.NaN, Number.POSITIVE_INFINITY])('refuses a validity of %d days', async (days) => {
    const create = OfflineRoot.create({ subject: 'CN=R', validityDays: days, passphrase: PASSPHRASE, clock });
    expect(await codeOf(create)).toBe('INVALID_ARGUMENT');
  });
});

describe('an offline root file that was changed', () => {
  const flip = (base64: unknown) => {
    const bytes = Buffer.from(base64 as string, 'base64');
    bytes[0] = (bytes[0] as number) ^ 1;
    return bytes.toString('base64');
  };

  it.each(['salt', 'nonce', 'ciphertext'])('does not open with one bit of %s flipped', async (field) => {
    const file = await fields();
    const changed = JSON.stringify({ ...file, [field]: flip(file[field]) });
    expect(await codeOf(OfflineRoot.open(changed, PASSPHRASE))).toBe('ROOT_PASSPHRASE_WRONG');
  });

  it('does not open with the tag cut off, with a weaker cost, or with the sections of another file', async () => {
    const file = await fields();
    const other = JSON.parse(
      new TextDecoder().decode((await OfflineRoot.create({ subject: 'CN=R', passphrase: PASSPHRASE, clock })).file),
    ) as Record<string, unknown>;
    const cut = Buffer.from(file.ciphertext as string, 'base64')
      .subarray(0, -16)
      .toString('base64');
    for (const change of [{ ciphertext: cut }, { ciphertext: '' }, { cost: 65536 }, { ciphertext: other.ciphertext }]) {
      expect(await codeOf(OfflineRoot.open(JSON.stringify({ ...file, ...change }), PASSPHRASE))).toBe(
        'ROOT_PASSPHRASE_WRONG',
      );
    }
  });

  it.each([
    ['format', 'another'],
    ['version', 2],
    ['version', '1'],
    ['kdf', 'argon2id'],
    ['blockSize', 16],
    ['parallelization', 4],
    ['cipher', 'AES-128-GCM'],
    ['cost', 3 * 2 ** 15],
    ['cost', 1024],
    ['salt', 'A'.repeat(43)],
    ['salt', '!'.repeat(44)],
    ['salt', `${'A'.repeat(42)}B=`],
    ['nonce', 'AAAA'],
    ['ciphertext', 'not base64'],
    ['ciphertext', null],
    ['extra', 1],
  ])('is refused as no such file with %s set to %j', async (field, value) => {
    const changed = JSON.stringify({ ...(await fields()), [field]: value });
    const error = await rejection(OfflineRoot.open(changed, PASSPHRASE));
    expect(error).toMatchObject({ name: 'InvalidInputError', code: 'ROOT_FILE_INVALID' });
    expect(error.message).toContain(field === 'extra' ? 'extra' : field);
  });

  it('never starts the derivation for a cost past 2^20', async () => {
    let derivations = 0;
    const crypto: CryptoProvider = Object.create(nodeCrypto(), {
      scrypt: {
        value: () => {
          derivations += 1;
          throw new Error('started');
        },
      },
    });
    for (const cost of [2 ** 21, 2 ** 40, 2 ** 60]) {
      const changed = JSON.stringify({ ...(await fields()), cost });
      expect(await codeOf(OfflineRoot.open(changed, PASSPHRASE, { crypto }))).toBe('ROOT_FILE_INVALID');
    }
    expect(derivations).toBe(0);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{"format":'],
    ['JSON of another kind', '[]'],
    ['null', 'null'],
    ['bytes that are not UTF-8', new Uint8Array([0xff, 0xfe, 0x7b])],
    ['too many bytes', new Uint8Array(16 * 1024 * 1024 + 1)],
    ['no file at all', undefined as unknown as string],
    ['a number', 5 as unknown as string],
  ])('is refused where it is %s', async (_, file) => {
    expect(await codeOf(OfflineRoot.open(file, PASSPHRASE))).toBe('ROOT_FILE_INVALID');
  });

  it('is refused where the passphrase is not text', async () => {
    const open = OfflineRoot.open((await made).file, undefined as unknown as string);
    expect(await codeOf(open)).toBe('INVALID_ARGUMENT');
  });
});
