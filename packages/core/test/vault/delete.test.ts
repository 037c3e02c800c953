import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/encoding/bytes.ts';
import { codeOf } from '../support/expect-error.ts';
import { content, createTestVault, DAY, expectContent, HOUR, LARGE, maintain, of } from './support.ts';

const ann = { ownerId: 'ann' };

describe.each([5, LARGE])('a record of %d bytes that is deleted', (length) => {
  it('cannot be read, can be brought back for a day, and then is gone with all its chunks', async () => {
    const { vault, clock, dump } = createTestVault();
    const data = content(length);
    const { key = '' } = await vault.store({ ...ann, data });
    await vault.delete(ann);
    expect(await codeOf(vault.retrieve({ ...ann, key }))).toBe('RECORD_NOT_FOUND');
    expect(await codeOf(vault.delete(ann))).toBe('RECORD_NOT_FOUND');
    expect((await vault.list(ann)).items).toEqual([]);
    expect((await vault.list({ ...ann, deleted: true })).items).toMatchObject([
      { recordId: 'default', contentLength: length },
    ]);

    clock.advance(DAY - 1);
    await maintain(vault);
    await vault.undelete(ann);
    expect(await codeOf(vault.undelete(ann))).toBe('RECORD_NOT_DELETED');
    clock.advance(2 * DAY);
    await maintain(vault);
    expectContent((await vault.retrieve({ ...ann, key })).data, data);

    await vault.delete(ann);
    clock.advance(DAY);
    expect(await codeOf(vault.undelete(ann))).toBe('RECORD_NOT_FOUND');
    await maintain(vault);
    const left = await dump();
    for (const collection of ['vault_records', 'vault_record_chunks', 'vault_removals'])
      expect(of(left, collection)).toEqual([]);
  });

  it('is purged at once where nothing is to be brought back', async () => {
    const { vault, dump } = createTestVault({ undeleteForMs: 0 });
    await vault.store({ ...ann, data: content(length) });
    await vault.delete(ann);
    expect(of(await dump(), 'vault_records')).toEqual([]);
    expect(await codeOf(vault.undelete(ann))).toBe('RECORD_NOT_FOUND');
    await maintain(vault);
    expect(of(await dump(), 'vault_record_chunks')).toEqual([]);
  });

  it('expires at its instant, deleted or not', async () => {
    const { vault, clock, dump } = createTestVault();
    const expiresAt = new Date(clock.now() + HOUR);
    const data = content(length);
    const { key = '' } = await vault.store({ ...ann, data, expiresAt });
    await vault.store({ ...ann, recordId: 'deleted', data, expiresAt });
    await vault.delete({ ...ann, recordId: 'deleted' });
    clock.advance(HOUR - 1);
    expect((await vault.retrieve({ ...ann, key })).expiresAt).toEqual(expiresAt);
    clock.advance(1);
    expect(await codeOf(vault.retrieve({ ...ann, key }))).toBe('RECORD_NOT_FOUND');
    expect(await codeOf(vault.undelete({ ...ann, recordId: 'deleted' }))).toBe('RECORD_NOT_FOUND');
    expect((await vault.list(ann)).items).toEqual([]);
    await maintain(vault);
    const left = await dump();
    for (const collection of ['vault_records', 'vault_record_chunks', 'vault_removals'])
      expect(of(left, collection)).toEqual([]);
  });
});

describe('a version', () => {
  it('never comes again, also after a purge', async () => {
    const { vault, clock } = createTestVault();
    const store = () => vault.store({ ...ann, data: 'x' });
    expect([(await store()).version, (await store()).version]).toEqual([1, 2]);
    await vault.delete(ann);
    expect((await store()).version).toBe(3);
    await vault.delete(ann);
    clock.advance(DAY);
    await maintain(vault);
    expect((await store()).version).toBe(4);
  });

  it('that replaces one with an expiry has none of its own', async () => {
    const { vault, clock } = createTestVault();
    await vault.store({ ...ann, data: content(LARGE), expiresAt: new Date(clock.now() + HOUR) });
    const { key = '' } = await vault.store({ ...ann, data: 'stays' });
    clock.advance(DAY);
    await maintain(vault);
    expect((await vault.retrieve({ ...ann, key })).data).toEqual(utf8('stays'));
  });
});

describe('an instance that remembers an owner who was erased since', () => {
  it('stores for the owner who comes after', async () => {
    const { vault, another } = createTestVault();
    const stale = another();
    await stale.store({ ...ann, data: 'before' });
    await vault.eraseOwner(ann);
    expect((await stale.store({ ...ann, data: 'after' })).version).toBe(1);
  });
});

describe('events', () => {
  it('tell of each change, in order, by random names', async () => {
    const { vault, events, clock } = createTestVault();
    await vault.store({ ...ann, data: 'x' });
    await vault.store({ ...ann, data: 'y' });
    await vault.delete(ann);
    await vault.undelete(ann);
    await vault.delete(ann);
    clock.advance(DAY);
    await maintain(vault);
    const told = (await events.pending({ limit: 100 })).items;
    const ordered = told.toSorted((one, other) => one.subjectRevision - other.subjectRevision);
    expect(ordered.map(({ type, subjectRevision }) => `${type} ${subjectRevision}`)).toEqual([
      'record.stored 1',
      'record.stored 2',
      'record.deleted 3',
      'record.undeleted 4',
      'record.deleted 5',
      'record.purged 6',
    ]);
    expect(new Set(told.map(({ subject }) => subject)).size).toBe(1);
  });
});
