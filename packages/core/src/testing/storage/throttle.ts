import type { StorageBackend } from '../../ports/storage.ts';
import { expect, expectEqual, expectStorageError } from '../assertions.ts';
import type { ConformanceTest, TestBed } from './test-bed.ts';
import { ThrottleModel } from './throttle-model.ts';

/** Rule 7: rate limits. */
export const throttleTests: readonly ConformanceTest[] = [
  {
    name: 'rule 7: an idle key allows exactly its limit at one instant, and then one at a time',
    async run(bed) {
      const backend = await bed.open();
      const limit = 7;
      const request = { key: 'login:ann', limit, periodMs: 1000 };
      for (let charge = 1; charge <= limit; charge++) {
        const decision = { allowed: true, retryAfterMs: 0, remaining: [limit - charge] };
        expectEqual(await backend.throttle([request]), decision, `charge ${charge} of ${limit}`);
      }
      // A seventh of a second is 142.86 ms: after 142 nothing has drained whole.
      expectEqual(
        await backend.throttle([request]),
        { allowed: false, retryAfterMs: 143, remaining: [0] },
        'one too many',
      );
      bed.clock.advance(142);
      expectEqual(
        await backend.throttle([request]),
        { allowed: false, retryAfterMs: 1, remaining: [0] },
        'a millisecond early',
      );
      bed.clock.advance(1);
      expectEqual(
        await backend.throttle([request]),
        { allowed: true, retryAfterMs: 0, remaining: [0] },
        'after retryAfterMs',
      );
      bed.clock.advance(10_000);
      expectEqual(
        await backend.throttle([{ ...request, cost: limit }]),
        { allowed: true, retryAfterMs: 0, remaining: [0] },
        'idle again',
      );
    },
  },
  {
    name: 'rule 7: if one request of a list is refused, none is charged',
    async run(bed) {
      const backend = await bed.open();
      const wide = { key: 'wide', limit: 10, periodMs: 1000 };
      const narrow = { key: 'narrow', limit: 1, periodMs: 1000 };
      const first = await backend.throttle([wide, narrow]);
      expectEqual(first, { allowed: true, retryAfterMs: 0, remaining: [9, 0] }, 'both charged');
      for (let again = 0; again < 20; again++) {
        const refused = { allowed: false, retryAfterMs: 1000, remaining: [9, 0] };
        expectEqual(await backend.throttle([wide, narrow]), refused, 'the narrow one refuses');
      }
      expectEqual((await backend.throttle([{ ...wide, cost: 9 }])).allowed, true, 'what the wide one has left');
      expectEqual(await backend.throttle([]), { allowed: true, retryAfterMs: 0, remaining: [] }, 'an empty list');
    },
  },
  {
    name: 'rule 7: a refund gives back, a cost of 0 asks, and another limit or period counts apart',
    async run(bed) {
      const backend = await bed.open();
      const request = { key: 'k', limit: 3, periodMs: 3000 };
      const remaining = async (cost: number) => (await backend.throttle([{ ...request, cost }])).remaining[0];
      expectEqual(await remaining(3), 0, 'all charged');
      expectEqual(await remaining(0), 0, 'asked');
      expectEqual(await remaining(-2), 2, 'two given back');
      expectEqual(await remaining(-3), 3, 'a refund never gives more than the limit');
      expectEqual(await remaining(3), 0, 'all charged again');
      expectEqual((await backend.throttle([{ ...request, limit: 2 }])).remaining, [1], 'another limit');
      expectEqual((await backend.throttle([{ ...request, periodMs: 10 }])).remaining, [2], 'another period');
      expectEqual((await backend.throttle([{ ...request, key: 'K' }])).remaining, [2], 'another key');
    },
  },
  {
    name: 'rule 7: concurrent charges allow exactly the limit over all instances',
    async run(bed) {
      const instances = [await bed.open(), await bed.open()];
      const charges = Array.from({ length: 40 }, (_unused, at) =>
        (instances[at % 2] as StorageBackend).throttle([{ key: 'shared', limit: 13, periodMs: 60_000 }]),
      );
      const allowed = (await Promise.all(charges)).filter((decision) => decision.allowed);
      expectEqual(allowed.length, 13, 'charges allowed of 40');
    },
  },
  {
    name: 'rule 7: decisions are exact over time, against a model in rational numbers',
    run: compareWithModel,
  },
  {
    name: 'rule 7: malformed requests are refused and charge nothing',
    async run(bed) {
      const backend = await bed.open();
      const good = { key: 'good', limit: 5, periodMs: 1000 };
      const bad = [
        { ...good, key: '' },
        { ...good, key: 'a\0b' },
        { ...good, key: '\ud800' },
        { ...good, limit: 0 },
        { ...good, limit: 1.5 },
        { ...good, periodMs: 0 },
        { ...good, limit: 2 ** 40, periodMs: 2 ** 40 },
        { ...good, cost: 6 },
        { ...good, cost: -6 },
        { ...good, cost: 0.5 },
        { ...good, cost: Number.NaN },
        good,
      ];
      for (const request of bad) {
        const call = () => backend.throttle([good, request]);
        await expectStorageError(call, 'STORAGE_INVALID', `throttle ${JSON.stringify(request)}`);
      }
      expectEqual((await backend.throttle([good])).remaining, [4], 'the request that stood beside');
    },
  },
];

async function compareWithModel(bed: TestBed): Promise<void> {
  const backend = await bed.open();
  const model = new ThrottleModel();
  const limits = [
    { key: 'a', limit: 3, periodMs: 1000 },
    { key: 'b', limit: 7, periodMs: 999 },
    { key: 'c', limit: 1, periodMs: 60_000 },
    // More than one a millisecond: integer milliseconds between arrivals would not do.
    { key: 'd', limit: 1500, periodMs: 1000 },
  ];
  for (let step = 0; step < 300 * bed.scale; step++) {
    const chosen = bed.random.shuffle(limits).slice(0, bed.random.integer(1, limits.length));
    const requests = chosen.map((limit) => {
      const cost = bed.random.chance(0.5) ? undefined : bed.random.integer(-2, limit.limit);
      return cost === undefined ? limit : { ...limit, cost: Math.max(cost, -limit.limit) };
    });
    const expected = model.throttle(requests, bed.clock.now());
    const decision = await backend.throttle(requests);
    expectEqual(decision, expected, `${bed.seedNote}, step ${step}, ${JSON.stringify(requests)}`);
    expect(decision.remaining.length === requests.length, 'one remainder for each request');
    const waits = [0, 1, bed.random.integer(0, 400), decision.retryAfterMs, Math.max(0, decision.retryAfterMs - 1)];
    bed.clock.advance(bed.random.pick(waits));
  }
}
