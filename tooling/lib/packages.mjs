import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspace } from './workspace.mjs';

/**
 * The packages that are published.
 *
 * @returns {{ name: string, folder: string, manifest: any }[]} Each with its folder and package.json.
 */
export function publicPackages() {
  return readdirSync(join(workspace, 'packages'))
    .map((name) => join(workspace, 'packages', name))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }))
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ folder, manifest }) => ({ name: manifest.name, folder, manifest }));
}

/** Everything that can be imported from a package: `@chancery/core`, `@chancery/core/ports`… */
export function importable({ name, manifest }) {
  return Object.keys(manifest.exports)
    .filter((subpath) => subpath !== './package.json')
    .map((subpath) => ({ specifier: name + subpath.slice(1), subpath }));
}
