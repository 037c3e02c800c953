import type { CollectionDefinition, DocumentRef, JsonObject, PutWrite, Write } from '../../src/ports/storage.ts';
import { SeededRandom } from '../../src/testing/random.ts';

export const BATCHES: CollectionDefinition = {
  name: 'batches',
  indexes: { byOwner: { equals: ['owner'], orderBy: 'rank' } },
  unique: { code: ['code'] },
};
/** Documents of a writer beside its head. */
const DOCUMENTS = 8;

/** What a writer left, or would leave: the data of its documents by id; `undefined` for one that was deleted. */
export type BatchState = ReadonlyMap<string, JsonObject | undefined>;

/**
 * The commits of one writer, which a seed determines: another process can tell what each had to leave behind. All of them
 * replace the writer's head under condition of its version, so that whoever replaces the head shuts out what is on its way.
 */
export class BatchWriter {
  readonly name: string;
  readonly #random: SeededRandom;
  #state = new Map<string, JsonObject | undefined>();
  #batch = 0;

  constructor(name: string, seed: number) {
    this.name = name;
    this.#random = new SeededRandom(seed);
  }

  get head(): DocumentRef {
    return { collection: BATCHES.name, id: this.name };
  }

  /** What the commits so far leave behind. */
  get state(): BatchState {
    return new Map(this.#state);
  }

  /** The next commit: the head, and two to five documents that are put or deleted. */
  next(): Write[] {
    this.#batch++;
    const head: PutWrite = {
      ...this.head,
      kind: 'put',
      version: this.#version(this.#batch),
      ifVersion: this.#batch === 1 ? null : this.#version(this.#batch - 1),
      data: { batch: this.#batch },
    };
    const ids = new Set<string>();
    while (ids.size < 2 + (this.#batch % 4)) ids.add(`${this.name}-${this.#random.integer(1, DOCUMENTS)}`);
    const writes: Write[] = [head, ...[...ids].map((id) => this.#change(id))];
    for (const write of writes) this.#state.set(write.id, write.kind === 'put' ? write.data : undefined);
    return writes;
  }

  #change(id: string): Write {
    const ref = { collection: BATCHES.name, id };
    if (this.#state.get(id) !== undefined && this.#random.chance(0.3)) return { ...ref, kind: 'delete' };
    const rank = this.#random.integer(0, 99);
    const data = { owner: this.name, rank, code: `${id}:${this.#batch}` };
    return { ...ref, kind: 'put', version: this.#version(this.#batch), data };
  }

  #version(batch: number): string {
    return `${this.name}.${batch}`;
  }
}
