import type { RenewalScheduler } from '@chancery/core';
import type { Source } from './source.ts';

/** Shows whether a scheduler works in this instance. */
export const schedulerSource: Source<RenewalScheduler> = (scheduler, { gauge }) => {
  const running = gauge({ name: 'scheduler_running', help: '1 while the scheduler of this instance works.' });
  return async () => () => running.set({}, scheduler.isRunning ? 1 : 0);
};
