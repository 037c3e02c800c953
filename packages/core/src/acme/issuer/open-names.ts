import type { Sleep } from '../../store/backoff.ts';
import { acmeChallenges } from './collections.ts';
import type { IssuerContext } from './issuer-context.ts';

const TYPE = 'tls-alpn-01';
/** How many names are known at once. */
const MOST_NAMES = 1_000;
/** From one look to the next, in milliseconds: there are no more, whoever asks for what. */
const REST_MS = 250;
/** How many wait for a look. Who comes on top is told that it is not known. */
const MOST_WAITING = 10_000;

/** The names for which a tls-alpn-01 challenge is open, by any instance. Names that are not cost the storage nothing, however many are asked for. */
export class OpenNames {
  readonly #store: IssuerContext['store'];
  readonly #sleep: Sleep;
  #names = new Set<string>();
  #areAll = true;
  #waiting = 0;
  /** Resolves when the next look may begin. */
  #rested: Promise<unknown> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor({ store, sleep }: Pick<IssuerContext, 'store' | 'sleep'>) {
    this.#store = store;
    this.#sleep = sleep;
  }

  /**
   * Whether a challenge is open for a name.
   *
   * @param name as a ClientHello has it, in lower case
   * @returns undefined where that is not known: more are open than are kept in mind, or too many are waiting to be told
   * @throws {StorageError} any of its codes
   */
  async has(name: string): Promise<boolean | undefined> {
    if (this.#names.has(name)) return true;
    if (this.#waiting >= MOST_WAITING) return undefined;
    this.#waiting += 1;
    try {
      await this.#look();
    } finally {
      this.#waiting -= 1;
    }
    if (this.#names.has(name)) return true;
    return this.#areAll ? false : undefined;
  }

  /** Notes that a name has no challenge any more. */
  forget(name: string): void {
    this.#names.delete(name);
  }

  /** Waits for a look that begins after this was called: one that has begun may have missed what came since. */
  #look(): Promise<void> {
    this.#next ??= this.#rested.then(() => {
      this.#next = undefined;
      const looking = this.#read();
      const rest = (): Promise<void> => this.#sleep(REST_MS);
      this.#rested = looking.then(rest, rest);
      return looking;
    });
    return this.#next;
  }

  async #read(): Promise<void> {
    const { entries, cursor } = await this.#store.query(acmeChallenges, {
      index: 'byType',
      equals: { type: TYPE },
      direction: 'descending',
      limit: MOST_NAMES,
    });
    this.#names = new Set(entries.map(({ id }) => id.slice(TYPE.length + 1)));
    this.#areAll = cursor === undefined;
  }
}
