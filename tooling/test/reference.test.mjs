import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readReference } from '../docs/reference.mjs';

const DOCUMENTED = `/** A class. */
export class Sound {
  /** A method. */
  method(): void {}
  [Symbol.dispose](): void {}
}
/** An interface: what its members are, their names say. */
export interface Plain { readonly member: string; method(): void }
/** A function. @param first the one that there is */
export function called(first: string): string { return first; }
/** A constant. */
export const constant = 1;
/** A function in a constant. */
export const arrow = (): number => constant;
`;
const BARE = `/** A class. */
export class Gaps {
  method(): void {}
  get accessor(): number { return 1; }
}
export interface Bare {}
export type Alias = string;
export function silent(): void {}
export const arrow = (): void => {};
/** Speaks of what is not there: {@link Nothing}. */
export const astray = 1;
/** A function. @param second which there is not */
export function other(first: string): string { return first; }
`;

describe('the reference', () => {
  let folder;
  const published = (source) => {
    writeFileSync(join(folder, 'src/index.ts'), source);
    const manifest = { exports: { '.': { source: './src/index.ts' }, './package.json': './package.json' } };
    return [{ name: '@house/one', folder, manifest }];
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'chancery-reference-'));
    mkdirSync(join(folder, 'src'));
    writeFileSync(join(folder, 'package.json'), '{"name":"@house/one","version":"1.0.0","type":"module"}');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has every public name of a package, under the name by which it is imported', async () => {
    const { project, names } = await readReference(published(DOCUMENTED));
    expect(names).toBe(5);
    expect(project.children.map(({ name }) => name)).toEqual(['@house/one']);
  });

  it('names everything that has no docstring, and every docstring that leads astray', async () => {
    const refused = await readReference(published(BARE)).catch((error) => error.message.split('\n'));
    expect(refused.filter((line) => line.endsWith('has no docstring')).map((line) => line.split(' ')[0])).toEqual([
      '@house/one.Bare',
      '@house/one.Alias',
      '@house/one.arrow',
      '@house/one.silent',
      '@house/one.Gaps.accessor',
      '@house/one.Gaps.method',
    ]);
    expect(refused.filter((line) => /Nothing|second/.test(line))).toHaveLength(2);
  });
});
