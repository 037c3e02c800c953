import { randomInt } from 'node:crypto';
import { Tally, vitest } from '../vitest.mjs';

/** Runs the long tests at full size, by a fresh seed that is printed. */
export async function soak(args) {
  const seed = process.env.CHANCERY_SEED ?? String(randomInt(2 ** 31));
  console.log(`CHANCERY_SEED=${seed}`);
  const tally = new Tally();
  const env = {
    CHANCERY_SOAK: '1',
    CHANCERY_SEED: seed,
    CHANCERY_FUZZ_ITERATIONS: process.env.CHANCERY_FUZZ_ITERATIONS ?? '1000000',
  };
  try {
    await vitest({ project: 'soak', node: process.execPath, name: 'soak', tally, args, env, show: true });
  } finally {
    console.log(`\n${tally}`);
  }
  return 0;
}
