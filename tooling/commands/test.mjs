import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runSteps } from '../lib/steps.mjs';
import { testSteps } from '../test-steps.mjs';
import { Tally } from '../vitest.mjs';

/**
 * Runs every gate and every test, ends with the counts, and exits by the outcome.
 *
 * @param {string[]} args `--only a,b`, `--skip a,b` or `--list`.
 * @returns {Promise<number>} The exit code.
 */
export async function test(args) {
  const { only, skip, list } = parseArgs({
    args,
    options: { only: { type: 'string' }, skip: { type: 'string' }, list: { type: 'boolean' } },
  }).values;
  const tally = new Tally();
  const all = testSteps(tally);
  if (list) {
    for (const { name, title } of all) console.log(`${name.padEnd(18)} ${title}`);
    return 0;
  }
  const known = new Set(all.map(({ name }) => name));
  const named = (text) => {
    const names = text?.split(',').map((name) => name.trim());
    const unknown = names?.filter((name) => !known.has(name)) ?? [];
    if (unknown.length > 0) throw new Error(`no such step: ${unknown.join(', ')}; there are ${[...known].join(', ')}`);
    return names;
  };
  const wanted = named(only) ?? [...known];
  const unwanted = named(skip) ?? [];
  const steps = all.filter(({ name }) => wanted.includes(name) && !unwanted.includes(name));
  if (steps.length === 0) throw new Error('nothing is left to run');

  const started = performance.now();
  const failed = await runSteps(steps, { capacity: availableParallelism(), print: console.log });
  const left = all.filter((step) => !steps.includes(step)).map(({ name }) => name);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`\n${failed === undefined ? 'every step passed' : `failed at ${failed}`} after ${seconds} s`);
  if (left.length > 0) console.log(`left out on request: ${left.join(', ')}`);
  console.log(String(tally));
  return failed === undefined ? 0 : 1;
}
