import type { RenewalProblem } from '@chancery/core';
import { errorCode } from '../observation/error-code.ts';
import type { Instruments } from './instruments.ts';

/** Counts what a scheduler could not do: for its option `onError`. */
export function schedulerMetrics(instruments: Instruments): (error: unknown, problem: RenewalProblem) => void {
  const failures = instruments.counter({
    name: 'scheduler_failures_total',
    help: 'Renewals and chores that failed in this instance and are tried again, by code.',
    labels: ['kind', 'code'],
  });
  for (const kind of ['renewal', 'chore', 'queue']) failures.inc({ kind, code: 'other' }, 0);
  return (error, { certificateId, task }) => {
    const kind = task !== undefined ? 'chore' : certificateId !== undefined ? 'renewal' : 'queue';
    failures.inc({ kind, code: errorCode(error) });
  };
}
