import { ChanceryError } from '../errors/chancery-error.ts';
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
    const code = error instanceof ChanceryError ? error.code : error instanceof Error ? error.name : typeof error;
    const tellLogger = () =>
      logger?.error('A renewal or a chore failed, and is tried again', { ...problem, error: code });
    for (const tell of [tellLogger, () => onError?.(error, problem)]) {
      // What a host makes of an error must not keep the next certificate from being renewed.
      void (async () => tell())().catch(() => undefined);
    }
  };
}
