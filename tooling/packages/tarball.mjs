import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { CommandFailed, run } from '../lib/process.mjs';
import { workspace } from '../lib/workspace.mjs';

const ATTW = join(workspace, 'node_modules/@arethetypeswrong/cli/dist/index.js');

/**
 * @typedef {object} Packed A package as it would be published.
 * @property {string} name
 * @property {string} tarball
 * @property {string} unpacked
 * @property {any} manifest
 */

/**
 * @param {Packed} packed
 * @param {AbortSignal} [signal]
 * @throws {Error} Naming the package and every defect.
 */
export async function checkTarball(packed, signal) {
  const files = readdirSync(packed.unpacked, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(packed.unpacked, join(entry.parentPath, entry.name)).split(sep).join('/'));
  const defects = [
    ...contents(files),
    ...manifestDefects(packed),
    ...files.filter((file) => file.endsWith('.d.ts')).flatMap((file) => foreignTypes(packed, file)),
    ...(await entryDefects(packed)),
  ];
  if (defects.length > 0) throw new CommandFailed(`${packed.name} as packed`, 'unfit to publish', defects.join('\n'));
  await run(process.execPath, [ATTW, packed.tarball, '--profile', 'esm-only', '--no-emoji', '--no-color'], { signal });
}

function contents(files) {
  const wanted = ['package.json', 'README.md', 'LICENSE'];
  const missing = wanted.filter((file) => !files.includes(file)).map((file) => `missing: ${file}`);
  const surplus = files.filter((file) => !wanted.includes(file) && !file.startsWith('dist/'));
  return [...missing, ...surplus.map((file) => `does not belong in the package: ${file}`)];
}

function manifestDefects({ unpacked, manifest }) {
  const defects = [];
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    const conditions = typeof target === 'string' ? { default: target } : target;
    if ('source' in conditions) defects.push(`exports["${subpath}"] still has the source condition`);
    for (const [condition, file] of Object.entries(conditions)) {
      if (!existsSync(join(unpacked, file))) defects.push(`exports["${subpath}"].${condition}: no ${file}`);
    }
  }
  for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies']) {
    for (const [name, range] of Object.entries(manifest[kind] ?? {})) {
      if (/^(workspace|link|file):/.test(range)) defects.push(`${kind}.${name}: ${range}`);
    }
  }
  return defects;
}

/** The types of a dependency in ours would make its every release our breaking change. */
function foreignTypes({ unpacked }, file) {
  const text = readFileSync(join(unpacked, file), 'utf8');
  const imports = [
    ...text.matchAll(/\bfrom\s+['"]([^'"]+)['"]/g),
    ...text.matchAll(/\bimport\s*\(\s*['"]([^'"]+)['"]\s*\)/g),
    ...text.matchAll(/^\s*import\s+['"]([^'"]+)['"]/gm),
    ...text.matchAll(/\/\/\/\s*<reference\s+\w+=['"]([^'"]+)['"]/g),
  ].map(([, specifier]) => specifier);
  return imports
    .filter((specifier) => !/^(\.{1,2}\/|node:|@chancery\/)/.test(specifier))
    .map((specifier) => `${file} imports types of ${specifier}`);
}

async function entryDefects({ unpacked, manifest }) {
  const { messages } = await publint({ pkgDir: unpacked, pack: false, strict: true, level: 'warning' });
  return messages.map((message) => `publint: ${formatMessage(message, manifest)}`);
}
