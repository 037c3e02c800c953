import { spawnSync } from 'node:child_process';
import { tool } from './tools.ts';

export interface ToolResult {
  readonly status: number | null;
  /** Standard output and standard error. */
  readonly output: string;
}

/** Runs a program to its end. It fails the test when it cannot be started; what its status means is for the test to say. */
export function run(
  name: Parameters<typeof tool>[0],
  args: readonly string[],
  options: {
    readonly input?: string;
    readonly cwd?: string;
    readonly env?: NodeJS.ProcessEnv;
    /** After how long it is ended, in milliseconds. Default 100,000. */
    readonly timeout?: number;
  } = {},
): ToolResult {
  const { status, stdout, stderr, error } = spawnSync(tool(name), args, {
    encoding: 'utf8',
    timeout: 100_000,
    ...options,
  });
  if (error !== undefined) throw error;
  return { status, output: `${stdout}${stderr}` };
}
