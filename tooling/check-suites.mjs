import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { workspace } from './lib/workspace.mjs';

/**
 * Every room of core, every package and every example has tests: a suite that is gone must not look like one that
 * passed.
 *
 * @throws {Error} Naming what has none.
 */
export function checkSuites() {
  const rooms = folders('packages/core/src').filter((room) => hasFile(`packages/core/src/${room}`, /\.ts$/));
  const subjects = [
    ...rooms.map((room) => `packages/core/test/${room}`),
    ...folders('packages').map((name) => `packages/${name}/test`),
    ...folders('examples').map((name) => `examples/${name}/test`),
  ];
  const bare = subjects.filter((folder) => !hasFile(folder, /\.test\.ts$/));
  if (bare.length > 0) throw new Error(`no test in ${bare.join(', ')}`);
}

function folders(of) {
  return readdirSync(join(workspace, of), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

function hasFile(folder, pattern) {
  if (!existsSync(join(workspace, folder))) return false;
  return readdirSync(join(workspace, folder), { recursive: true }).some((name) => pattern.test(name));
}
