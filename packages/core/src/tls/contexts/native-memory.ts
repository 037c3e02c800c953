/** What V8 lets grow outside its heap before it collects. */
const NOTICED_BYTES = 64 * 1024 * 1024;
const LEAST = 64;

/**
 * Has dropped contexts collected in time. Each holds 30 KiB or more outside the JavaScript heap, which V8 knows nothing of: thousands
 * would wait for a collection that nothing else brings about.
 */
export class NativeMemory {
  readonly #every: number;
  #dropped = 0;

  /** @param limit how many contexts are kept: an eighth as many may wait to be collected */
  constructor(limit: number) {
    this.#every = Math.max(LEAST, Math.ceil(limit / 8));
  }

  /** A context was dropped. */
  dropped(): void {
    this.#dropped += 1;
    if (this.#dropped < this.#every) return;
    this.#dropped = 0;
    askForCollection();
  }
}

/** A buffer that nobody touches takes address space only, but V8 counts it, and begins to mark what is still in use. */
function askForCollection(): void {
  try {
    new ArrayBuffer(NOTICED_BYTES);
  } catch {
    // No address space to spare: the collection comes when it comes.
  }
}
