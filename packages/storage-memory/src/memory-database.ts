/** The layout of a `MemoryDatabase`; raised when its meaning changes. */
export const LAYOUT = 1;

/**
 * The memory that several `MemoryStorage` share: give it to each as `database`, and they behave as instances on one
 * server. It outlives them, so that a storage that was closed can be opened again.
 *
 * @example
 * const database = new MemoryDatabase();
 * const first = new MemoryStorage({ database });
 * const second = new MemoryStorage({ database });
 */
export class MemoryDatabase {
  /** Two versions of this package in one process may meet on one database; the older one refuses the newer layout. */
  readonly layout: number = LAYOUT;
  readonly #namespaces = new Map<string, object>();

  /**
   * The contents of a namespace, for `MemoryStorage` alone.
   *
   * @param create - makes them on first use
   * @internal
   */
  namespace<Contents extends object>(name: string, create: () => Contents): Contents {
    const contents = (this.#namespaces.get(name) as Contents | undefined) ?? create();
    this.#namespaces.set(name, contents);
    return contents;
  }
}
