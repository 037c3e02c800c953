import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/encoding/bytes.ts';
import type { StoredDocument } from '../../src/ports/storage.ts';
import { codeOf } from '../support/expect-error.ts';
import { storageSize } from '../support/test-storage.ts';
import { collect, content, createTestVault, expectContent, LARGE, of, putDocument } from './support.ts';

const ann = { ownerId: 'ann' };
const bob = { ownerId: 'bob' };
const REFUSED = /^(SEAL_OPEN_FAILED|SEAL_INVALID|SEAL_TRUNCATED|STORAGE_CORRUPT)$/;

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ 0x40 : byte));
}

function only(
  documents: readonly StoredDocument[],
  collection: string,
): StoredDocument & { readonly bytes: Uint8Array } {
  const [document] = of(documents, collection);
  if (document?.bytes === undefined) throw new Error(`no ${collection}`);
  return { ...document, bytes: document.bytes };
}

describe('whoever writes to the database', () => {
  it('cannot flip a byte of a record, of its card or of its owner', async () => {
    const made = createTestVault();
    const { vault, storage, dump } = made;
    const { key = '' } = await vault.store({ ...ann, data: content(200), contentType: 'text/plain', keyMode: 'dual' });
    const documents = await dump();
    const record = only(documents, 'vault_records');
    const owner = only(documents, 'vault_owners');
    const step = storageSize(1, 29);
    let flips = 0;
    for (let at = 0; at < record.bytes.length; at += step) {
      await putDocument(storage, { ...record, bytes: flipped(record.bytes, at) });
      expect(await codeOf(vault.retrieve({ ...ann, key }))).toMatch(REFUSED);
      flips += 1;
    }
    const card = Buffer.from(record.data.card as string, 'base64');
    for (let at = 0; at < card.length; at += step) {
      await putDocument(storage, {
        ...record,
        data: { ...record.data, card: Buffer.from(flipped(card, at)).toString('base64') },
      });
      expect(await codeOf(vault.retrieve({ ...ann, key }))).toMatch(/^SEAL_(OPEN_FAILED|INVALID|KEY_UNKNOWN)$/);
      expect(await codeOf(vault.list(ann))).toMatch(/^SEAL_/);
      flips += 1;
    }
    await putDocument(storage, record);
    const fresh = () => made.another({ storage });
    for (let at = 0; at < owner.bytes.length; at += step) {
      await putDocument(storage, { ...owner, bytes: flipped(owner.bytes, at) });
      expect(await codeOf(fresh().retrieve({ ...ann, key }))).toMatch(/^SEAL_(OPEN_FAILED|INVALID|KEY_UNKNOWN)$/);
      flips += 1;
    }
    await putDocument(storage, owner);
    expect((await fresh().retrieve({ ...ann, key })).data).toEqual(content(200));
    expect(flips).toBeGreaterThan(storageSize(900, 30));
  });

  it('cannot change what the document of a record repeats of its card', async () => {
    const { vault, storage, dump } = createTestVault();
    const { key = '' } = await vault.store({ ...ann, data: 'x' });
    await vault.store({ ...bob, data: 'x' });
    const record = of(await dump(), 'vault_records').find(({ data }) => data.owner !== undefined) as StoredDocument;
    const other = of(await dump(), 'vault_records').find(({ id }) => id !== record.id) as StoredDocument;
    for (const change of [
      { version: 2 },
      { sealedLength: 1 },
      { owner: other.data.owner },
      { body: { id: 'x', chunks: 1 } },
    ]) {
      await putDocument(storage, { ...record, data: { ...record.data, ...change } as StoredDocument['data'] });
      expect(await codeOf(vault.retrieve({ ...ann, key }))).toBe('SEAL_OPEN_FAILED');
    }
  });

  it('cannot exchange records: of one owner, of two, nor the owners themselves', async () => {
    const made = createTestVault();
    const { vault, storage, dump } = made;
    const names = [
      { ...ann, recordId: 'a' },
      { ...ann, recordId: 'b' },
      { ...bob, recordId: 'a' },
    ];
    for (const [at, name] of names.entries()) {
      await vault.store({ ...name, data: `number ${at}`, keyMode: 'managed' });
    }
    const documents = of(await dump(), 'vault_records');
    for (const [at, one] of documents.entries()) {
      const other = documents[(at + 1) % documents.length] as StoredDocument;
      const { data, bytes } = other;
      // All of it, or only what is sealed, in the other's place.
      for (const moved of [
        { data, ...(bytes && { bytes }) },
        { ...(bytes && { bytes }) },
        { data: { ...one.data, card: data.card ?? '' } },
      ]) {
        await putDocument(storage, { ...one, ...moved });
        const codes = await Promise.all(
          names.map((name) =>
            vault.retrieve(name).then(
              () => 'read',
              (error) => error.code,
            ),
          ),
        );
        expect(codes.filter((code) => code === 'read')).toHaveLength(names.length - 1);
        expect(codes.find((code) => code !== 'read')).toMatch(REFUSED);
        await putDocument(storage, one);
      }
    }
    const [first, second] = of(await dump(), 'vault_owners') as [StoredDocument, StoredDocument];
    await putDocument(storage, { ...first, data: second.data, ...(second.bytes && { bytes: second.bytes }) });
    await putDocument(storage, { ...second, data: first.data, ...(first.bytes && { bytes: first.bytes }) });
    for (const name of names) expect(await codeOf(made.another({ storage }).retrieve(name))).toBe('SEAL_OPEN_FAILED');
  });

  it('cannot put an old version back unnoticed by who remembers the newest', async () => {
    const { vault, dump, restore } = createTestVault();
    await vault.store({ ...ann, data: 'old', keyMode: 'managed' });
    const old = await dump();
    const { version } = await vault.store({ ...ann, data: 'new', keyMode: 'managed' });
    await restore(old);
    expect(await codeOf(vault.retrieve({ ...ann, expectVersion: version }))).toBe('RECORD_ROLLED_BACK');
    // To who does not say what to expect, an old state is a state.
    expect((await vault.retrieve(ann)).data).toEqual(utf8('old'));
  });

  it('cannot give an old version a new number', async () => {
    const { vault, storage, dump } = createTestVault();
    await vault.store({ ...ann, data: 'old', keyMode: 'managed' });
    const old = only(await dump(), 'vault_records');
    await vault.store({ ...ann, data: 'new', keyMode: 'managed' });
    const present = only(await dump(), 'vault_records');
    await putDocument(storage, { ...old, data: { ...old.data, version: 2 } });
    expect(await codeOf(vault.retrieve(ann))).toBe('SEAL_OPEN_FAILED');
    await putDocument(storage, { ...present, bytes: old.bytes });
    expect(await codeOf(vault.retrieve(ann))).toMatch(REFUSED);
  });

  it('cannot drop, cut, exchange or repeat chunks, and nothing of such a record is passed off as whole', async () => {
    const { vault, storage, dump } = createTestVault();
    const data = content(LARGE);
    const { key = '' } = await vault.store({ ...ann, data });
    const chunks = of(await dump(), 'vault_record_chunks').toSorted((one, other) => one.id.localeCompare(other.id));
    expect(chunks).toHaveLength(3);
    const [first, second, last] = chunks as [StoredDocument, StoredDocument, StoredDocument];
    const put = (at: StoredDocument, bytes: Uint8Array | undefined) =>
      putDocument(storage, { ...at, ...(bytes && { bytes }) });
    const bytesOf = ({ bytes = new Uint8Array() }: StoredDocument) => bytes;
    const damages: (() => Promise<unknown>)[] = [
      () => storage.commit([{ kind: 'delete', collection: first.collection, id: first.id }]),
      () => storage.commit([{ kind: 'delete', collection: last.collection, id: last.id }]),
      () => put(first, bytesOf(second)),
      () => put(second, bytesOf(first)),
      () => put(last, bytesOf(last).slice(0, -1)),
      () => put(last, bytesOf(last).slice(0, 16_400)),
      () => put(second, flipped(bytesOf(second), 90_000)),
      () => put(first, bytesOf(first).slice(0, 16_400)),
    ];
    for (const damage of damages) {
      await damage();
      expect(await codeOf(vault.retrieve({ ...ann, key }))).toMatch(REFUSED);
      expect(await codeOf(collect((await vault.retrieveStream({ ...ann, key })).stream))).toMatch(REFUSED);
      for (const chunk of chunks) await putDocument(storage, chunk);
    }
    expectContent((await vault.retrieve({ ...ann, key })).data, data);
    // A range reads what it needs, and no more: damage elsewhere is not its business.
    await put(second, flipped(bytesOf(second), 90_000));
    expectContent((await vault.retrieve({ ...ann, key, range: { start: 10, end: 20 } })).data, data.slice(10, 20));
  });

  it('cannot keep a damaged record from being deleted', async () => {
    const { vault, storage, dump } = createTestVault();
    await vault.store({ ...ann, data: 'x' });
    const record = only(await dump(), 'vault_records');
    await putDocument(storage, { ...record, data: { ...record.data, card: 'AAAA' } });
    await vault.delete(ann);
    expect(of(await dump(), 'vault_records')).toEqual([]);
  });
});

describe('a range of a large record', () => {
  it('reads no chunk documents but those of the range and of the end', async () => {
    const read = new Set<string>();
    const { vault } = createTestVault({
      wrapStorage: (backend) =>
        new Proxy(backend, {
          get(target, property) {
            const value: unknown = Reflect.get(target, property, target);
            if (typeof value !== 'function') return value;
            return (...given: unknown[]) => {
              if (property === 'get') {
                for (const ref of given[0] as { collection: string; id: string }[]) {
                  if (ref.collection === 'vault_record_chunks') read.add(ref.id);
                }
              }
              return value.apply(target, given);
            };
          },
        }),
    });
    const { key = '' } = await vault.store({ ...ann, data: content(2_000_000) });
    read.clear();
    await vault.retrieve({ ...ann, key, range: { start: 1_000_000, end: 1_000_001 } });
    expect(read.size).toBe(2);
  });
});
