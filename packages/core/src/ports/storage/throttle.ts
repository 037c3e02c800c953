import { StorageError } from '../../errors/storage-error.ts';
import type { ThrottleDecision, ThrottleRequest } from '../storage.ts';
import { STORAGE_LIMITS } from './limits.ts';
import { assertInteger, assertText, typeName } from './names.ts';

/** A request that was checked. */
export interface PreparedThrottle {
  readonly key: string;
  readonly limit: number;
  readonly periodMs: number;
  readonly cost: number;
  /** What the meter is stored under: the same key with another limit or period counts apart. */
  readonly meterKey: string;
}

/**
 * The state of one rate limit: GCRA kept as a meter of integers, so that it is exact on every backend.
 *
 * One unit of cost raises `level` by `periodMs`, each millisecond drains `limit`, and the meter overflows above
 * `limit * periodMs`. GCRA's theoretical arrival time is `at + level / limit`, which need not be an integer.
 */
export interface ThrottleMeter {
  readonly level: number;
  /** The instant of `level`, epoch milliseconds. */
  readonly at: number;
}

/**
 * Checks the requests of a `throttle`.
 *
 * @throws {StorageError} STORAGE_INVALID, STORAGE_TOO_LARGE
 */
export function prepareThrottle(requests: readonly ThrottleRequest[]): PreparedThrottle[] {
  if (!Array.isArray(requests)) throw invalid(`throttle requests must be an array, not ${typeName(requests)}`);
  if (requests.length > STORAGE_LIMITS.throttleRequests) {
    const message = `${requests.length} throttle requests are more than ${STORAGE_LIMITS.throttleRequests}`;
    throw new StorageError('STORAGE_TOO_LARGE', message);
  }
  const seen = new Set<string>();
  return requests.map((request: ThrottleRequest) => {
    const { key, limit, periodMs, cost = 1 } = request;
    assertText(key, 'the key of a throttle request', STORAGE_LIMITS.indexedStringBytes, 1);
    assertRate(request);
    const meterKey = `${limit}/${periodMs}/${key}`;
    if (seen.has(meterKey)) throw invalid(`${labelOf(key)} is requested twice`);
    seen.add(meterKey);
    return { key, limit, periodMs, cost, meterKey };
  });
}

/** Most requests are in order: only what is not gets a label. */
function assertRate({ key, limit, periodMs, cost = 1 }: ThrottleRequest): void {
  const isRate = Number.isSafeInteger(limit) && Number.isSafeInteger(periodMs) && limit >= 1 && periodMs >= 1;
  if (isRate && Number.isSafeInteger(limit * periodMs) && Number.isSafeInteger(cost) && Math.abs(cost) <= limit) return;
  const label = labelOf(key);
  assertInteger(limit, `${label} limit`, 1);
  assertInteger(periodMs, `${label} periodMs`, 1);
  if (!Number.isSafeInteger(limit * periodMs)) throw invalid(`${label} limit * periodMs is no safe integer`);
  assertInteger(cost, `${label} cost`, -limit, limit);
}

function labelOf(key: string): string {
  return `throttle ${JSON.stringify(key)}`;
}

/** What is left in a meter at an instant. A clock that ran backwards drains nothing. */
export function drainedLevel(meter: ThrottleMeter | undefined, request: PreparedThrottle, now: number): number {
  if (meter === undefined) return 0;
  const elapsed = Math.max(0, now - meter.at);
  // From a whole period on every meter is empty; below it, the product stays a safe integer.
  return elapsed >= request.periodMs ? 0 : Math.max(0, meter.level - elapsed * request.limit);
}

/** What `decideThrottle` found: the answer, and the meters to store, in order, if it allowed. */
export interface ThrottleVerdict {
  readonly decision: ThrottleDecision;
  /** `undefined`: the meter is empty and need not be stored. */
  readonly meters: readonly (ThrottleMeter | undefined)[];
}

/**
 * Decides a list of requests against the stored meters at one instant. All are charged, or none.
 *
 * @param meters - the stored meters in the order of the requests; `undefined` for an idle one
 */
export function decideThrottle(
  requests: readonly PreparedThrottle[],
  meters: readonly (ThrottleMeter | undefined)[],
  now: number,
): ThrottleVerdict {
  const levels = requests.map((request, at) => drainedLevel(meters[at], request, now));
  let retryAfterMs = 0;
  requests.forEach(({ limit, periodMs, cost }, at) => {
    // The sum may pass the safe integers; the room that is left never does.
    const room = limit * periodMs - (levels[at] as number);
    const excess = cost * periodMs - room;
    if (excess > 0) retryAfterMs = Math.max(retryAfterMs, waitFor(excess, limit, meters[at], now));
  });
  const allowed = retryAfterMs === 0;
  const after = requests.map(({ periodMs, cost }, at) => {
    const level = levels[at] as number;
    return allowed ? Math.max(0, level + cost * periodMs) : level;
  });
  return {
    decision: {
      allowed,
      retryAfterMs,
      remaining: requests.map(({ limit, periodMs }, at) =>
        Math.floor((limit * periodMs - (after[at] as number)) / periodMs),
      ),
    },
    meters: after.map((level, at) => (level === 0 ? undefined : { level, at: Math.max(now, meters[at]?.at ?? now) })),
  };
}

/** A meter ahead of the clock starts to drain only when the clock has caught up. */
function waitFor(excess: number, limit: number, meter: ThrottleMeter | undefined, now: number): number {
  return Math.max(0, (meter?.at ?? now) - now) + Math.ceil(excess / limit);
}

function invalid(message: string): StorageError {
  return new StorageError('STORAGE_INVALID', message);
}
