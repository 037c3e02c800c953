import type { Clock } from '../clock.ts';
import type { MaintenanceTask } from '../maintenance.ts';
import type { StorageBackend } from '../storage.ts';

const MINUTE_MS = 60_000;

/** How a storage sweeps. */
export interface SweepTaskOptions {
  readonly clock: Clock;
  /** How long to rest when nothing expired is left, in milliseconds. Default one minute. */
  readonly intervalMs?: number;
}

/** The chore of every storage: removes expired documents. Expiry is exact without it; it frees space. */
export function sweepTask(
  backend: Pick<StorageBackend, 'namespace' | 'sweep'>,
  options: SweepTaskOptions,
): MaintenanceTask {
  const { clock, intervalMs = MINUTE_MS } = options;
  return {
    name: `storage:${backend.namespace}:sweep`,
    run: async ({ limit, signal }) => {
      signal?.throwIfAborted();
      const { more } = await backend.sweep(limit);
      return { more, nextDueAt: more ? clock.now() : clock.now() + intervalMs };
    },
  };
}
