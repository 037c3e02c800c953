import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runProgram } from './harness/command.ts';
import type { Spent } from './harness/contestant.ts';
import { atMost, type Goal } from './harness/goal.ts';
import { PACKAGES } from './harness/paths.ts';
import { seededRandom, shuffled } from './harness/random.ts';
import { median } from './harness/statistics.ts';

const RUNS = 15;
const OURS = '@chancery/core';

/** Run in a process of its own each time: what it imports it has never seen. */
const MEASURE = `
const [, ...specifiers] = process.argv;
const cpu = process.cpuUsage();
const start = process.hrtime.bigint();
for (const specifier of specifiers) await import(specifier);
const wallNs = Number(process.hrtime.bigint() - start);
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ wallNs, cpuNs: (user + system) * 1000 }));
`;

/** How long the first import takes, of the package as it is built for publication. */
export const startupGoal: Goal = async ({ quick, seed }) => {
  const core = join(PACKAGES, 'core');
  const resolve = (name: string) => import.meta.resolve(name);
  const imports = new Map([
    [OURS, [pathToFileURL(join(buildCore(core), 'index.js')).href]],
    ['zod', [resolve('zod')]],
    ['@peculiar/x509', [resolve('reflect-metadata'), resolve('@peculiar/x509')]],
    ['pkijs', [resolve('pkijs')]],
  ]);
  const samples = new Map([...imports.keys()].map((name) => [name, [] as Spent[]]));
  const random = seededRandom(seed);
  for (let run = 0; run < (quick ? 5 : RUNS); run++) {
    for (const [name, urls] of shuffled([...imports], random)) {
      samples.get(name)?.push(importOnce(urls));
    }
  }
  const lanes = [...samples].map(([name, runs]) => ({
    name,
    wallNs: median(runs.map(({ wallNs }) => wallNs)),
    cpuNs: median(runs.map(({ cpuNs }) => cpuNs)),
    rounds: runs.length,
  }));
  return {
    title: `Start-up: the first import in a process, the operating system's file cache warm`,
    tables: [{ title: 'import', unit: 'duration', base: OURS, lanes }],
    verdicts: [atMost(200, `ms to import '${OURS}'`, (lanes[0]?.wallNs ?? Number.NaN) / 1e6)],
    notes: [],
  };
};

/** Builds the package by its own configuration, beside its dependencies, and leaves its dist alone. */
function buildCore(core: string): string {
  const output = join(core, 'node_modules', '.cache', 'chancery-bench');
  const tsup = join(PACKAGES, '..', 'node_modules', 'tsup', 'dist', 'cli-default.js');
  runProgram(process.execPath, [tsup, '--no-dts', '--silent', '--out-dir', output], { cwd: core });
  return output;
}

function importOnce(urls: readonly string[]): Spent {
  // Without NODE_OPTIONS of the caller's: a loader there would be measured too.
  const env = { ...process.env, NODE_OPTIONS: '' };
  return JSON.parse(
    runProgram(process.execPath, ['--input-type=module', '--eval', MEASURE, ...urls], { env }),
  ) as Spent;
}
