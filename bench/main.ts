import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { GOAL_NAMES, type GoalName, ON_REQUEST } from './goals.ts';
import { describeEnvironment } from './harness/environment.ts';
import type { GoalReport, NativePeers } from './harness/goal.ts';
import { buildNativePeers } from './harness/native-build.ts';
import { CACHE, PEER_SOURCES } from './harness/paths.ts';
import { renderEnvironment, renderGoal, renderSummary } from './harness/render.ts';

const USAGE = `usage: npm run bench [-- goal ...] [--quick] [--rounds N] [--seed N] [--json FILE]
goals: ${GOAL_NAMES.join(', ')} (all but ${[...ON_REQUEST].join(', ')} when none is named; a part of a name will do)`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'string' },
  },
});

const selected = GOAL_NAMES.filter((name) =>
  positionals.length === 0 ? !ON_REQUEST.has(name) : positionals.some((filter) => name.includes(filter)),
);
const rounds = wholeNumber('rounds', values.rounds ?? (values.quick ? '3' : '11'));
const seed = wholeNumber('seed', values.seed ?? String(Date.now() % 2 ** 32));
if (selected.length === 0) fail(USAGE);

const native = buildNativePeers(PEER_SOURCES, CACHE);
const environment = describeEnvironment(native);
console.log(renderEnvironment(environment));
console.log(`${rounds} rounds of slices of 100 ms or more, order from seed ${seed}; medians of paired ratios`);
if (values.quick) console.log('--quick: a smoke run with few rounds and small sizes; its verdicts are hints');

const reports: Record<string, GoalReport> = {};
for (const name of selected) {
  try {
    const report = await runGoal(name, { quick: values.quick, rounds, sliceMs: 100, seed }, native);
    reports[name] = report;
    console.log(renderGoal(report));
  } catch (error) {
    // One goal that breaks takes nothing from the others' figures, but the run is no success.
    console.error(`\n${(error as Error).message}`);
    process.exitCode = 1;
  }
}

const verdicts = Object.values(reports).flatMap((report) => report.verdicts);
console.log(renderSummary(verdicts));
if (values.json !== undefined) {
  const record = { environment, quick: values.quick, rounds, seed, goals: reports };
  writeFileSync(values.json, `${JSON.stringify(record, null, 2)}\n`);
}
// Three rounds are no basis for a verdict: a quick run fails only where something does not work.
if (!values.quick && verdicts.some((verdict) => verdict.outcome === 'fail')) process.exitCode = 1;

/** Each goal has a process of its own, so that no heap and no compiled code is inherited from the one before. */
function runGoal(name: GoalName, options: object, peers: NativePeers): Promise<GoalReport> {
  const child = fork(
    join(import.meta.dirname, 'goal-process.js'),
    [name, JSON.stringify({ ...options, native: peers })],
    {
      execArgv: ['--expose-gc'],
    },
  );
  return new Promise((resolve, reject) => {
    child.once('message', (report) => resolve(report as GoalReport));
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`goal ${name} ended with ${signal ?? code} before its report`)),
    );
  });
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) fail(`--${option} takes a whole number, not ${text}`);
  return value;
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
