import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const UNPACKED = fileURLToPath(new URL('../../../../node_modules/.cache/test-tools/bin', import.meta.url));

/** A program that tests run beside ours. */
export type ToolName =
  | 'openssl'
  | 'go'
  | 'certtool'
  | 'certutil'
  | 'chromium'
  | 'nginx'
  | 'ansible-playbook'
  | 'caddy'
  | 'pebble'
  | 'pebble-2.6'
  | 'pebble-challtestsrv'
  | 'prometheus'
  | 'promtool';

/**
 * The path of a program that tests run beside ours.
 *
 * @param name The program. It is looked up on PATH, then among those that `npm test` unpacked.
 * @throws {Error} When it is not there: a test that cannot compare must not pass.
 */
export function tool(name: ToolName): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), UNPACKED];
  const found = folders.map((folder) => join(folder, name)).find(isProgram);
  if (found === undefined) throw new Error(`${name} is not installed: npm test installs it, or see CONTRIBUTING.md`);
  return found;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
