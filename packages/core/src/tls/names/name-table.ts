import { LruMap } from '../lru-map.ts';
import type { ServedName } from './served-name.ts';

/**
 * The names that are known, those with a certificate apart from those without: however many names strangers make up, they push
 * out one another and never a name that is served.
 */
export class NameTable {
  readonly #served: LruMap<string, ServedName>;
  readonly #absent: LruMap<string, ServedName>;

  /** @param limit how many of either kind are kept */
  constructor(limit: number) {
    this.#served = new LruMap(limit);
    this.#absent = new LruMap(limit);
  }

  get servedCount(): number {
    return this.#served.size;
  }

  get absentCount(): number {
    return this.#absent.size;
  }

  /** What is known of a name, which counts as used. */
  get(name: string): ServedName | undefined {
    return this.#served.get(name) ?? this.#absent.get(name);
  }

  /** What is known of a name. */
  peek(name: string): ServedName | undefined {
    return this.#served.peek(name) ?? this.#absent.peek(name);
  }

  /** Keeps a name where its version says that it belongs. */
  put(entry: ServedName): void {
    const [there, elsewhere] =
      entry.version === undefined ? [this.#absent, this.#served] : [this.#served, this.#absent];
    elsewhere.delete(entry.name);
    there.set(entry.name, entry);
  }

  served(): IterableIterator<ServedName> {
    return this.#served.values();
  }

  absent(): IterableIterator<ServedName> {
    return this.#absent.values();
  }

  clear(): void {
    this.#served.clear();
    this.#absent.clear();
  }
}
