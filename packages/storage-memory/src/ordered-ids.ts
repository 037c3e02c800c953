import { compareUtf8, type IndexPosition } from '@chancery/core/ports';

/** Parallel arrays: orders stay unboxed numbers, ids are shared with the documents. */
interface Chunk {
  readonly orders: number[];
  readonly ids: string[];
}

const FULL = 512;
const SPARSE = FULL / 8;

/** Receives the entries of a walk in turn; `false` ends it. */
export type Visit = (order: number, id: string) => boolean;

/**
 * Document ids sorted by (order, id), ids by UTF-8 bytes: one index, or what one combination of pinned values selects of it.
 *
 * A list of short sorted chunks: a change moves one chunk's tail rather than everything behind it, and a walk reads arrays
 * in sequence.
 */
export class OrderedIds {
  readonly #chunks: Chunk[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds an entry that is not there yet. */
  add(order: number, id: string): void {
    const chunks = this.#chunks;
    let at = this.#chunkOf(order, id);
    if (at === chunks.length) {
      const last = chunks.at(-1);
      // What arrives in order leaves full chunks behind.
      if (last === undefined || last.ids.length >= FULL) chunks.push({ orders: [], ids: [] });
      at = chunks.length - 1;
    }
    const chunk = chunks[at] as Chunk;
    const place = placeOf(chunk, order, id);
    chunk.orders.splice(place, 0, order);
    chunk.ids.splice(place, 0, id);
    this.#size += 1;
    if (chunk.ids.length > FULL) {
      const half = FULL / 2;
      chunks.splice(at + 1, 0, { orders: chunk.orders.splice(half), ids: chunk.ids.splice(half) });
    }
  }

  /** Removes an entry; `false` if it is not there. */
  delete(order: number, id: string): boolean {
    const at = this.#chunkOf(order, id);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return false;
    const place = placeOf(chunk, order, id);
    if (chunk.orders[place] !== order || chunk.ids[place] !== id) return false;
    chunk.orders.splice(place, 1);
    chunk.ids.splice(place, 1);
    this.#size -= 1;
    if (chunk.ids.length <= SPARSE) this.#thin(at);
    return true;
  }

  /** Visits the entries from `start` on, inclusive; from the first without it. */
  ascend(start: IndexPosition | undefined, visit: Visit): void {
    let at = start === undefined ? 0 : this.#chunkOf(start.order, start.id);
    let place = this.#placeIn(at, start);
    for (; at < this.#chunks.length; at++, place = 0) {
      const { orders, ids } = this.#chunks[at] as Chunk;
      for (; place < ids.length; place++) {
        if (!visit(orders[place] as number, ids[place] as string)) return;
      }
    }
  }

  /** Visits the entries before `end`, exclusive, backwards; from the last without it. */
  descend(end: IndexPosition | undefined, visit: Visit): void {
    let at = end === undefined ? this.#chunks.length : this.#chunkOf(end.order, end.id);
    let place = this.#placeIn(at, end) - 1;
    while (true) {
      const chunk = this.#chunks[at];
      for (; chunk !== undefined && place >= 0; place--) {
        if (!visit(chunk.orders[place] as number, chunk.ids[place] as string)) return;
      }
      at -= 1;
      if (at < 0) return;
      place = (this.#chunks[at] as Chunk).ids.length - 1;
    }
  }

  /** The first chunk whose last entry is not before the position. */
  #chunkOf(order: number, id: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { orders, ids } = this.#chunks[middle] as Chunk;
      const last = ids.length - 1;
      if (isBefore(orders[last] as number, ids[last] as string, order, id)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #placeIn(at: number, position: IndexPosition | undefined): number {
    const chunk = this.#chunks[at];
    return chunk === undefined || position === undefined ? 0 : placeOf(chunk, position.order, position.id);
  }

  /** Joins a chunk that has become short with the next one, if there is room, and drops an empty one. */
  #thin(at: number): void {
    const chunk = this.#chunks[at] as Chunk;
    const next = this.#chunks[at + 1];
    if (chunk.ids.length === 0) {
      this.#chunks.splice(at, 1);
    } else if (next !== undefined && chunk.ids.length + next.ids.length <= FULL / 2) {
      chunk.orders.push(...next.orders);
      chunk.ids.push(...next.ids);
      this.#chunks.splice(at + 1, 1);
    }
  }
}

/** The first place in the chunk that is not before the position. */
function placeOf({ orders, ids }: Chunk, order: number, id: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(orders[middle] as number, ids[middle] as string, order, id)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBefore(leftOrder: number, leftId: string, order: number, id: string): boolean {
  return leftOrder < order || (leftOrder === order && compareUtf8(leftId, id) < 0);
}
