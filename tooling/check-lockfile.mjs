import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspace } from './lib/workspace.mjs';

/**
 * The lockfile and .npmrc name no registry, so that each host uses its own.
 *
 * @throws {Error} At the first address found.
 */
export function checkLockfile() {
  for (const name of ['pnpm-lock.yaml', '.npmrc'].filter((file) => existsSync(join(workspace, file)))) {
    const address = /https?:\/\/\S+/.exec(readFileSync(join(workspace, name), 'utf8'));
    if (address) throw new Error(`${name} holds an address: ${address[0]}`);
  }
}
