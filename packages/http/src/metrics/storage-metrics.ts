import type { StorageBackend } from '@chancery/core';
import type { CommitResult } from '@chancery/core/ports';
import { aroundStorage } from '../observation/around-storage.ts';
import { errorCode } from '../observation/error-code.ts';
import type { Instruments } from './instruments.ts';

/** Times what is asked of storages, and counts what fails and what conflicts. */
export function storageMetrics(
  instruments: Instruments,
  stopwatch: () => number,
): (storage: StorageBackend) => StorageBackend {
  const durations = instruments.histogram(
    {
      name: 'storage_operation_duration_seconds',
      help: 'How long operations of the storage took, those that failed included.',
      labels: ['storage', 'operation'],
    },
    'fast',
  );
  const errors = instruments.counter({
    name: 'storage_errors_total',
    help: 'Operations of the storage that failed, by code.',
    labels: ['storage', 'operation', 'code'],
  });
  const conflicts = instruments.counter({
    name: 'storage_conflicts_total',
    help: 'Commits that wrote nothing since a condition did not hold: the sign of contention, not of failure.',
    labels: ['storage', 'reason'],
  });

  return (storage) => {
    const { namespace } = storage;
    for (const reason of ['version', 'unique']) conflicts.inc({ storage: namespace, reason }, 0);
    for (const operation of ['get', 'query', 'commit'])
      errors.inc({ storage: namespace, operation, code: 'STORAGE_UNAVAILABLE' }, 0);
    return aroundStorage(storage, async ({ operation }, run) => {
      const startedAt = stopwatch();
      try {
        const result = await run();
        if (operation === 'commit') countConflict(result as CommitResult);
        return result;
      } catch (error) {
        errors.inc({ storage: namespace, operation, code: errorCode(error) });
        throw error;
      } finally {
        durations.observe({ storage: namespace, operation }, Math.max(0, stopwatch() - startedAt) / 1_000);
      }
    });

    function countConflict(result: CommitResult): void {
      if (!result.committed) conflicts.inc({ storage: namespace, reason: result.conflict.reason });
    }
  };
}
