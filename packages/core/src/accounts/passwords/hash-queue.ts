import { InvalidInputError, RateLimitError } from '../../errors/families.ts';
import { throwIfAborted } from '../../store/backoff.ts';

/** How much hashing goes on at once. */
export interface HashQueueOptions {
  /** Hashes at once; 4 by default, which is what Node's thread pool runs. Each takes the memory of one hash. */
  readonly concurrency?: number;
  /** How many may wait; 128 by default. 0: what cannot run at once is refused. */
  readonly maxWaiting?: number;
}

/** Whose work it is. */
export interface QueuedFor {
  /** Those of one lane wait for one another, lanes take turns: an address, or whatever stands for the caller. */
  readonly lane: string;
  /** A known device goes before everybody else. */
  readonly known: boolean;
  readonly signal?: AbortSignal | undefined;
}

interface Waiting {
  readonly start: () => void;
  readonly refuse: (error: unknown) => void;
}

const DEFAULT_CONCURRENCY = 4;
const DEFAULT_MAX_WAITING = 128;
const RETRY_AFTER_MS = 1_000;

/**
 * Bounds how many passwords are hashed at once, and how many wait. Lanes take turns, so that one address cannot keep the others waiting; when
 * all places are taken, the newcomer gets the place of the last in the longest lane, unless that is its own.
 */
export class HashQueue {
  readonly #concurrency: number;
  readonly #maxWaiting: number;
  /** By whether the device is known, then by lane. A lane stands in the order of its next turn. */
  readonly #lanes = { known: new Map<string, Waiting[]>(), unknown: new Map<string, Waiting[]>() };
  #running = 0;
  #waiting = 0;

  /** @throws {InvalidInputError} INVALID_ARGUMENT: an option is not a whole number in range */
  constructor({ concurrency = DEFAULT_CONCURRENCY, maxWaiting = DEFAULT_MAX_WAITING }: HashQueueOptions = {}) {
    requireWhole('concurrency', concurrency, 1);
    requireWhole('maxWaiting', maxWaiting, 0);
    this.#concurrency = concurrency;
    this.#maxWaiting = maxWaiting;
  }

  /**
   * Runs a piece of hashing in its turn.
   *
   * @returns what `work` resolves to
   * @throws {RateLimitError} OVERLOADED: no place to wait, or the place was lost to another lane
   * @throws {ChanceryError} ABORTED: the signal was aborted before the work had begun
   */
  async run<T>(work: () => Promise<T>, queued: QueuedFor): Promise<T> {
    throwIfAborted(queued.signal);
    if (this.#running >= this.#concurrency) await this.#wait(queued);
    else this.#running += 1;
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  async #wait(queued: QueuedFor): Promise<void> {
    if (this.#waiting >= this.#maxWaiting) this.#makeRoom(queued);
    const { signal } = queued;
    const lanes = this.#lanes[queued.known ? 'known' : 'unknown'];
    const lane = lanes.get(queued.lane) ?? [];
    lanes.set(queued.lane, lane);
    this.#waiting += 1;
    let stop: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const waiting: Waiting = { start: resolve, refuse: reject };
        lane.push(waiting);
        stop = () => this.#leave(lanes, queued.lane, waiting, signal);
        signal?.addEventListener('abort', stop, { once: true });
      });
    } finally {
      if (stop !== undefined) signal?.removeEventListener('abort', stop);
    }
  }

  #leave(lanes: Map<string, Waiting[]>, name: string, waiting: Waiting, signal: AbortSignal | undefined): void {
    const lane = lanes.get(name) ?? [];
    const at = lane.indexOf(waiting);
    if (at < 0) return;
    lane.splice(at, 1);
    if (lane.length === 0) lanes.delete(name);
    this.#waiting -= 1;
    try {
      throwIfAborted(signal);
    } catch (error) {
      waiting.refuse(error);
    }
  }

  /** The place of a finished hash goes on to whoever is next, or becomes free. */
  #next(): void {
    const lanes = this.#lanes.known.size > 0 ? this.#lanes.known : this.#lanes.unknown;
    const [first] = lanes;
    if (first === undefined) {
      this.#running -= 1;
      return;
    }
    const [name, lane] = first;
    const waiting = lane.shift();
    // To the end: every other lane has its turn first.
    lanes.delete(name);
    if (lane.length > 0) lanes.set(name, lane);
    this.#waiting -= 1;
    waiting?.start();
  }

  #makeRoom(newcomer: QueuedFor): void {
    const own = (this.#lanes[newcomer.known ? 'known' : 'unknown'].get(newcomer.lane)?.length ?? 0) + 1;
    const longest = longestLane(this.#lanes.unknown) ?? (newcomer.known ? longestLane(this.#lanes.known) : undefined);
    if (longest === undefined) throw overloaded();
    // A known device may take the place of any unknown one; otherwise the longer lane gives way.
    const isForfeit = (newcomer.known && longest.lanes === this.#lanes.unknown) || longest.lane.length > own;
    if (!isForfeit) throw overloaded();
    const last = longest.lane.pop();
    if (longest.lane.length === 0) longest.lanes.delete(longest.name);
    this.#waiting -= 1;
    last?.refuse(overloaded());
  }
}

function longestLane(
  lanes: Map<string, Waiting[]>,
): { readonly lanes: Map<string, Waiting[]>; readonly name: string; readonly lane: Waiting[] } | undefined {
  let longest: { readonly name: string; readonly lane: Waiting[] } | undefined;
  for (const [name, lane] of lanes) {
    if (lane.length > (longest?.lane.length ?? 0)) longest = { name, lane };
  }
  return longest && { lanes, ...longest };
}

function overloaded(): RateLimitError {
  return new RateLimitError('OVERLOADED', 'Too many passwords wait to be hashed', { retryAfterMs: RETRY_AFTER_MS });
}

function requireWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new InvalidInputError(
    'INVALID_ARGUMENT',
    `hashQueue.${name} must be a whole number from ${least}, not ${String(value)}`,
  );
}
