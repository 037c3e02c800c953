import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/encoding/hex.ts';
import { codeOf } from '../support/expect-error.ts';
import { content, createTestVault, of, putDocument } from './support.ts';

/** What the encrypted record store that this vault succeeds got wrong, each a test. */
describe('the defects of its predecessor', () => {
  it('no nonce is fixed: the same data twice has nothing in common', async () => {
    const { vault, dump } = createTestVault();
    const data = new Uint8Array(4_000);
    for (const recordId of ['a', 'b']) await vault.store({ ownerId: 'ann', recordId, data, keyMode: 'managed' });
    await vault.store({ ownerId: 'bob', recordId: 'a', data, keyMode: 'managed' });
    const blocks = new Set<string>();
    for (const { bytes = new Uint8Array() } of of(await dump(), 'vault_records')) {
      // From behind the five bytes that say what it is.
      for (let at = 5; at + 16 <= bytes.length; at += 16) {
        const block = toHex(bytes.subarray(at, at + 16));
        expect(blocks.has(block)).toBe(false);
        blocks.add(block);
      }
    }
    expect(blocks.size).toBeGreaterThan(3 * 240);
  });

  it('id and data share no key stream: a known id tells nothing of the data', async () => {
    const { vault, dump } = createTestVault();
    const id = 'an id that an attacker knows, as long as the data is';
    const data = content(id.length);
    await vault.store({ ownerId: id, recordId: id, data });
    const known = Buffer.from(id);
    const told = (await dump()).flatMap((document) => [
      ...(document.bytes === undefined ? [] : [Buffer.from(document.bytes)]),
      ...Object.values(document.data)
        .filter((value) => typeof value === 'string')
        .map((value) => Buffer.from(value, 'base64')),
    ]);
    expect(told.length).toBeGreaterThan(5);
    for (const one of told) {
      for (const other of told) {
        // Wherever one key stream had sealed both, the exclusive or of the two and the id would be the data.
        const [aligned, against] = [one.subarray(-known.length - 16), other.subarray(-known.length - 16)];
        const guess = known.map((byte, at) => byte ^ (aligned[at] ?? 0) ^ (against[at] ?? 0));
        expect(Buffer.compare(guess.subarray(0, 16), data.subarray(0, 16))).not.toBe(0);
      }
    }
  });

  it('one id has one record: storing it again leaves nothing of the first', async () => {
    const { vault, dump } = createTestVault();
    const first = await vault.store({ ownerId: 'ann', data: 'first' });
    const second = await vault.store({ ownerId: 'ann', data: 'second' });
    expect(of(await dump(), 'vault_records')).toHaveLength(1);
    expect(await codeOf(vault.retrieve({ ownerId: 'ann', key: first.key as string }))).toBe('SEAL_OPEN_FAILED');
    await expect(vault.retrieve({ ownerId: 'ann', key: second.key as string })).resolves.toBeDefined();
  });

  it('a bad key or a tampered record is an error with a code, and the vault goes on', async () => {
    const { vault, storage, dump } = createTestVault();
    const { key = '' } = await vault.store({ ownerId: 'ann', data: 'data' });
    for (const bad of [
      '',
      'zz',
      'not hex',
      key.slice(0, -1),
      `${key}q`,
      toHex(content(16)),
      toHex(content(32)),
      '😀'.repeat(40),
    ]) {
      expect(await codeOf(vault.retrieve({ ownerId: 'ann', key: bad }))).toBe('VAULT_KEY_INVALID');
    }
    const [record] = of(await dump(), 'vault_records');
    if (record === undefined) throw new Error('no record');
    await putDocument(storage, { ...record, bytes: Uint8Array.of(1, 2, 3) });
    expect(await codeOf(vault.retrieve({ ownerId: 'ann', key }))).toMatch(/^(STORAGE_CORRUPT|SEAL_)/);
    await putDocument(storage, record);
    await expect(vault.retrieve({ ownerId: 'ann', key })).resolves.toBeDefined();
  });
  // That plaintext, keys and ids are in no log is a test of its own: secrets.test.ts.
});
