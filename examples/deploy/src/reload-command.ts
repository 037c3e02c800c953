import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * A reload hook that runs a program, without a shell.
 *
 * @param command the program and its arguments, such as `['nginx', '-s', 'reload']`
 * @param options.timeoutMs after which it is killed, in milliseconds
 * @returns resolves once the program has ended well, and rejects with what it wrote where it has not
 */
export function reloadCommand(
  [program, ...args]: readonly [string, ...string[]],
  { timeoutMs = 30_000 }: { readonly timeoutMs?: number } = {},
): () => Promise<void> {
  return async () => {
    await run(program, args, { timeout: timeoutMs });
  };
}
