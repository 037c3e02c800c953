/**
 * Work that is asked for by many at once and done once for all. Who asks while a run is under way waits for the next one, which starts
 * when that is over: what was true at the time of asking is then seen.
 */
export class SharedRuns<T> {
  readonly #slots = new Map<string, { running: Promise<T>; next: Promise<T> | undefined }>();

  /**
   * Does the work, or waits for a run that is yet to start.
   *
   * @param key - what work it is
   * @param work - the same for everyone who gives this key
   */
  run(key: string, work: () => Promise<T>): Promise<T> {
    const slot = this.#slots.get(key);
    if (slot === undefined) return this.#start(key, work);
    slot.next ??= slot.running.then(
      () => this.#start(key, work),
      () => this.#start(key, work),
    );
    return slot.next;
  }

  #start(key: string, work: () => Promise<T>): Promise<T> {
    const slot: { running: Promise<T>; next: Promise<T> | undefined } = { running: work(), next: undefined };
    this.#slots.set(key, slot);
    const end = (): void => {
      if (slot.next === undefined) this.#slots.delete(key);
    };
    slot.running.then(end, end);
    return slot.running;
  }
}
