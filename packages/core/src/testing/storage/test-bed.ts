import type { Clock } from '../../ports/clock.ts';
import type {
  CollectionDefinition,
  JsonObject,
  PutWrite,
  Query,
  StorageBackend,
  StoredDocument,
  Write,
} from '../../ports/storage.ts';
import { ExpectationError, expect, expectEqual } from '../assertions.ts';
import { SeededRandom } from '../random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { reportSkip } from './report-skip.ts';

/** One test of the contract. */
export interface ConformanceTest {
  /** What must hold, as a sentence that begins with its rule. */
  readonly name: string;
  run(bed: TestBed): Promise<void>;
}

export interface TestBedOptions {
  readonly name: string;
  readonly namespace: string;
  readonly clock: VirtualClock;
  readonly createBackend: (request: {
    readonly namespace: string;
    readonly clock: Clock;
  }) => StorageBackend | Promise<StorageBackend>;
  readonly cleanUp?: (namespace: string) => unknown;
  readonly storeNewerLayout?: (namespace: string) => unknown;
  readonly seed?: number;
  readonly scale?: number;
  readonly onSkip?: (test: string, reason: string) => void;
}

/** A collection with an index of every kind and constraints of one field and of two. */
export const THINGS: CollectionDefinition = {
  name: 'things',
  indexes: {
    byRank: { orderBy: 'rank' },
    byOwner: { equals: ['owner'], orderBy: 'rank' },
    byOwnerAndKind: { equals: ['owner', 'kind'], orderBy: 'rank' },
    byDue: { orderBy: '$dueAt' },
  },
  unique: { email: ['email'], pair: ['left', 'right'] },
  watch: true,
};

/** A second collection, without constraints and unwatched. */
export const OTHERS: CollectionDefinition = { name: 'others', indexes: { byRank: { orderBy: 'rank' } } };

/** What a test works with: backends on a namespace of its own, time, and reproducible randomness. */
export class TestBed {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly scale: number;
  readonly #options: TestBedOptions;
  readonly #namespaces = new Set<string>();
  readonly #backends: StorageBackend[] = [];
  #versions = 0;

  constructor(options: TestBedOptions) {
    this.clock = options.clock;
    this.random = new SeededRandom(options.seed ?? 1);
    this.scale = options.scale ?? 1;
    this.#options = options;
  }

  /** What a failure of a random test has to say so that it can be run again. */
  get seedNote(): string {
    return `seed ${this.random.seed}`;
  }

  /** A backend on the test's namespace with THINGS and OTHERS opened, or the collections given. */
  async open(definitions: readonly CollectionDefinition[] = [THINGS, OTHERS]): Promise<StorageBackend> {
    const backend = await this.instance();
    await backend.open(definitions);
    return backend;
  }

  /** An instance on which nothing was opened. `suffix` chooses another namespace of this test. */
  async instance(suffix = ''): Promise<StorageBackend> {
    const namespace = `${this.#options.namespace}${suffix}`;
    this.#namespaces.add(namespace);
    const backend = await this.#options.createBackend({ namespace, clock: this.clock });
    this.#backends.push(backend);
    return backend;
  }

  /** Makes the stored layout newer than the adapter; `undefined` where the factory cannot. */
  get storeNewerLayout(): (() => Promise<void>) | undefined {
    const { storeNewerLayout, namespace } = this.#options;
    return storeNewerLayout && (async () => void (await storeNewerLayout(namespace)));
  }

  skip(reason: string): void {
    (this.#options.onSkip ?? reportSkip)(this.#options.name, reason);
  }

  /** A version that this test has not used before. */
  version(): string {
    this.#versions += 1;
    return `version-${this.#versions}`;
  }

  /** A put into THINGS. */
  put(id: string, data: JsonObject = {}, rest: Partial<PutWrite> = {}): PutWrite {
    return { kind: 'put', collection: 'things', id, version: this.version(), data, ...rest };
  }

  async dispose(): Promise<void> {
    for (const backend of this.#backends) await backend.close();
    for (const namespace of this.#namespaces) await this.#options.cleanUp?.(namespace);
  }
}

/** Commits what must not conflict. */
export async function commit(backend: StorageBackend, ...writes: Write[]): Promise<void> {
  expectEqual(await backend.commit(writes), { committed: true }, 'a commit without rivals');
}

/** Reads one document of THINGS. */
export async function read(
  backend: StorageBackend,
  id: string,
  collection = 'things',
): Promise<StoredDocument | undefined> {
  const documents = await backend.get([{ collection, id }]);
  expectEqual(documents.length, 1, 'entries for one reference');
  return documents[0];
}

/** What a put must read back as. */
export function asStored(write: PutWrite): StoredDocument {
  const { kind: _kind, ifVersion: _ifVersion, dueQueue, ...rest } = write;
  return dueQueue === undefined || dueQueue === '' ? rest : { ...rest, dueQueue };
}

/** All documents of a query, page by page. */
export async function readAll(
  backend: StorageBackend,
  query: Omit<Query, 'cursor' | 'limit'> & { readonly limit?: number },
): Promise<StoredDocument[]> {
  const documents: StoredDocument[] = [];
  const { limit = 1000 } = query;
  let cursor: string | undefined;
  // A cursor that leads nowhere must not keep the test for ever.
  for (let pages = 0; pages < 10_000; pages++) {
    const page = await backend.query({ ...query, limit, ...(cursor !== undefined && { cursor }) });
    expect(page.documents.length <= limit, `a page of limit ${limit} holds ${page.documents.length} documents`);
    documents.push(...page.documents);
    if (page.cursor === undefined) return documents;
    cursor = page.cursor;
  }
  throw new ExpectationError('the pages of a query do not end');
}

/** The ids of all documents of a query, in order. */
export async function idsOf(backend: StorageBackend, query: Parameters<typeof readAll>[1]): Promise<string[]> {
  return (await readAll(backend, query)).map(({ id }) => id);
}
