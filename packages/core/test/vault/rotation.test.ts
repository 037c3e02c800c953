import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/encoding/bytes.ts';
import { LocalKeyring } from '../../src/keyring/local-keyring.ts';
import type { Query, Write } from '../../src/ports/storage.ts';
import { codeOf } from '../support/expect-error.ts';
import { overriding, storageSize } from '../support/test-storage.ts';
import { createTestVault, maintain, of, putDocument } from './support.ts';

const OWNERS = Array.from({ length: storageSize(60, 12) }, (_, at) => `owner ${at}`);

async function filled() {
  const made = createTestVault();
  for (const ownerId of OWNERS) await made.vault.store({ ownerId, data: ownerId, keyMode: 'managed' });
  return made;
}

describe('re-wrapping owners', () => {
  it('is done by N instances together, each owner once, and resumes where one stopped', async () => {
    const { vault, another, dump } = await filled();
    await vault.eraseOwner({ ownerId: OWNERS[0] as string });
    const [first] = of(await dump(), 'vault_owners');
    const former = first?.data.erasureKey;
    let rewrapped = 0;
    const instances = [vault, another(), another()];
    for (let more = true; more; ) {
      const results = await Promise.all(instances.map((instance) => instance.rewrap({ limit: 5 })));
      rewrapped += results.reduce((sum, result) => sum + result.rewrapped, 0);
      more = results.some((result) => result.more);
    }
    expect(rewrapped).toBe(OWNERS.length - 1);
    const present = new Set(of(await dump(), 'vault_owners').map(({ data }) => data.erasureKey));
    expect(present.size).toBe(1);
    expect(present.has(former as string)).toBe(false);
    for (const ownerId of OWNERS.slice(1)) expect((await another().retrieve({ ownerId })).data).toEqual(utf8(ownerId));
  });

  it('goes on for the others where one owner does not open, and keeps the former key until then', async () => {
    const { vault, storage, dump } = await filled();
    const { id } = await vault.eraseOwner({ ownerId: OWNERS[0] as string });
    const [damaged] = of(await dump(), 'vault_owners');
    if (damaged?.bytes === undefined) throw new Error('no owner');
    const bytes = damaged.bytes.map((byte, at) => (at === 150 ? byte ^ 1 : byte));
    await putDocument(storage, { ...damaged, bytes });
    expect(await codeOf(vault.rewrap({ limit: 1_000 }))).toBe('SEAL_OPEN_FAILED');
    expect((await vault.erasureReceipt(id)).backupsClosedAt).toBeNull();
    const under = of(await dump(), 'vault_owners').filter(({ data }) => data.erasureKey === damaged.data.erasureKey);
    expect(under).toHaveLength(1);
    await putDocument(storage, damaged);
    expect(await vault.rewrap({ limit: 1_000 })).toEqual({ rewrapped: 1, closed: 1, more: false });
  });

  it('leaves no owner under a destroyed key who came while it went on', async () => {
    const { vault, another } = await filled();
    const other = another();
    await other.retrieve({ ownerId: OWNERS[1] as string });
    await vault.eraseOwner({ ownerId: OWNERS[0] as string });
    const coming = Array.from({ length: 20 }, (_, at) => `late ${at}`);
    const stores = coming.map((ownerId) => other.store({ ownerId, data: ownerId, keyMode: 'managed' }));
    await Promise.all([maintain(vault, 3), maintain(another(), 7), ...stores]);
    await maintain(vault);
    for (const ownerId of [...coming, ...OWNERS.slice(1)]) {
      expect((await another().retrieve({ ownerId })).data).toEqual(utf8(ownerId));
    }
  });
});

describe('rotating the pseudonym key', () => {
  it('files every owner anew, readable all the while, and then drops the former key', async () => {
    const { vault, another, dump } = await filled();
    const stale = another();
    await stale.retrieve({ ownerId: OWNERS[0] as string });
    const before = of(await dump(), 'vault_owners').map(({ id }) => id);
    await vault.rotatePseudonymKey();
    const refile = vault.maintenance().find(({ name }) => name.endsWith(':refile'));
    for (let more = true; more; ) {
      more = (await refile?.run({ limit: 7 }))?.more ?? false;
      for (const ownerId of [OWNERS[0], OWNERS.at(-1)] as string[]) {
        expect((await stale.retrieve({ ownerId })).data).toEqual(utf8(ownerId));
      }
    }
    const documents = of(await dump(), 'vault_owners');
    expect(documents).toHaveLength(OWNERS.length);
    expect(documents.every(({ id, data }) => id.startsWith('2.') && data.pseudonymKey === '2')).toBe(true);
    expect(documents.some(({ id }) => before.includes(id))).toBe(false);
    // What was filed under the former key alone is not found any more: the key is gone.
    await maintain(another());
    for (const ownerId of OWNERS) expect((await another().retrieve({ ownerId })).data).toEqual(utf8(ownerId));
  });

  it('never makes two owners of one, whatever an instance has in memory', async () => {
    const { vault, another, dump } = createTestVault();
    const stale = another();
    await stale.list({ ownerId: 'somebody' });
    await vault.rotatePseudonymKey();
    await vault.store({ ownerId: 'ann', data: 'one', keyMode: 'managed' });
    expect((await stale.store({ ownerId: 'ann', data: 'two', keyMode: 'managed' })).version).toBe(2);
    expect(of(await dump(), 'vault_owners')).toHaveLength(1);
    expect((await vault.retrieve({ ownerId: 'ann' })).data).toEqual(utf8('two'));
  });
});

describe('an owner who is filed anew', () => {
  it('while one of their records is purged, keeps its version as the floor all the same', async () => {
    let meanwhile: (() => Promise<unknown>) | undefined;
    const { vault, another } = createTestVault({
      undeleteForMs: 0,
      wrapStorage: (backend) =>
        overriding(backend, {
          query: async (query: Query) => {
            const page = await backend.query(query);
            const act = query.collection === 'vault_owners' && query.index === 'byOwner' ? meanwhile : undefined;
            if (act !== undefined) meanwhile = undefined;
            await act?.();
            return page;
          },
        }),
    });
    for (const data of ['one', 'two']) await vault.store({ ownerId: 'ann', data, keyMode: 'managed' });
    const other = another();
    meanwhile = async () => {
      await other.rotatePseudonymKey();
      await other
        .maintenance()
        .find(({ name }) => name.endsWith(':refile'))
        ?.run({ limit: 100 });
    };
    await vault.delete({ ownerId: 'ann' });
    expect(meanwhile).toBeUndefined();
    expect((await vault.store({ ownerId: 'ann', data: 'three', keyMode: 'managed' })).version).toBe(3);
  });
});

describe('a new owner', () => {
  it('whose place changes while the owner is being filed is filed in the new place, once', async () => {
    let meanwhile: (() => Promise<unknown>) | undefined;
    const { vault, another, dump, storage } = createTestVault({
      wrapStorage: (backend) =>
        overriding(backend, {
          commit: async (writes: readonly Write[]) => {
            const act = writes.some(({ collection }) => collection === 'vault_owners') ? meanwhile : undefined;
            if (act !== undefined) meanwhile = undefined;
            await act?.();
            return backend.commit(writes);
          },
        }),
    });
    await vault.list({ ownerId: 'somebody' });
    const other = another({ storage });
    meanwhile = async () => {
      await other.rotatePseudonymKey();
      await other.store({ ownerId: 'ann', data: 'one', keyMode: 'managed' });
    };
    expect((await vault.store({ ownerId: 'ann', data: 'two', keyMode: 'managed' })).version).toBe(2);
    expect(of(await dump(), 'vault_owners')).toHaveLength(1);
    expect((await other.retrieve({ ownerId: 'ann' })).data).toEqual(utf8('two'));
  });
});

describe('rotating the keyring', () => {
  it("has the vault's secrets sealed anew", async () => {
    const keyring = LocalKeyring.generate();
    const { vault, another, dump, storage } = createTestVault({ keyring, onKeyring: true });
    await vault.store({ ownerId: 'ann', data: 'x', keyMode: 'managed' });
    const both = keyring.rotate();
    await maintain(another({ keyring: both, storage }));
    const { current, keys } = both.export();
    const alone = LocalKeyring.fromKeys({ current, keys: { [current]: keys[current] as Uint8Array } });
    expect((await another({ keyring: alone, storage }).retrieve({ ownerId: 'ann' })).data).toEqual(utf8('x'));
    expect(of(await dump(), 'vault_settings').map(({ bytes }) => both.needsReseal(bytes as Uint8Array))).toEqual([
      false,
    ]);
  });
});
