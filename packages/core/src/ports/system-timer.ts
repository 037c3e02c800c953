import type { Timer } from './timer.ts';

/** The runtime's own timer: the default of every `timer` option. */
export const systemTimer: Timer = (ms, callback) => {
  const handle = setTimeout(callback, ms);
  return () => clearTimeout(handle);
};
