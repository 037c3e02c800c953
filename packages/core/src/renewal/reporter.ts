import { codeOrClass } from '../errors/code-or-class.ts';
import type { RenewalProblem, RenewalSchedulerOptions } from './options.ts';

/**
 * Tells of failures: the logger by their codes, `onError` by the errors themselves.
 *
 * @returns what never throws
 */
export function reporter({
  logger,
  onError,
}: Pick<RenewalSchedulerOptions, 'logger' | 'onError'>): (error: unknown, problem: RenewalProblem) => void {
  return (error, problem) => {
    const tellLogger = () =>
      logger?.error('A renewal or a chore failed, and is tried again', { ...problem, error: codeOrClass(error) });
    for (const tell of [tellLogger, () => onError?.(error, problem)]) {
      // What a host makes of an error must not keep the next certificate from being renewed.
      void (async () => tell())().catch(() => undefined);
    }
  };
}
