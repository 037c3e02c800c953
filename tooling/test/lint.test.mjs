import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../lib/process.mjs';
import { workspace } from '../lib/workspace.mjs';

const BIOME = join(workspace, 'node_modules/@biomejs/biome/bin/biome');

/** Code, and the rules that must refuse it in the sources; none where it is allowed. */
const LINES = [
  ['export const a = Date.now();', 'plugin'],
  ['export const a = [1].map(Date.now);', 'plugin'],
  ['export const a = new Date();', 'plugin'],
  ['export const a = new Date(5);', ''],
  ['export const a = Math.random();', 'plugin'],
  ['export const a = Math.max(1, 2);', ''],
  ['export const a = globalThis.crypto;', 'plugin'],
  ['export const a = crypto.subtle;', 'lint/style/noRestrictedGlobals'],
  ["export const a = fetch('x');", 'lint/style/noRestrictedGlobals'],
  ['export const a = process.env;', 'lint/style/noRestrictedGlobals'],
  ["export const a = Buffer.from('x');", 'lint/style/noRestrictedGlobals'],
  ["export * from './other.ts';", 'lint/performance/noBarrelFile lint/performance/noReExportAll'],
  ["import { other } from './other';\n\nexport const a = other;", 'lint/correctness/useImportExtensions'],
  ["import { left } from 'left-pad';\n\nexport const a = left;", 'lint/correctness/noUndeclaredDependencies'],
];

describe('lint', () => {
  let root;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'chancery-lint-'));
    for (const file of ['biome.json', 'tooling/lint']) {
      cpSync(join(workspace, file), join(root, file), { recursive: true });
    }
    for (const folder of ['src', 'test']) mkdirSync(join(root, 'packages/one', folder), { recursive: true });
    writeFileSync(join(root, 'packages/one/package.json'), '{ "name": "one", "type": "module" }\n');
    writeFileSync(join(root, 'packages/one/src/other.ts'), 'export const other = 1;\n');
    LINES.forEach(([code], i) => {
      for (const folder of ['src', 'test']) {
        writeFileSync(join(root, `packages/one/${folder}/line-${i}.ts`), `${code}\n`);
      }
    });
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const found = async (folder) => {
    const args = [BIOME, 'lint', '--colors=off', '--reporter=json', '--max-diagnostics=none', `packages/one/${folder}`];
    const output = await run(process.execPath, args, { cwd: root, accept: [0, 1] });
    const { diagnostics } = JSON.parse(output.slice(output.indexOf('{"'), output.lastIndexOf('}') + 1));
    return diagnostics.map(({ category, location }) => [location.path, category]);
  };

  it('refuses ambient time, randomness, crypto and network in the sources', async () => {
    const diagnostics = await found('src');
    const rulesOf = (i) => diagnostics.filter(([path]) => path.endsWith(`/line-${i}.ts`)).map(([, rule]) => rule);
    const rules = LINES.map(([code], i) => [code, [...new Set(rulesOf(i))].sort().join(' ')]);
    expect(rules).toEqual(LINES);
  });

  it('leaves tests the ambient ones', async () => {
    const categories = new Set((await found('test')).map(([, category]) => category));
    expect([...categories].filter((category) => /plugin|noRestrictedGlobals/.test(category))).toEqual([]);
  });
});
