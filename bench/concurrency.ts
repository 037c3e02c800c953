import { availableParallelism } from 'node:os';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { inProcess } from './harness/contestant.ts';
import { atLeast, atMost, type Goal, notRun } from './harness/goal.ts';
import { race } from './harness/race.ts';
import { ourAnswer } from './ours/issuance.ts';
import { createIssuance, turns } from './workload/issuance.ts';

const IN_FLIGHT = 64;
const ALONE = 'one caller';
const TOGETHER = `${IN_FLIGHT} in flight`;

/** Goal 3: what a second core is worth once requests queue, and whether the event loop still turns meanwhile. */
export const concurrencyGoal: Goal = async (context) => {
  const issuance = createIssuance(context.folder);
  const answer = await ourAnswer(issuance);
  const { pems } = issuance.requests;
  const next = turns(pems.length);
  const entrants = [
    inProcess(ALONE, async (count) => {
      for (let i = 0; i < count; i++) await answer(pems[next()] as string);
    }),
    inProcess(TOGETHER, (count) => together(count, () => answer(pems[next()] as string))),
  ];
  const result = await race(entrants, context);
  const delay = await measureDelay(context.quick ? 5_000 : 20_000, () => answer(pems[next()] as string));
  const cores = availableParallelism();
  const speedup =
    cores < 2
      ? notRun(`≥ 1.45 × ${ALONE}`, 'this machine has one core')
      : atLeast(1.45, ALONE, result.ratio(TOGETHER, ALONE));
  return {
    title: `Goal 3: ${IN_FLIGHT} requests in flight on ${cores} cores, request PEM to certificate PEM`,
    tables: [{ title: 'certificates', unit: 'rate', base: ALONE, lanes: result.lanes }],
    verdicts: [speedup, atMost(5, 'ms event loop delay, 99th percentile', delay.percentile(99) / 1e6)],
    notes: [
      `The delay is the histogram's own, the 1 ms period of its timer included; its mean was ${(delay.mean / 1e6).toFixed(2)} ms.`,
    ],
  };
};

/** The event loop's delay while a steady queue is served: a few seconds, so that the hundredth part is more than one event. */
async function measureDelay(count: number, call: () => Promise<unknown>): Promise<IntervalHistogram> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await together(count, call);
  histogram.disable();
  return histogram;
}

/** Keeps a fixed number of calls in flight until `count` are done. */
async function together(count: number, call: () => Promise<unknown>): Promise<void> {
  let left = count;
  const caller = async () => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
}
