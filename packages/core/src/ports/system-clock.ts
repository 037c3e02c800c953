import type { Clock } from './clock.ts';

/** The system's clock: the default of every `clock` option, and the one place that reads it. */
// biome-ignore lint/plugin: every other file takes this as an option.
export const systemClock: Clock = { now: () => Date.now() };
