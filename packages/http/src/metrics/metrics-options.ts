import type { Clock, Logger, Timer } from '@chancery/core';
import { invalidOption, shown } from '../invalid-option.ts';

/** A registry of prom-client, as far as is known here. */
export interface MetricsRegister {
  readonly contentType: string;
  metrics(): Promise<string>;
}

/** How metrics are kept and read. */
export interface MetricsOptions {
  /** The registry of prom-client that they go to, such as its own `register`. Default: one of their own. */
  readonly register?: MetricsRegister;
  /** What every name begins with. Default `chancery_`. */
  readonly prefix?: string;
  /** How old what was read from the storage may be, in milliseconds, a second to an hour. Default 30,000. */
  readonly refreshMs?: number;
  /** How long a scrape waits for the storage, in milliseconds, 100 to a minute: then it gets what was read before. Default 5,000. */
  readonly scrapeTimeoutMs?: number;
  /** Where counting ends, 100 to 10 million: more are shown as many. Default 100,000. */
  readonly countUpTo?: number;
  /** How many certificates that end within 30 days are looked at, soonest first, 1 to 100,000. Default 1,000. */
  readonly lookThrough?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Ends the waiting of a scrape. Default: the runtime's timer. */
  readonly timer?: Timer;
  /** Measures how long things take: a monotonic reading in milliseconds. Default `performance.now`. */
  readonly stopwatch?: () => number;
}

const DEFAULTS = {
  prefix: 'chancery_',
  refreshMs: 30_000,
  scrapeTimeoutMs: 5_000,
  countUpTo: 100_000,
  lookThrough: 1_000,
};

/** The options that have a range, with what counts where one was left out. */
export type MetricsSettings = Readonly<typeof DEFAULTS>;

/** @throws {InvalidInputError} INVALID_ARGUMENT: names the option that is malformed or out of range */
export function checkMetricsOptions(options: MetricsOptions): MetricsSettings {
  if (typeof options !== 'object' || options === null) throw invalidOption('createMetrics() options must be an object');
  const { register, timer, stopwatch, prefix = DEFAULTS.prefix } = options;
  if (register !== undefined && typeof (register as { registerMetric?: unknown } | null)?.registerMetric !== 'function')
    throw invalidOption('register must be a registry of prom-client: it has no method registerMetric');
  if (typeof prefix !== 'string' || !/^(?:[a-z][a-z0-9_]{0,30}_)?$/.test(prefix))
    throw invalidOption(
      `prefix must be small letters, digits and underscores with one at its end, not ${shown(prefix)}`,
    );
  for (const [name, value] of Object.entries({ timer, stopwatch })) {
    if (value !== undefined && typeof value !== 'function') throw invalidOption(`${name} must be a function`);
  }
  return {
    prefix,
    refreshMs: ranged('refreshMs', options.refreshMs, 1_000, 3_600_000),
    scrapeTimeoutMs: ranged('scrapeTimeoutMs', options.scrapeTimeoutMs, 100, 60_000),
    countUpTo: ranged('countUpTo', options.countUpTo, 100, 10_000_000),
    lookThrough: ranged('lookThrough', options.lookThrough, 1, 100_000),
  };
}

function ranged(
  name: Exclude<keyof MetricsSettings, 'prefix'>,
  value: number | undefined,
  least: number,
  most: number,
) {
  if (value === undefined) return DEFAULTS[name];
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw invalidOption(`${name} must be a whole number from ${least} to ${most}, not ${shown(value)}`);
}
