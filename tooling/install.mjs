import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cleanEnvironment, run } from './lib/process.mjs';
import { workspace } from './lib/workspace.mjs';

const STAMP = join(workspace, 'node_modules/.cache/chancery/installed');

/** The package manager, at the version that package.json names. */
export function pnpm(args, options) {
  const { packageManager } = JSON.parse(readFileSync(join(workspace, 'package.json'), 'utf8'));
  return run('npx', ['-y', packageManager, ...args], { cwd: workspace, ...options });
}

/**
 * Installs what the lockfile says, unless that has been done.
 *
 * @returns {Promise<string>} What was done.
 */
export async function install() {
  const wanted = fingerprint();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return 'up to date';
  await pnpm(['install', '--frozen-lockfile', '--prefer-offline'], { env: cleanEnvironment({ CI: 'true' }) });
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, wanted);
  return 'installed';
}

/** Everything that decides what node_modules should hold. */
function fingerprint() {
  const manifests = ['packages', 'examples']
    .filter((folder) => existsSync(join(workspace, folder)))
    .flatMap((folder) => readdirSync(join(workspace, folder)).map((name) => `${folder}/${name}/package.json`))
    .concat('bench/package.json', 'package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml')
    .filter((file) => existsSync(join(workspace, file)))
    .sort();
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${workspace}`);
  for (const file of manifests) hash.update(`\0${file}\0`).update(readFileSync(join(workspace, file)));
  return hash.digest('hex');
}
