import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Contestant } from './harness/contestant.ts';
import { atLeast, type Goal } from './harness/goal.ts';
import { type HttpServerKind, type HttpTarget, LOAD_GENERATOR, load } from './harness/http-load.ts';
import { race } from './harness/race.ts';

const KINDS: readonly HttpServerKind[] = [
  'node:http',
  'node:http, the same bytes',
  'express',
  'ours, strict',
  'ours, offline',
  'ours on express',
];

/** HTTP: a certificate read by an authenticated client, beside servers that only say hello. S4-20 */
export const httpGoal: Goal = async (context) => {
  const seconds = context.quick ? 1 : 3;
  const result = await race(
    KINDS.map((kind) => served(kind, { seconds, rounds: context.rounds })),
    context,
  );
  const strict = result.lanes.find(({ name }) => name === 'ours, strict')?.wallNs;
  return {
    title: 'HTTP: authenticated reads of a certificate on memory storage, 32 connections',
    tables: [{ title: 'requests', unit: 'rate', base: 'node:http', lanes: result.lanes }],
    verdicts: [
      atLeast(0.35, 'a bare Express, on Express', result.ratio('ours on express', 'express')),
      atLeast(0.5, 'a bare node:http, strict', result.ratio('ours, strict', 'node:http')),
      atLeast(0.5, 'a bare node:http, offline', result.ratio('ours, offline', 'node:http')),
    ],
    notes: [
      `load by ${LOAD_GENERATOR}`,
      ...(strict === undefined ? [] : [`strict on node:http: ${Math.round(1e9 / strict)} requests/s in one process`]),
    ],
  };
};

/** A server in a process of its own. A slice lasts so many seconds; its time is told for one request. */
function served(
  kind: HttpServerKind,
  { seconds, rounds }: { readonly seconds: number; readonly rounds: number },
): Contestant {
  let started: Promise<{ readonly child: ChildProcess; readonly target: HttpTarget }> | undefined;
  return {
    name: kind,
    pace: { count: 1, rounds },
    async run() {
      started ??= start(kind);
      const { child, target } = await started;
      const before = await cpuMicros(child);
      const { requests, seconds: spent } = await load(target, seconds);
      const used = (await cpuMicros(child)) - before;
      return { wallNs: (spent * 1e9) / requests, cpuNs: (used * 1e3) / requests };
    },
    async close() {
      (await started)?.child.disconnect();
    },
  };
}

/** The CPU time that a server has taken so far: who else is on the machine leaves it be. */
async function cpuMicros(child: ChildProcess): Promise<number> {
  child.send('cpuUsage');
  const [{ user, system }] = (await once(child, 'message')) as [NodeJS.CpuUsage];
  return user + system;
}

async function start(kind: HttpServerKind): Promise<{ readonly child: ChildProcess; readonly target: HttpTarget }> {
  const child = fork(join(import.meta.dirname, 'http-server.js'), [kind]);
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the server ${kind} ended with ${code}`);
  });
  ended.catch(() => undefined);
  const [target] = (await Promise.race([once(child, 'message'), ended])) as [HttpTarget];
  // Compiled and warm before anything is measured.
  await load(target, 1);
  return { child, target };
}
