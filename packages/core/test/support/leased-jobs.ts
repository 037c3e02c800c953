import type { CollectionDefinition } from '../../src/ports/storage.ts';

/** What workers take leases on. */
export const JOBS: CollectionDefinition = { name: 'jobs' };

/** What is left of a job that was done. */
export const doneId = (id: string): string => `done ${id}`;
