import type { PreparedThrottle, ThrottleDecision } from '@chancery/core/ports';
import { integerOf, listOf, type ScriptAnswer } from './reply.ts';

/** Writes the arguments of the throttle script, after the time. */
export function throttleWords(requests: readonly PreparedThrottle[]): string[] {
  const words = requests.flatMap(({ meterKey, limit, periodMs, cost }) => [
    meterKey,
    String(limit),
    String(periodMs),
    String(cost),
  ]);
  return [String(requests.length), ...words];
}

/** Reads the answer of the throttle script. */
export function decisionOf({ rest: [retry, remaining] }: ScriptAnswer): ThrottleDecision {
  const retryAfterMs = integerOf(retry);
  return { allowed: retryAfterMs === 0, retryAfterMs, remaining: listOf(remaining).map(integerOf) };
}
