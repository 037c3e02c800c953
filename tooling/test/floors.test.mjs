import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFloors } from '../check-floors.mjs';

const CORE = 'packages/core/src';
const MEMORY = 'packages/storage-memory';

/** A small house that keeps every rule. */
const SOUND = {
  'package.json': '{"name":"house","private":true,"type":"module"}',
  'packages/core/package.json': JSON.stringify({
    name: '@chancery/core',
    type: 'module',
    exports: {
      '.': { source: './src/index.ts' },
      './ports': { source: './src/ports/index.ts' },
      './testing': { source: './src/testing/index.ts' },
    },
    dependencies: {
      zod: '*',
      pkijs: '*',
      '@peculiar/x509': '*',
      '@peculiar/asn1-schema': '*',
      '@peculiar/webcrypto': '*',
    },
    devDependencies: { pg: '*' },
  }),
  'packages/storage-memory/package.json': JSON.stringify({
    name: '@chancery/storage-memory',
    type: 'module',
    exports: { '.': { source: './src/index.ts' } },
    peerDependencies: { '@chancery/core': '*' },
    devDependencies: { pg: '*' },
  }),
  [`${CORE}/index.ts`]: "export { authority } from './authority/authority.ts';\n",
  [`${CORE}/errors/error.ts`]: 'export const error = 1;\nexport type Code = string;\n',
  [`${CORE}/encoding/hex.ts`]: "import { error } from '../errors/error.ts';\nexport const hex = error;\n",
  [`${CORE}/ports/clock.ts`]: "import type { Code } from '../errors/error.ts';\nexport type Clock = Code;\n",
  [`${CORE}/ports/index.ts`]: "export type { Clock } from './clock.ts';\nexport { error } from '../errors/error.ts';\n",
  [`${CORE}/crypto/node.ts`]: "import { randomBytes } from 'node:crypto';\nexport const random = randomBytes;\n",
  [`${CORE}/crypto/web.ts`]: "export const load = () => import('@peculiar/webcrypto');\n",
  [`${CORE}/store/store.ts`]: "import { z } from 'zod';\nexport const store = z;\n",
  [`${CORE}/x509/parse.ts`]: "import * as pkijs from 'pkijs';\nexport const parse = pkijs;\n",
  [`${CORE}/authority/authority.ts`]: "import { store } from '../store/store.ts';\nexport const authority = store;\n",
  [`${CORE}/testing/index.ts`]: "export { kit } from './storage/kit.ts';\n",
  [`${CORE}/testing/storage/kit.ts`]:
    "import type { Clock } from '../../ports/clock.ts';\nexport const kit = (clock: Clock) => clock;\n",
  [`${MEMORY}/src/index.ts`]: "export { storage } from './storage.ts';\n",
  [`${MEMORY}/src/storage.ts`]: "import { error } from '@chancery/core/ports';\nexport const storage = error;\n",
  [`${MEMORY}/test/kit.test.ts`]: "import { kit } from '@chancery/core/testing';\nexport const test = kit;\n",
  'packages/core/test/support/seed.ts': 'export const seed = 1;\n',
  [`${MEMORY}/test/soak.test.ts`]:
    "import { seed } from '../../core/test/support/seed.ts';\nexport const test = seed;\n",
};

/** What each plant is, its file, what it imports, and the rules that must catch it. A circle is told of once. */
const PLANTS = [
  ['an import from a higher floor', `${CORE}/encoding/up.ts`, '../store/store.ts', ['floor-1-encoding']],
  [
    'a type-only import from a higher floor',
    `${CORE}/ports/up.ts`,
    'type ../authority/authority.ts',
    ['floor-1-ports'],
  ],
  ['a sibling on the same floor', `${CORE}/encoding/sideways.ts`, '../ports/clock.ts', ['floor-1-encoding']],
  ['a sibling among the managers', `${CORE}/accounts/sideways.ts`, '../authority/authority.ts', ['floor-6-accounts']],
  ['a circle', `${CORE}/keyring/a.ts`, './b.ts', ['no-circle']],
  ['the other end of a circle', `${CORE}/keyring/b.ts`, './a.ts', []],
  ['a type-only circle', `${CORE}/vault/a.ts`, 'type ./b.ts', ['no-circle']],
  ['the other end of a type-only circle', `${CORE}/vault/b.ts`, 'type ./a.ts', []],
  ["the package's own index", `${CORE}/authority/knot.ts`, '../index.ts', ['floor-6-authority', 'no-index-inside']],
  ["a room's own index", `${CORE}/testing/knot.ts`, './index.ts', ['no-index-inside']],
  ['the package by its own name', `${CORE}/authority/self.ts`, '@chancery/core/ports', ['no-index-inside']],
  ['a PKI library outside x509', `${CORE}/authority/pki.ts`, 'pkijs', ['pki-libraries-in-x509-only']],
  ['a type of a PKI library', `${CORE}/authority/types.ts`, 'type @peculiar/x509', ['pki-libraries-in-x509-only']],
  ['an ASN.1 library', `${CORE}/acme/asn1.ts`, '@peculiar/asn1-schema', ['pki-libraries-in-x509-only']],
  ['node:crypto outside crypto', `${CORE}/keyring/hash.ts`, 'node:crypto', ['crypto-in-crypto-only']],
  ['crypto without its prefix', `${MEMORY}/src/hash.ts`, 'crypto', ['crypto-in-crypto-only']],
  ['webcrypto outside crypto', `${CORE}/x509/web.ts`, '@peculiar/webcrypto', ['crypto-in-crypto-only']],
  ['a driver in core', `${CORE}/store/driver.ts`, 'pg', ['core-dependencies', 'no-development-dependency']],
  ['a development dependency', `${MEMORY}/src/dev.ts`, 'pg', ['no-development-dependency']],
  ['a room without a floor', `${CORE}/cellar/a.ts`, '../errors/error.ts', ['unknown-room', 'unknown-room']],
  ['a file beside the rooms', `${CORE}/stray.ts`, undefined, ['unknown-room']],
  ['an adapter that reaches into core', `${MEMORY}/src/deep.ts`, '@chancery/core', ['storage-imports-ports-only']],
  [
    'a test that reaches into core',
    `${MEMORY}/test/deep.test.ts`,
    '../../core/src/errors/error.ts',
    ['across-packages-by-name', 'across-packages-by-public-index'],
  ],
  [
    'a public index by a relative path',
    `${MEMORY}/src/relative.ts`,
    '../../core/src/ports/index.ts',
    ['across-packages-by-name'],
  ],
  [
    'the kit on more than ports',
    `${CORE}/testing/storage/deep.ts`,
    '../../store/store.ts',
    ['conformance-kit-imports-ports-only'],
  ],
  [
    'a helper of tests from the sources',
    `${MEMORY}/src/helped.ts`,
    '../../core/test/support/seed.ts',
    ['sources-import-no-tests', 'storage-imports-ports-only'],
  ],
  ['a test from the sources', `${MEMORY}/src/tested.ts`, '../test/kit.test.ts', ['sources-import-no-tests']],
  ['an import of nothing', `${CORE}/crypto/gone.ts`, './missing.ts', ['resolvable']],
];

function write(root, files) {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
}

function furnish(root) {
  write(root, SOUND);
  for (const name of ['zod', 'pkijs', '@peculiar/x509', '@peculiar/asn1-schema', '@peculiar/webcrypto', 'pg']) {
    write(root, {
      [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: '1.0.0', main: 'index.js' }),
      [`node_modules/${name}/index.js`]: 'export const z = 1;\n',
    });
  }
  mkdirSync(join(root, MEMORY, 'node_modules/@chancery'), { recursive: true });
  symlinkSync('../../../core', join(root, MEMORY, 'node_modules/@chancery/core'), 'junction');
}

describe('floors', () => {
  let root;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'chancery-floors-'));
    furnish(root);
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('passes a house that keeps every rule', async () => {
    const { violations, imports } = await checkFloors(root);
    expect(violations).toEqual([]);
    expect(imports).toBeGreaterThan(10);
  });

  it('catches each violation, and blames nothing else', async () => {
    for (const [, file, target] of PLANTS) {
      const source = target?.startsWith('type ')
        ? `import type * as t from '${target.slice(5)}';\nexport type T = typeof t;\n`
        : `${target === undefined ? '' : `import * as t from '${target}';\n`}export const x = ${target === undefined ? 1 : 't'};\n`;
      write(root, { [file]: source });
    }
    const { violations } = await checkFloors(root);
    const rulesOf = (file) =>
      violations
        .filter(({ from }) => from === file || file.startsWith(`${from}/`))
        .map(({ rule }) => rule)
        .sort();
    const found = Object.fromEntries(PLANTS.map(([what, file]) => [what, rulesOf(file)]));
    const expected = Object.fromEntries(PLANTS.map(([what, , , rules]) => [what, [...rules].sort()]));
    expect(found).toEqual(expected);
    const planted = new Set(PLANTS.map(([, file]) => file));
    const blameless = violations.filter(({ from }) => !planted.has(from) && from !== `${CORE}/cellar`);
    expect(blameless).toEqual([]);
  });
});
