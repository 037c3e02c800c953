import { cpSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importable } from '../lib/packages.mjs';
import { run } from '../lib/process.mjs';
import { workspace } from '../lib/workspace.mjs';

/** Loaded only when a feature needs them: an application that uses none must start without. */
const LAZY = ['@peculiar', 'pkijs', 'asn1js'];

/**
 * An application of its own that has installed the tarballs and nothing else: it type-checks, imports every subpath,
 * and finds its globals as they were.
 *
 * @param {readonly import('./tarball.mjs').Packed[]} packed The packages.
 * @param {string} folder Where the application is made.
 * @param {AbortSignal} [signal] Stops the check.
 * @returns {Promise<string>} What was checked.
 * @throws {Error} At the first defect.
 */
export async function checkConsumer(packed, folder, signal) {
  const specifiers = packed.flatMap((one) => importable(one).map(({ specifier }) => specifier));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n');
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', '--prefer-offline'];
  await run('npm', ['install', ...options, ...packed.map(({ tarball }) => tarball)], { cwd: folder, signal });
  await typeCheck(specifiers, folder, signal);
  await importAll(specifiers, folder, signal);
  return `${specifiers.length} subpaths imported`;
}

/** Without skipLibCheck: the declarations themselves must hold. */
async function typeCheck(specifiers, folder, signal) {
  const source = specifiers.map((specifier, i) => `import * as entry${i} from '${specifier}';`).join('\n');
  const used = specifiers.map((_, i) => `entry${i}`).join(', ');
  writeFileSync(join(folder, 'consumer.ts'), `${source}\nexport const entries = [${used}];\n`);
  const compilerOptions = {
    target: 'ES2023',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    typeRoots: [join(workspace, 'node_modules/@types')],
    types: ['node'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
  const compiler = join(workspace, 'node_modules/typescript/bin/tsc');
  await run(process.execPath, [compiler, '--pretty', 'false'], { cwd: folder, signal });
}

async function importAll(specifiers, folder, signal) {
  cpSync(fileURLToPath(new URL('./import-quietly.js', import.meta.url)), join(folder, 'import-quietly.js'));
  const put = (from, to) => {
    for (const name of LAZY.filter((name) => existsSync(join(folder, from, name)))) {
      mkdirSync(join(folder, to), { recursive: true });
      renameSync(join(folder, from, name), join(folder, to, name));
    }
  };
  put('node_modules', 'away');
  // One process each: what one import leaves behind must not excuse the next.
  for (const specifier of specifiers) {
    await run(process.execPath, ['import-quietly.js', specifier], { cwd: folder, signal });
  }
  put('away', 'node_modules');
}
