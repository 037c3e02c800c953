import { findProgram, runProgram } from '../harness/command.ts';

/**
 * Runs the openssl command, which makes the inputs of every race and checks the outputs before it.
 *
 * @throws {Error} when it is not installed or refuses
 */
export function openssl(...args: string[]): string {
  const path = findProgram('openssl');
  if (path === undefined)
    throw new Error('the bench needs the openssl command: it makes the inputs and verifies the outputs');
  return runProgram(path, args);
}
