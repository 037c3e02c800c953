import type { IndexRange, JsonObject, StorageBackend, StoredDocument, Write } from '../../ports/storage.ts';
import { expect, expectEqual } from '../assertions.ts';
import { StorageModel } from './storage-model.ts';
import { type ConformanceTest, OTHERS, readAll, type TestBed, THINGS } from './test-bed.ts';

const IDS = ['a', 'b', 'c', 'd', 'e', 'é', '\ufffd', '\u{10000}'];
const OWNERS = ['ann', 'bob'];
const EMAILS = ['x', 'y', 'z'];
const QUEUES = ['', 'mail'];
const COLLECTIONS = ['things', 'others'];

/** Everything at once: random operations on the backend and on the model, compared after each. */
export const randomOperationTests: readonly ConformanceTest[] = [
  {
    name: 'random operations give what the model gives',
    async run(bed) {
      const instances = [await bed.open(), await bed.open()];
      const comparison = new Comparison(bed, new StorageModel([THINGS, OTHERS]));
      for (let step = 0; step < 1200 * bed.scale; step++) {
        const claim = `${bed.seedNote}, step ${step}`;
        await comparison.step(bed.random.pick(instances), claim);
      }
    },
  },
];

class Comparison {
  readonly #bed: TestBed;
  readonly #model: StorageModel;
  readonly #versions: string[] = ['unknown'];

  constructor(bed: TestBed, model: StorageModel) {
    this.#bed = bed;
    this.#model = model;
  }

  async step(backend: StorageBackend, claim: string): Promise<void> {
    const { random, clock } = this.#bed;
    const roll = random.next();
    if (roll < 0.5) await this.#commit(backend, claim);
    else if (roll < 0.6) await this.#get(backend, claim);
    else if (roll < 0.8) await this.#query(backend, claim);
    else if (roll < 0.9) await this.#claim(backend, claim);
    else if (roll < 0.92) await this.#sweep(backend, claim);
    else clock.advance(random.integer(0, 40));
  }

  async #commit(backend: StorageBackend, claim: string): Promise<void> {
    const { random, clock } = this.#bed;
    const places = COLLECTIONS.flatMap((collection) => IDS.map((id) => ({ collection, id })));
    const writes = random
      .shuffle(places)
      .slice(0, random.integer(1, 5))
      .map((ref): Write => {
        const current = this.#model.get([ref], clock.now())[0]?.version;
        const ifVersion = random.chance(0.85) ? current : random.pick(this.#versions);
        if (random.chance(0.15))
          return { kind: 'delete', ...ref, ...(ifVersion && random.chance(0.5) && { ifVersion }) };
        if (random.chance(0.1) && ifVersion !== undefined) return { kind: 'check', ...ref, ifVersion };
        return this.#put(ref, random.chance(0.5) ? { ifVersion: ifVersion ?? null } : {});
      });
    const expected = this.#model.commit(writes, clock.now());
    const shown = JSON.stringify(writes.map(({ kind, collection, id }) => `${kind} ${collection}/${id}`));
    expectEqual(await backend.commit(writes), expected, `${claim}: commit ${shown}`);
  }

  #put(ref: { collection: string; id: string }, condition: { ifVersion?: string | null }): Write {
    const { random, clock } = this.#bed;
    const maybe = <T>(probability: number, make: () => T): T | undefined =>
      random.chance(probability) ? make() : undefined;
    const data: JsonObject = JSON.parse(
      JSON.stringify({
        rank: maybe(0.8, () => random.integer(-3, 3)),
        owner: maybe(0.8, () => random.pick(OWNERS)),
        kind: maybe(0.5, () => random.pick(OWNERS)),
        email: maybe(0.3, () => random.pick(EMAILS)),
        left: maybe(0.5, () => random.pick(EMAILS)),
        right: maybe(0.5, () => random.pick(EMAILS)),
        noise: { list: [random.integer(0, 9), random.hex(4)] },
      }),
    );
    const put = this.#bed.put(ref.id, data, {
      collection: ref.collection,
      ...condition,
      ...(random.chance(0.3) && { bytes: Uint8Array.of(random.integer(0, 255)) }),
      ...(random.chance(0.4) && { expiresAt: clock.now() + random.integer(0, 120) }),
      ...(random.chance(0.4) && { dueAt: clock.now() + random.integer(-20, 60) }),
      ...(random.chance(0.5) && { dueQueue: random.pick(QUEUES) }),
    });
    this.#versions.push(put.version);
    return put;
  }

  async #get(backend: StorageBackend, claim: string): Promise<void> {
    const { random, clock } = this.#bed;
    const refs = Array.from({ length: random.integer(0, 6) }, () => ({
      collection: random.pick(COLLECTIONS),
      id: random.pick(IDS),
    }));
    expectEqual(await backend.get(refs), this.#model.get(refs, clock.now()), `${claim}: get ${JSON.stringify(refs)}`);
  }

  async #query(backend: StorageBackend, claim: string): Promise<void> {
    const { random, clock } = this.#bed;
    const range = this.#range();
    const shown = JSON.stringify(range);
    const selected = this.#model.select(range, clock.now());
    const upTo = random.integer(1, 12);
    expectEqual(await backend.count({ ...range, upTo }), Math.min(upTo, selected.length), `${claim}: count ${shown}`);
    const direction = random.pick(['ascending', 'descending'] as const);
    const withBytes = random.chance(0.3);
    const found = await readAll(backend, { ...range, direction, withBytes, limit: random.integer(1, 5) });
    const ordered = direction === 'ascending' ? selected : selected.toReversed();
    const expected = withBytes ? ordered : ordered.map(({ bytes: _bytes, ...rest }) => rest);
    expectEqual(found, expected, `${claim}: query ${direction} ${shown}`);
  }

  #range(): IndexRange {
    const { random, clock } = this.#bed;
    const collection = random.pick(COLLECTIONS);
    const index = collection === 'others' ? 'byRank' : random.pick(Object.keys(THINGS.indexes ?? {}));
    const fields = THINGS.indexes?.[index]?.equals ?? [];
    const bound = () => (index === 'byDue' ? clock.now() + random.integer(-60, 60) : random.integer(-3, 4));
    return {
      collection,
      index,
      ...(fields.length > 0 && { equals: Object.fromEntries(fields.map((field) => [field, random.pick(OWNERS)])) }),
      ...(random.chance(0.5) && { from: bound() }),
      ...(random.chance(0.5) && { to: bound() }),
    };
  }

  async #claim(backend: StorageBackend, claim: string): Promise<void> {
    const { random, clock } = this.#bed;
    const request = {
      collection: random.pick(COLLECTIONS),
      queue: random.pick(QUEUES),
      limit: random.integer(1, 4),
      leaseMs: random.integer(1, 50),
    };
    const ids = this.#model.due(request.collection, request.queue, request.limit, clock.now());
    const claimed = await backend.claim(request);
    const shown = `${claim}: claim ${JSON.stringify(request)}`;
    expectEqual(
      claimed.map(({ id }) => id),
      ids,
      `${shown}: ids`,
    );
    for (const document of claimed) this.#lease(document, clock.now() + request.leaseMs, shown);
  }

  #lease(document: StoredDocument, dueAt: number, claim: string): void {
    const { collection, id, version } = document;
    expect(!this.#versions.includes(version), `${claim}: the version of ${collection}/${id} is fresh`);
    this.#versions.push(version);
    expectEqual(document, this.#model.lease({ collection, id }, version, dueAt), `${claim}: ${collection}/${id}`);
  }

  async #sweep(backend: StorageBackend, claim: string): Promise<void> {
    const { removed, more } = await backend.sweep(1000);
    const expired = this.#model.sweepAll(this.#bed.clock.now());
    // A claim or a commit may have cleared expired documents on its way.
    expect(removed <= expired, `${claim}: sweep removed ${removed} documents where ${expired} had expired`);
    expectEqual(more, false, `${claim}: more after a sweep of 1,000`);
  }
}
