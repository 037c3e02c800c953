import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/encoding/bytes.ts';
import { LocalKeyring } from '../../src/keyring/local-keyring.ts';
import type { ErasureKeys } from '../../src/ports/erasure-keys.ts';
import { verifyErasureReceipt } from '../../src/vault/erasure/receipt.ts';
import { codeOf } from '../support/expect-error.ts';
import { content, createTestVault, DAY, LARGE, maintain, of } from './support.ts';

const ann = { ownerId: 'ann' };
const bob = { ownerId: 'bob' };
const LEFT = ['vault_records', 'vault_record_chunks', 'vault_removals'];

describe('erasing an owner', () => {
  it('removes the key and every record at once, and nothing of others', async () => {
    const { vault, dump, events } = createTestVault();
    const { key = '' } = await vault.store({ ...bob, data: content(LARGE) });
    const before = LEFT.map((collection) => of([], collection).length);
    expect(before).toEqual([0, 0, 0]);
    const others = await dump();
    for (const keyMode of ['user', 'managed', 'dual'] as const) {
      await vault.store({ ...ann, recordId: keyMode, data: 'small', keyMode });
      await vault.store({ ...ann, recordId: `large ${keyMode}`, data: content(LARGE), keyMode });
    }
    await vault.store({ ...ann, recordId: 'large user', data: content(LARGE) });
    await vault.delete({ ...ann, recordId: 'user' });

    const receipt = await vault.eraseOwner(ann);
    expect(receipt).toMatchObject({ records: 6, backupsClosedAt: null });
    expect(receipt.erasedAt).toBeInstanceOf(Date);
    const left = await dump();
    for (const collection of [...LEFT, 'vault_owners']) {
      expect(of(left, collection)).toEqual(of(others, collection));
    }
    expect((await vault.retrieve({ ...bob, key })).data).toHaveLength(LARGE);
    expect(await codeOf(vault.retrieve({ ...ann, recordId: 'managed' }))).toBe('RECORD_NOT_FOUND');
    expect((await vault.list(ann)).items).toEqual([]);
    const told = (await events.pending({ limit: 100 })).items.filter(({ type }) => type === 'owner.erased');
    expect(told).toMatchObject([{ data: { erasure: receipt.id, records: 6 } }]);
  });

  it('is signed for, and what was not signed is found out', async () => {
    const { vault } = createTestVault();
    await vault.store({ ...ann, data: 'x' });
    const receipt = await vault.eraseOwner(ann);
    const publicKey = await vault.receiptPublicKey();
    expect(await verifyErasureReceipt(receipt, { publicKey })).toBe(true);
    expect(await verifyErasureReceipt(await vault.erasureReceipt(receipt.id), { publicKey })).toBe(true);
    const other = createTestVault();
    const changes = [
      { records: 2 },
      { backupsClosedAt: new Date(0) },
      { erasedAt: null },
      { id: 'x' },
      { ownerHash: '00' },
    ];
    for (const change of changes) {
      expect(await verifyErasureReceipt({ ...receipt, ...change }, { publicKey })).toBe(false);
    }
    const foreign = await other.vault.receiptPublicKey();
    expect(await verifyErasureReceipt(receipt, { publicKey: foreign })).toBe(false);
    expect(await verifyErasureReceipt({ ...receipt, publicKey: foreign }, { publicKey: foreign })).toBe(false);
    expect(await codeOf(verifyErasureReceipt({} as never, { publicKey }))).toBe('INVALID_ARGUMENT');
  });

  it('gives the receipt again, and a new one for an owner who has come back', async () => {
    const { vault, another } = createTestVault();
    await vault.store({ ...ann, data: 'x' });
    const first = await vault.eraseOwner(ann);
    expect(await another().eraseOwner(ann)).toEqual(first);
    expect((await vault.store({ ...ann, data: 'y', keyMode: 'managed' })).version).toBe(1);
    expect((await another().retrieve(ann)).data).toEqual(utf8('y'));
    const second = await vault.eraseOwner(ann);
    expect(second.id).not.toBe(first.id);
    expect(second.ownerHash).toBe(first.ownerHash);
  });

  it('is known to an instance that holds the key in memory', async () => {
    const { vault, another } = createTestVault();
    const other = another();
    await vault.store({ ...ann, data: 'x', keyMode: 'managed' });
    await other.retrieve(ann);
    await vault.eraseOwner(ann);
    expect(await codeOf(other.retrieve(ann))).toBe('RECORD_NOT_FOUND');
    expect((await other.list(ann)).items).toEqual([]);
  });
});

describe('backups, with erasure keys outside the storage', () => {
  it('are closed by the next maintenance for the erased, and the receipt says since when', async () => {
    const { vault, dump, restore, clock, events } = createTestVault();
    const own = await vault.store({ ...ann, recordId: 'user', data: 'hers alone' });
    for (const keyMode of ['managed', 'dual'] as const)
      await vault.store({ ...ann, recordId: keyMode, data: 'x', keyMode });
    await vault.store({ ...bob, data: 'stays', keyMode: 'managed' });
    const backup = await dump();

    const { id } = await vault.eraseOwner(ann);
    clock.advance(DAY);
    await maintain(vault);
    const receipt = await vault.erasureReceipt(id);
    expect(receipt.backupsClosedAt).toEqual(new Date(clock.now()));
    expect(await verifyErasureReceipt(receipt, { publicKey: await vault.receiptPublicKey() })).toBe(true);
    expect((await events.pending({ limit: 100 })).items.map(({ type }) => type)).toContain('owner.backups_closed');
    expect((await vault.retrieve(bob)).data).toEqual(utf8('stays'));

    // The backup is closed for everyone who was in it, which is what it costs.
    await restore(backup);
    for (const ownerId of ['ann', 'bob']) {
      expect(await codeOf(vault.retrieve({ ownerId, recordId: 'managed' }))).toBe('SEAL_KEY_UNKNOWN');
      expect(await codeOf(vault.list({ ownerId }))).toBe('SEAL_KEY_UNKNOWN');
    }
    expect(await codeOf(vault.retrieve({ ...ann, recordId: 'user', key: own.key ?? '' }))).toBe('SEAL_KEY_UNKNOWN');
  });

  it('that are newer than the last erasure can be restored', async () => {
    const { vault, dump, restore, another } = createTestVault();
    await vault.store({ ...ann, data: 'x' });
    await vault.store({ ...bob, data: 'stays', keyMode: 'managed' });
    await vault.eraseOwner(ann);
    await maintain(vault);
    const backup = await dump();
    await vault.delete(bob);
    await restore(backup);
    expect((await another().retrieve(bob)).data).toEqual(utf8('stays'));
  });

  it('are not said to be closed while the former key can still be read', async () => {
    const kept = new Map<string, Uint8Array>();
    const erasureKeys: ErasureKeys = {
      write: async (id, key) => void kept.set(id, Uint8Array.from(key)),
      read: async (id) => kept.get(id),
      destroy: async () => undefined,
    };
    const { vault } = createTestVault({ erasureKeys });
    await vault.store({ ...ann, data: 'x' });
    const { id } = await vault.eraseOwner(ann);
    await maintain(vault);
    expect((await vault.erasureReceipt(id)).backupsClosedAt).toBeNull();
    for (const former of [...kept.keys()].slice(0, -1)) kept.delete(former);
    await maintain(vault);
    expect((await vault.erasureReceipt(id)).backupsClosedAt).not.toBeNull();
  });

  it('are not said to be closed where the former key cannot be reached', async () => {
    const kept = new Map<string, Uint8Array>();
    let reachable = true;
    let failsNext = true;
    const erasureKeys: ErasureKeys = {
      write: async (id, key) => void kept.set(id, Uint8Array.from(key)),
      read: async (id) => {
        if (!reachable) throw new Error('the secret manager is down');
        return kept.get(id);
      },
      destroy: async (id) => {
        kept.delete(id);
        reachable = !failsNext;
        failsNext = false;
      },
    };
    const { vault } = createTestVault({ erasureKeys });
    await vault.store({ ...ann, data: 'x' });
    const { id } = await vault.eraseOwner(ann);
    await expect(maintain(vault)).rejects.toThrow('the secret manager is down');
    expect((await vault.erasureReceipt(id)).backupsClosedAt).toBeNull();
    reachable = true;
    await maintain(vault);
    expect((await vault.erasureReceipt(id)).backupsClosedAt).not.toBeNull();
  });

  it('of one erasure after the other are each closed in turn, also in the midst of a rotation', async () => {
    const { vault } = createTestVault();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const ownerId of names) await vault.store({ ownerId, data: 'x', keyMode: 'managed' });
    const first = await vault.eraseOwner({ ownerId: 'a' });
    expect(await vault.rewrap({ limit: 2 })).toEqual({ rewrapped: 2, closed: 0, more: true });
    const second = await vault.eraseOwner({ ownerId: 'b' });
    const third = await vault.eraseOwner({ ownerId: 'f' });
    expect((await vault.erasureReceipt(first.id)).backupsClosedAt).toBeNull();
    await maintain(vault, 1);
    await maintain(vault, 1);
    for (const { id } of [first, second, third]) {
      expect((await vault.erasureReceipt(id)).backupsClosedAt).not.toBeNull();
    }
    for (const ownerId of ['c', 'd', 'e']) expect((await vault.retrieve({ ownerId })).data).toEqual(utf8('x'));
  });
});

describe('backups, with the keyring alone', () => {
  it('are closed once the host has rotated the keyring and dropped its former key', async () => {
    const keyring = LocalKeyring.generate();
    const { vault, another, dump, restore, storage } = createTestVault({ onKeyring: true, keyring });
    await vault.store({ ...ann, data: 'x', keyMode: 'managed' });
    await vault.store({ ...bob, data: 'stays', keyMode: 'managed' });
    const backup = of(await dump(), 'vault_owners').concat(of(await dump(), 'vault_records'));
    const { id } = await vault.eraseOwner(ann);
    await maintain(vault);
    expect((await vault.erasureReceipt(id)).backupsClosedAt).toBeNull();

    const both = keyring.rotate();
    const rotated = another({ keyring: both, storage });
    await maintain(rotated);
    expect((await rotated.erasureReceipt(id)).backupsClosedAt).toBeNull();
    expect((await rotated.retrieve(bob)).data).toEqual(utf8('stays'));

    const { current, keys } = both.export();
    const alone = LocalKeyring.fromKeys({ current, keys: { [current]: keys[current] as Uint8Array } });
    const without = another({ keyring: alone, storage });
    await maintain(without);
    expect((await without.erasureReceipt(id)).backupsClosedAt).not.toBeNull();
    expect((await without.retrieve(bob)).data).toEqual(utf8('stays'));
    await restore([...(await dump()).filter(({ collection }) => !/owners|records/.test(collection)), ...backup]);
    expect(await codeOf(without.retrieve(ann))).toBe('SEAL_KEY_UNKNOWN');
  });

  it('move on to keys outside the storage by the next maintenance', async () => {
    const { vault, another, dump } = createTestVault({ onKeyring: true });
    await vault.store({ ...bob, data: 'stays', keyMode: 'managed' });
    const kept = new Map<string, Uint8Array>();
    const erasureKeys: ErasureKeys = {
      write: async (id, key) => void kept.set(id, Uint8Array.from(key)),
      read: async (id) => kept.get(id),
      destroy: async (id) => void kept.delete(id),
    };
    const moved = another({ erasureKeys });
    expect((await moved.retrieve(bob)).data).toEqual(utf8('stays'));
    await maintain(moved);
    expect(of(await dump(), 'vault_owners').map(({ data }) => data.erasureKey)).toEqual([...kept.keys()]);
    expect((await moved.retrieve(bob)).data).toEqual(utf8('stays'));
  });
});
