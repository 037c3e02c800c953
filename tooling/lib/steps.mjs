import { CommandFailed } from './process.mjs';

/**
 * @typedef {object} Step
 * @property {string} name What `--only` and `--skip` call it.
 * @property {string} title What it does, in a few words.
 * @property {readonly string[]} [needs] Steps that must have passed before. One that was left out counts as passed.
 * @property {number} [load] How many processors it keeps busy: 0 when it only waits for the network. Default 1.
 * @property {(signal: AbortSignal) => Promise<string | undefined>} run Does it, and may return a line of figures.
 */

/**
 * Runs steps side by side as far as their needs and the processors allow, and stops at the first that fails.
 *
 * @param {readonly Step[]} steps The steps, in the order in which they are wanted.
 * @param {{ capacity: number, print: (line: string) => void }} options Processors to use; where the report goes.
 * @returns {Promise<string | undefined>} The name of the step that failed, if one did.
 */
export async function runSteps(steps, { capacity, print }) {
  const stopper = new AbortController();
  const waiting = [...steps];
  const present = new Set(steps.map(({ name }) => name));
  const passed = new Set();
  const active = new Map();
  let failed;

  const load = (step) => Math.min(step.load ?? 1, capacity);
  const busy = () => [...active.keys()].reduce((sum, step) => sum + load(step), 0);
  const isReady = (step) => (step.needs ?? []).every((need) => passed.has(need) || !present.has(need));

  const start = (step) => {
    const started = performance.now();
    const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
    print(`>> ${step.name}: ${step.title}`);
    const work = Promise.resolve()
      .then(() => step.run(stopper.signal))
      .then(
        (figures) => {
          passed.add(step.name);
          print(`ok ${step.name} (${seconds()})${figures ? `: ${figures}` : ''}`);
        },
        (error) => {
          if (failed !== undefined) return;
          failed = step.name;
          stopper.abort();
          print(`FAILED ${step.name} (${seconds()})\n${describe(error)}`);
        },
      )
      .finally(() => active.delete(step));
    active.set(step, work);
  };

  while (failed === undefined && (waiting.length > 0 || active.size > 0)) {
    for (const step of waiting.filter(isReady)) {
      if (busy() + load(step) > capacity) continue;
      waiting.splice(waiting.indexOf(step), 1);
      start(step);
    }
    if (active.size === 0) throw new Error(`steps that wait for one another: ${waiting.map(({ name }) => name)}`);
    await Promise.race(active.values());
  }
  await Promise.all(active.values());
  return failed;
}

function describe(error) {
  if (error instanceof CommandFailed) return `${error.output.trimEnd()}\n${error.message}`;
  // A plain Error tells what is wrong with the workspace; any other is a defect of the step itself.
  return error?.constructor === Error ? error.message : (error?.stack ?? String(error));
}
