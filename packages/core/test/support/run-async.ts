import { execFile } from 'node:child_process';
import type { ToolResult } from './run-tool.ts';
import { tool } from './tools.ts';

/** Runs a program to its end while this process goes on, such as to answer it. */
export function runAsync(name: Parameters<typeof tool>[0], args: readonly string[]): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(tool(name), [...args], { timeout: 100_000 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ status: error === null ? 0 : Number(error.code), output: `${stdout}${stderr}` });
    });
    // Some programs talk until their input ends.
    child.stdin?.end();
  });
}
