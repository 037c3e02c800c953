import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { JsonObject, StoredDocument } from '../../src/ports/storage.ts';
import { defineCollection } from '../../src/store/collection.ts';

const people = defineCollection({
  name: 'people',
  schema: z.strictObject({ givenName: z.string(), familyName: z.string(), born: z.number().int().optional() }),
  recordVersion: 3,
  upgrade: {
    1: ({ name, ...rest }) => ({ ...rest, names: String(name).split(' ') }),
    2: ({ names, ...rest }) => ({
      ...rest,
      givenName: (names as string[])[0] ?? '',
      familyName: (names as string[])[1] ?? '',
    }),
  },
  indexes: { byBirth: { orderBy: 'born' } },
});
const stored = (data: JsonObject): StoredDocument => ({ collection: 'people', id: 'p1', version: 'v', data });
const refusal = (code: string) =>
  expect.objectContaining({
    name: 'StorageError',
    code,
    facts: { collection: 'people', id: 'p1' },
    message: expect.not.stringContaining('hunter2'),
  });

describe('defineCollection', () => {
  it('tells the backend what to keep in order, and nothing else', () => {
    expect(people.definition).toEqual({ name: 'people', indexes: { byBirth: { orderBy: 'born' } } });
    expect(people.freshIds).toBe(false);
  });

  it('stores the record version beside the fields, and leaves out what is undefined', () => {
    const data = people.encode('p1', { givenName: 'Ada', familyName: 'Lovelace', born: undefined as never });
    expect(data).toEqual({ v: 3, givenName: 'Ada', familyName: 'Lovelace' });
    expect(Object.hasOwn(data, 'born')).toBe(false);
    expect(people.decode(stored(data)).value).toEqual({ givenName: 'Ada', familyName: 'Lovelace' });
  });

  it('passes on what belongs to the document', () => {
    const data = people.encode('p1', { givenName: 'Ada', familyName: 'Lovelace' });
    const bytes = Uint8Array.of(1);
    expect(people.decode({ ...stored(data), bytes, expiresAt: 5, dueAt: 4 })).toEqual({
      id: 'p1',
      version: 'v',
      value: { givenName: 'Ada', familyName: 'Lovelace' },
      bytes,
      expiresAt: 5,
      dueAt: 4,
    });
  });

  it('upgrades records of every older version', () => {
    const ada = { givenName: 'Ada', familyName: 'Lovelace', born: 1815 };
    expect(people.decode(stored({ v: 1, name: 'Ada Lovelace', born: 1815 })).value).toEqual(ada);
    expect(people.decode(stored({ v: 2, names: ['Ada', 'Lovelace'], born: 1815 })).value).toEqual(ada);
  });

  it('refuses a record of a later version', () => {
    expect(() => people.decode(stored({ v: 4, secret: 'hunter2' }))).toThrow(refusal('STORAGE_SCHEMA_NEWER'));
  });

  it.each([
    ['a missing field', { v: 3, givenName: 'hunter2' }],
    ['a wrong type', { v: 3, givenName: 'hunter2', familyName: 5 }],
    ['an unknown field', { v: 3, givenName: 'hunter2', familyName: '', more: 'hunter2' }],
    ['no record version', { givenName: 'hunter2', familyName: '' }],
    ['a record version that is none', { v: '3', givenName: 'hunter2', familyName: '' }],
    ['record version 0', { v: 0, givenName: 'hunter2', familyName: '' }],
  ])('finds a document corrupt for %s, and does not quote it', (_, data) => {
    expect(() => people.decode(stored(data as JsonObject))).toThrow(refusal('STORAGE_CORRUPT'));
  });

  it('finds a document corrupt that no upgrade leads on from', () => {
    const gap = defineCollection({ name: 'people', schema: z.strictObject({}), recordVersion: 2 });
    expect(() => gap.decode(stored({ v: 1 }))).toThrow(refusal('STORAGE_CORRUPT'));
  });

  it('names the field of a value that does not fit, and does not quote it', () => {
    const wrong = { givenName: 'hunter2', familyName: ['hunter2'] } as never;
    expect(() => people.encode('p1', wrong)).toThrow(refusal('STORAGE_INVALID'));
    expect(() => people.encode('p1', wrong)).toThrow(/familyName/);
  });

  it('keeps the field v for itself', () => {
    const taken = defineCollection({ name: 'people', schema: z.strictObject({ v: z.string() }), recordVersion: 1 });
    expect(() => taken.encode('p1', { v: 'x' })).toThrow(refusal('STORAGE_INVALID'));
  });
});

describe('data that a backend hands out again', () => {
  const tags = z.strictObject({
    name: z.string(),
    list: z.array(z.string()),
    facts: z.record(z.string(), z.unknown()),
  });
  let checks = 0;
  const things = () => {
    checks = 0;
    const schema = tags.refine(() => {
      checks += 1;
      return true;
    });
    const upgrade = { 1: (old: JsonObject) => ({ ...old, name: `was ${old.name}` }) };
    return defineCollection({ name: 'things', schema, recordVersion: 2, upgrade });
  };
  const frozen = <T>(value: T): T => {
    if (typeof value === 'object' && value !== null) Object.values(value).forEach(frozen);
    return Object.freeze(value);
  };
  const data = () => ({ v: 2, name: 'a', list: ['x', 'y'], facts: { deep: { list: [1, { two: 2 }] }, none: null } });
  const { v: _, ...expected } = data();

  it('is checked once where it is frozen, and never shared', () => {
    const collection = things();
    const document = stored(frozen(data()));
    const first = collection.decode(document).value;
    first.name = 'changed';
    first.list.push('changed');
    (first.facts.deep as { list: unknown[] }).list.push('changed');
    for (let time = 0; time < 3; time++) {
      const { value } = collection.decode({ ...document, id: `p${time}` });
      expect(value).toEqual(expected);
      value.list.length = 0;
      (value.facts.deep as { list: { two: number }[] }).list[1] = { two: 3 };
      value.facts.more = true;
    }
    expect(checks).toBe(1);
  });

  it.each([
    ['not frozen', (given: JsonObject) => given],
    ['frozen at its surface alone', (given: JsonObject) => Object.freeze(given)],
  ])('is checked each time where it is %s: it may have changed', (_name, prepare) => {
    const collection = things();
    const given = prepare(data()) as ReturnType<typeof data>;
    expect(collection.decode(stored(given)).value).toEqual(expected);
    given.list.push('z');
    expect(collection.decode(stored(given)).value.list).toEqual(['x', 'y', 'z']);
    given.list.push(5 as never);
    expect(() => collection.decode(stored(given))).toThrow(/list.3/);
    expect(checks).toBe(2);
  });

  it('is upgraded, and refused, as at the first time', () => {
    const collection = things();
    const old = frozen({ ...data(), v: 1 });
    for (let time = 0; time < 2; time++) expect(collection.decode(stored(old)).value.name).toBe('was a');
    const wrong = frozen({ ...data(), name: 5 });
    for (let time = 0; time < 2; time++) expect(() => collection.decode(stored(wrong))).toThrow(/name/);
  });

  it('keeps a member that is called __proto__ as a member', () => {
    const collection = things();
    const facts = JSON.parse('{"deep":{"__proto__":{"isAdmin":true}}}') as JsonObject;
    const document = stored(frozen({ ...data(), facts }));
    collection.decode(document);
    const { deep } = collection.decode(document).value.facts as { deep: object };
    expect(Object.keys(deep)).toEqual(['__proto__']);
    expect('isAdmin' in deep).toBe(false);
  });

  it('is of one collection: another judges it by its own rules', () => {
    const document = stored(frozen(data()));
    things().decode(document);
    const others = defineCollection({ name: 'others', schema: z.strictObject({ name: z.string() }), recordVersion: 2 });
    expect(() => others.decode(document)).toThrow(/unrecognized_keys/);
  });
});
