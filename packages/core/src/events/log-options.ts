import { InvalidInputError } from '../errors/families.ts';
import { requireObject } from '../errors/require-object.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Logger } from '../ports/logger.ts';
import type { StorageBackend } from '../ports/storage.ts';
import type { Timer } from '../ports/timer.ts';
import type { RequiredDurability } from '../store/durability.ts';
import type { CheckpointSink } from './checkpoints/checkpoints.ts';
import { requireKeyName } from './checkpoints/signed-note.ts';
import type { Sink } from './delivery/sink.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** What an `EventLog` works with. */
export interface EventLogOptions {
  readonly storage: StorageBackend;
  /** Seals the keys of personal data and of checkpoints. Without it there are neither. */
  readonly keyring?: Keyring;
  /** Where events go: webhooks and other sinks with a name, or bare functions, which are listeners to everything. */
  readonly sinks?: readonly Sink[];
  /** What the log is called in its checkpoints: a URL without a scheme. Default: `chancery/` and the namespace. */
  readonly origin?: string;
  /** How often a checkpoint is signed, in milliseconds, 1,000 to a day. Default an hour. */
  readonly checkpointIntervalMs?: number;
  /** Takes each signed checkpoint outside the store: only there is it out of reach of whoever can write to the store. */
  readonly checkpointSink?: CheckpointSink;
  /** How long the sink may take for one checkpoint, in milliseconds, up to 5 minutes; then it is taken there again. Default 30,000. */
  readonly checkpointSinkTimeoutMs?: number;
  /** After how many days entries are removed, at least 7. Default: never. */
  readonly retentionDays?: number;
  /** How long a revision of a subject waits for the one before it, in milliseconds, up to an hour. Default 2,000. */
  readonly holdBackMs?: number;
  /** How often an idle log looks for events, in milliseconds, 10 to a minute. Default 500. */
  readonly pollMs?: number;
  /** The least durability that will do. By default less than `durable` is only warned of. */
  readonly requireDurability?: RequiredDurability;
  readonly clock?: Clock;
  readonly crypto?: CryptoProvider;
  readonly logger?: Logger;
  /** Waits between chores, and ends the waiting for sinks. Default: the runtime's timer. */
  readonly timer?: Timer;
}

/** What counts where an option was left out. */
export const LOG_DEFAULTS = {
  checkpointIntervalMs: 60 * MINUTE_MS,
  checkpointSinkTimeoutMs: 30_000,
  holdBackMs: 2_000,
  pollMs: 500,
} as const;

/** @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed or out of range */
export function checkLogOptions(options: EventLogOptions): void {
  requireObject(options, 'EventLog options');
  requireObject(options.storage, 'storage');
  if (options.keyring !== undefined) requireObject(options.keyring, 'keyring');
  if (options.sinks !== undefined && !Array.isArray(options.sinks)) {
    throw new InvalidInputError('INVALID_ARGUMENT', 'sinks must be a list');
  }
  for (const name of ['checkpointSink', 'timer'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== 'function') {
      throw new InvalidInputError('INVALID_ARGUMENT', `${name} must be a function, not ${typeof value}`);
    }
  }
  if (options.origin !== undefined) requireKeyName(options.origin);
  requireRange('checkpointIntervalMs', options.checkpointIntervalMs, 1_000, DAY_MS);
  requireRange('checkpointSinkTimeoutMs', options.checkpointSinkTimeoutMs, 1, 5 * MINUTE_MS);
  requireRange('retentionDays', options.retentionDays, 7, 36_500);
  requireRange('holdBackMs', options.holdBackMs, 0, 60 * MINUTE_MS);
  requireRange('pollMs', options.pollMs, 10, MINUTE_MS);
}

function requireRange(name: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return;
  const given = typeof value === 'number' ? String(value) : typeof value;
  throw new InvalidInputError('INVALID_ARGUMENT', `${name} must be an integer from ${min} to ${max}, not ${given}`);
}
