import { describe, expect, it } from 'vitest';
import { runSteps } from '../lib/steps.mjs';

/** Steps that note when they start and end, and end when they are told to. */
function stage() {
  const log = [];
  const gates = new Map();
  const step = (name, options = {}) => ({
    name,
    title: name,
    ...options,
    run: (signal) =>
      new Promise((resolve, reject) => {
        log.push(`start ${name}`);
        gates.set(name, { pass: resolve, fail: reject });
        signal.addEventListener('abort', () => {
          log.push(`stopped ${name}`);
          reject(new Error('stopped'));
        });
      }),
  });
  /** Lets every promise that can settle do so. */
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { log, gates, step, settle };
}

const quiet = () => undefined;

describe('runSteps', () => {
  it('runs as many at once as there are processors, and no more', async () => {
    const { log, gates, step, settle } = stage();
    const done = runSteps([step('a'), step('b'), step('c')], { capacity: 2, print: quiet });
    await settle();
    expect(log).toEqual(['start a', 'start b']);
    gates.get('b').pass();
    await settle();
    expect(log).toEqual(['start a', 'start b', 'start c']);
    gates.get('a').pass();
    gates.get('c').pass();
    expect(await done).toBeUndefined();
  });

  it('waits for what a step needs, and not for what was left out', async () => {
    const { log, gates, step, settle } = stage();
    const steps = [step('late', { needs: ['early', 'left-out'] }), step('early')];
    const done = runSteps(steps, { capacity: 4, print: quiet });
    await settle();
    expect(log).toEqual(['start early']);
    gates.get('early').pass();
    await settle();
    expect(log).toEqual(['start early', 'start late']);
    gates.get('late').pass();
    expect(await done).toBeUndefined();
  });

  it('gives a heavy step the machine to itself, even when it asks for more than there is', async () => {
    const { log, gates, step, settle } = stage();
    const done = runSteps([step('heavy', { load: 9 }), step('light')], { capacity: 2, print: quiet });
    await settle();
    expect(log).toEqual(['start heavy']);
    gates.get('heavy').pass();
    await settle();
    gates.get('light').pass();
    expect(await done).toBeUndefined();
  });

  it('stops at the first failure, names it, and tells no second one', async () => {
    const { log, gates, step, settle } = stage();
    const lines = [];
    const steps = [step('bad'), step('other'), step('never')];
    const done = runSteps(steps, { capacity: 2, print: (line) => lines.push(line) });
    await settle();
    gates.get('bad').fail(new Error('what is wrong'));
    expect(await done).toBe('bad');
    expect(log).toContain('stopped other');
    expect(log).not.toContain('start never');
    expect(lines.filter((line) => line.startsWith('FAILED'))).toHaveLength(1);
    expect(lines.join('\n')).toContain('what is wrong');
  });

  it('refuses steps that wait for one another', async () => {
    const { step } = stage();
    const steps = [step('a', { needs: ['b'] }), step('b', { needs: ['a'] })];
    await expect(runSteps(steps, { capacity: 2, print: quiet })).rejects.toThrow('wait for one another: a,b');
  });
});
