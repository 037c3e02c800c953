import type { BrokenStorage } from './sabotage.ts';

let instances = 0;

/** Defects of rate limits. */
export const throttleDefects: readonly BrokenStorage[] = [
  {
    defect: 'a refused list that is charged in part',
    caughtBy: 'if one request of a list is refused, none is charged',
    sabotage: (inner) => ({
      throttle: async (requests) => {
        const decision = await inner.throttle(requests);
        if (!decision.allowed) for (const request of requests) await inner.throttle([request]);
        return decision;
      },
    }),
  },
  {
    defect: 'one charge more than the limit',
    caughtBy: 'allows exactly its limit at one instant',
    sabotage: (inner) => ({
      throttle: (requests) => inner.throttle(requests.map((request) => ({ ...request, limit: request.limit + 1 }))),
    }),
  },
  {
    defect: 'a wait rounded down',
    caughtBy: 'allows exactly its limit at one instant',
    sabotage: (inner) => ({
      throttle: async (requests) => {
        const decision = await inner.throttle(requests);
        return { ...decision, retryAfterMs: Math.max(0, decision.retryAfterMs - 1) };
      },
    }),
  },
  {
    defect: 'arrivals in whole milliseconds',
    caughtBy: 'decisions are exact over time',
    sabotage: (inner) => ({
      throttle: (requests) =>
        inner.throttle(
          requests.map((request) => ({
            ...request,
            periodMs: Math.max(1, Math.round(request.periodMs / request.limit)) * request.limit,
          })),
        ),
    }),
  },
  {
    defect: 'refunds past the limit',
    caughtBy: 'a refund gives back',
    sabotage: (inner) => ({
      throttle: async (requests) => {
        const decision = await inner.throttle(requests);
        return {
          ...decision,
          remaining: decision.remaining.map((left, at) => left + ((requests[at]?.cost ?? 1) < -2 ? 1 : 0)),
        };
      },
    }),
  },
  {
    defect: 'a meter for each instance',
    caughtBy: 'over all instances',
    sabotage: (inner) => {
      instances += 1;
      const own = instances;
      return {
        throttle: (requests) =>
          inner.throttle(requests.map((request) => ({ ...request, key: `${request.key}/${own}` }))),
      };
    },
  },
];
