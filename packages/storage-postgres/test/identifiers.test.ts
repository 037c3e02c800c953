import { describe, expect, it } from 'vitest';
import { fingerprint, indexName, internalName, literal, quoted, tableName } from '../src/identifiers.ts';

describe('names of tables and indexes', () => {
  it('are plain where they fit', () => {
    expect(tableName('chancery', 'notes')).toBe('chancery$notes');
    expect(internalName('chancery', 'unique')).toBe('chancery$_unique');
    expect(indexName('chancery', 'notes', 'byTime')).toBe('chancery$notes$byTime');
  });

  it('tell every pair of a namespace and a collection apart, and take at most 63 bytes', () => {
    const names = [
      'a',
      'a_',
      'a_b',
      'b',
      'b_c',
      'unique',
      'x'.repeat(40),
      `${'x'.repeat(39)}y`,
      'x'.repeat(31),
      'x'.repeat(32),
    ];
    const seen = new Set<string>();
    for (const namespace of names) {
      for (const collection of names) seen.add(tableName(namespace, collection));
      seen.add(internalName(namespace, 'unique'));
    }
    expect(seen.size).toBe(names.length * (names.length + 1));
    expect(Math.max(...[...seen].map((name) => name.length))).toBe(63);
  });
});

describe('fingerprint', () => {
  // Vectors of draft-eastlake-fnv, section 6: FNV-1a, 64 bits.
  it.each([
    ['', 'cbf29ce484222325'],
    ['a', 'af63dc4c8601ec8c'],
    ['foobar', '85944171f73967e8'],
  ])('of %j is %s', (text, expected) => {
    expect(fingerprint(text)).toBe(expected);
  });
});

it('quotes end at their own quote', () => {
  expect(quoted('a"b')).toBe('"a""b"');
  expect(literal("a'b")).toBe("'a''b'");
});
