import { describe, expect, it } from 'vitest';
import { ChanceryError } from '../../src/errors/chancery-error.ts';
import { content, createTestVault, DAY, expectContent, LARGE, maintain, of, streamOf } from './support.ts';

const ann = { ownerId: 'ann' };

async function outcomes<T>(work: readonly Promise<T>[]): Promise<{ done: T[]; codes: string[] }> {
  const done: T[] = [];
  const codes: string[] = [];
  for (const each of await Promise.allSettled(work)) {
    if (each.status === 'fulfilled') done.push(each.value);
    else if (each.reason instanceof ChanceryError) codes.push(each.reason.code);
    else throw each.reason;
  }
  return { done, codes };
}

describe.each([40, LARGE])('writers of one record of %d bytes', (length) => {
  it('each have a version of their own, and the newest is what is read', async () => {
    const { vault, another, dump, clock } = createTestVault();
    const instances = [vault, another(), another()];
    const stores = instances.map((instance, at) => instance.store({ ...ann, data: content(length, at + 1) }));
    const { done, codes } = await outcomes(stores);
    expect(codes).toEqual([]);
    expect(done.map(({ version }) => version).toSorted()).toEqual([1, 2, 3]);
    const newest = done.findIndex(({ version }) => version === 3);
    const { data } = await vault.retrieve({ ...ann, key: done[newest]?.key ?? '' });
    expectContent(data, content(length, newest + 1));
    clock.advance(DAY);
    await maintain(vault);
    expect(of(await dump(), 'vault_record_chunks')).toHaveLength(length === LARGE ? 3 : 0);
  });

  it('with ifVersion: exactly one wins', async () => {
    const { vault, another } = createTestVault();
    await vault.store({ ...ann, data: 'first' });
    const instances = [vault, another(), another(), vault];
    const stores = instances.map((instance, at) => instance.store({ ...ann, data: content(length, at), ifVersion: 1 }));
    const { done, codes } = await outcomes(stores);
    expect(done).toHaveLength(1);
    expect(new Set(codes)).toEqual(new Set(['RECORD_VERSION_CONFLICT']));
  });
});

describe('streams of one record', () => {
  it('of which one loses say so, and leave nothing behind', async () => {
    const { vault, another, dump, clock } = createTestVault();
    const stores = [vault, another()].map((instance, at) =>
      instance.store({ ...ann, data: streamOf(content(LARGE, at + 1)) }),
    );
    const { done, codes } = await outcomes(stores);
    expect(done.length + codes.length).toBe(2);
    expect(done.length).toBeGreaterThan(0);
    for (const code of codes) expect(code).toBe('RECORD_VERSION_CONFLICT');
    clock.advance(DAY);
    await maintain(vault);
    expect(of(await dump(), 'vault_record_chunks')).toHaveLength(3);
    expect(of(await dump(), 'vault_removals')).toEqual([]);
  });
});

describe('storing and deleting at one time', () => {
  it('end in a record that is there or is not, never in half of one', async () => {
    const { vault, another, dump, clock } = createTestVault({ undeleteForMs: 0 });
    const other = another();
    for (let round = 0; round < 4; round++) {
      await vault.store({ ...ann, data: content(LARGE), keyMode: 'managed' });
      const [stored] = await Promise.allSettled([
        vault.store({ ...ann, data: content(LARGE, 2), keyMode: 'managed' }),
        other.delete(ann),
      ]);
      expect(stored.status).toBe('fulfilled');
      const { done, codes } = await outcomes([other.retrieve(ann)]);
      if (codes.length > 0) expect(codes).toEqual(['RECORD_NOT_FOUND']);
      for (const { data } of done) expectContent(data, content(LARGE, 2));
      await other.delete(ann).catch(() => undefined);
    }
    clock.advance(DAY);
    await maintain(vault);
    for (const collection of ['vault_records', 'vault_record_chunks', 'vault_removals']) {
      expect(of(await dump(), collection)).toEqual([]);
    }
  });
});

describe('storing and erasing at one time', () => {
  it('leave nothing of the erased, whichever is first', async () => {
    const { vault, another, dump, clock } = createTestVault();
    const other = another();
    for (let round = 0; round < 4; round++) {
      await vault.store({ ...ann, data: 'before', keyMode: 'managed' });
      const erased = of(await dump(), 'vault_owners')[0]?.data.owner;
      const work = [
        other.store({ ...ann, recordId: 'small', data: 'x', keyMode: 'managed' }),
        other.store({ ...ann, recordId: 'large', data: content(LARGE), keyMode: 'managed' }),
        vault.store({ ...ann, recordId: 'stream', data: streamOf(content(LARGE)), keyMode: 'managed' }),
      ];
      const erasures = [vault.eraseOwner(ann), another().eraseOwner(ann)];
      const { codes } = await outcomes(work);
      for (const code of codes) expect(code).toMatch(/^(VAULT_OWNER_ERASED|COMMIT_CONFLICT)$/);
      await Promise.all(erasures);
      const left = (await dump()).filter(
        ({ collection, data }) => collection !== 'vault_erasures' && data.owner === erased,
      );
      expect(left).toEqual([]);
      await vault.eraseOwner(ann);
    }
    clock.advance(DAY);
    await maintain(vault);
    for (const collection of ['vault_records', 'vault_record_chunks', 'vault_removals', 'vault_owners']) {
      expect(of(await dump(), collection)).toEqual([]);
    }
  });
});
