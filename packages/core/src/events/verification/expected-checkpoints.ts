import { equalBytes } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { parseCheckpointText } from '../checkpoints/checkpoint.ts';
import { type NoteVerifier, openNote } from '../checkpoints/signed-note.ts';
import { checkpoints } from '../event-collections.ts';
import type { LogContext } from '../log-context.ts';
import type { Problems } from './problem.ts';

interface Expected {
  readonly size: number;
  readonly chainHash: Uint8Array;
}

/** The checkpoints that a log is compared with as it is walked: those that were given, and those that are stored. */
export class ExpectedCheckpoints {
  readonly #given: readonly Expected[];
  readonly #stored: AsyncGenerator<Expected>;
  readonly #problems: Problems;
  #nextStored: Expected | undefined;
  #nextGiven = 0;
  /** How many fitted. */
  fitted = 0;

  private constructor(given: readonly Expected[], stored: AsyncGenerator<Expected>, problems: Problems) {
    this.#given = given;
    this.#stored = stored;
    this.#problems = problems;
  }

  /**
   * Gathers the checkpoints from a size on.
   *
   * @param notes - given ones; each must be signed by one of `verifiers`
   * @param own - the log's own key, for the stored ones; without it they are left out
   * @throws {InvalidInputError} CHECKPOINT_INVALID: a given one is malformed, or signed by nobody known
   */
  static async from(
    context: LogContext,
    options: {
      readonly size: number;
      readonly notes: readonly string[];
      readonly verifiers: readonly NoteVerifier[];
      readonly own: NoteVerifier | undefined;
      readonly problems: Problems;
    },
  ): Promise<ExpectedCheckpoints> {
    const { size, notes, verifiers, own, problems } = options;
    const given: Expected[] = [];
    for (const note of notes) given.push(await open(context.crypto, note, verifiers));
    given.sort((a, b) => a.size - b.size);
    const expected = new ExpectedCheckpoints(given, stored(context, size, own, problems), problems);
    while ((given[expected.#nextGiven]?.size ?? size) < size) expected.#nextGiven += 1;
    await expected.#advanceStored();
    return expected;
  }

  /**
   * Compares the log at a size.
   *
   * @param chainHash - `undefined`: it cannot be told, since an entry before is missing or changed
   */
  async compare(size: number, chainHash: Uint8Array | undefined): Promise<void> {
    for (let next = this.#given[this.#nextGiven]; next?.size === size; next = this.#given[this.#nextGiven]) {
      this.#judge(next, chainHash);
      this.#nextGiven += 1;
    }
    while (this.#nextStored?.size === size) {
      this.#judge(this.#nextStored, chainHash);
      await this.#advanceStored();
    }
  }

  /**
   * Reports the checkpoints of a greater size than the log has.
   *
   * @param size - of the log as it was walked
   * @param later - and after that: a checkpoint may have been signed meanwhile
   */
  async finish(size: number, later: number): Promise<void> {
    const sizes = new Set(this.#given.slice(this.#nextGiven).map((beyond) => beyond.size));
    while (this.#nextStored !== undefined) {
      if (this.#nextStored.size > later) sizes.add(this.#nextStored.size);
      await this.#advanceStored();
    }
    for (const checkpoint of sizes) {
      if (checkpoint > size) {
        this.#problems.add({ kind: 'truncated', sequence: size, count: checkpoint - size, checkpoint });
      }
    }
  }

  #judge(expected: Expected, chainHash: Uint8Array | undefined): void {
    if (chainHash === undefined) return;
    if (equalBytes(expected.chainHash, chainHash)) this.fitted += 1;
    else this.#problems.add({ kind: 'fork', sequence: Math.max(0, expected.size - 1), checkpoint: expected.size });
  }

  async #advanceStored(): Promise<void> {
    const next = await this.#stored.next();
    this.#nextStored = next.done === true ? undefined : next.value;
  }
}

async function open(crypto: CryptoProvider, note: string, verifiers: readonly NoteVerifier[]): Promise<Expected> {
  return parseCheckpointText(await openNote(crypto, note, verifiers));
}

async function* stored(
  { store, crypto }: LogContext,
  from: number,
  own: NoteVerifier | undefined,
  problems: Problems,
): AsyncGenerator<Expected> {
  if (own === undefined) return;
  for await (const { value } of store.walk(checkpoints, { index: 'bySize', from, limit: 200 })) {
    try {
      const expected = await open(crypto, value.note, [own]);
      if (expected.size === value.size) {
        yield expected;
        continue;
      }
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
    }
    problems.add({ kind: 'checkpoint', sequence: Math.max(0, value.size - 1), checkpoint: value.size });
  }
}
