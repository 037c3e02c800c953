import type { Entry } from '../../store/entry.ts';
import type { RenewalContext } from '../context.ts';
import { type ChoreValue, chores } from './collections.ts';

/** The turn to run a chore, held by one instance at a time. The version of the chore's document is the fence. */
export class ChoreLease {
  readonly #context: RenewalContext;
  #entry: Entry<ChoreValue>;
  #writing: Promise<unknown> = Promise.resolve();
  readonly until: number;

  private constructor(context: RenewalContext, entry: Entry<ChoreValue>, until: number) {
    this.#context = context;
    this.#entry = entry;
    this.until = until;
  }

  /** Takes the turn, if the chore is due and nobody else has it. */
  static async claim(context: RenewalContext, name: string): Promise<ChoreLease | undefined> {
    const { store, clock, leaseMs } = context;
    const until = clock.now() + leaseMs;
    const [entry] = await store.claim(chores, { queue: name, limit: 1, leaseMs });
    return entry && new ChoreLease(context, entry, until);
  }

  /** How often the chore has failed in a row. */
  get failures(): number {
    return this.#entry.value.failures;
  }

  /** @returns false once the turn is lost */
  extend(): Promise<boolean> {
    return this.#put(this.#entry.value, this.#context.leaseMs);
  }

  /**
   * Ends the turn.
   *
   * @param pauseMs after what time the chore is due again
   */
  end(value: ChoreValue, pauseMs: number): Promise<boolean> {
    return this.#put(value, pauseMs);
  }

  /** One write after the other: each is fenced by the one before. */
  #put(value: ChoreValue, dueInMs: number): Promise<boolean> {
    const written = this.#writing.then(() => this.#commit(value, dueInMs));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async #commit(value: ChoreValue, dueInMs: number): Promise<boolean> {
    const { store, clock } = this.#context;
    const { id, version } = this.#entry;
    const dueAt = clock.now() + dueInMs;
    const put = store.put(chores, id, value, { ifVersion: version, dueAt, dueQueue: id });
    const { committed } = await store.commit([put]);
    if (committed) this.#entry = { id, version: put.version, value };
    return committed;
  }
}
