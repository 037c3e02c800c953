import { ChanceryError, type Clock, type Principal, StorageError } from '@chancery/core';
import type { Answer } from '../exchange/answer.ts';
import type { StateStorage } from '../limits/state-storage.ts';
import { HttpProblem } from '../problems/http-problem.ts';

const COLLECTION = 'http_idempotency';
const KEPT_MS = 24 * 60 * 60 * 1_000;
/** A request that has not ended by then never will: its instance is gone. */
const RUN_MS = 5 * 60 * 1_000;
const KEY = /^[\x21-\x7e]{1,255}$/;

/** What makes two requests the same. */
export interface IdempotentRequest {
  readonly key: string;
  readonly operationId: string;
  /** Whether it is one commit: what failed then has done nothing, unless the storage itself does not know. */
  readonly isAtomic: boolean;
  readonly sender: Principal | undefined;
  readonly ip: string | undefined;
  readonly path: string;
  readonly body: Uint8Array;
}

/** What is kept of a request, sealed. */
interface Remembered {
  readonly digest: string;
  readonly answer?: { readonly status: number; readonly headers: readonly string[]; readonly body?: string };
}

/**
 * Does once what is asked for under one key, in all instances, and gives the same answer again for 24 hours (after the IETF draft
 * draft-ietf-httpapi-idempotency-key-header). What is kept is sealed by the keyring.
 */
export class Idempotency {
  readonly #state: StateStorage;
  readonly #clock: Clock;

  constructor(state: StateStorage, clock: Clock) {
    this.#state = state;
    this.#clock = clock;
  }

  /**
   * Runs a request, or gives the answer of its first time.
   *
   * @param run - does what is asked for. Where it fails having done nothing, the key is free again
   * @throws {HttpProblem} HEADER_INVALID: the key is malformed; IDEMPOTENCY_KEY_REUSED: it was used for another request;
   *   IDEMPOTENCY_IN_PROGRESS: the first request still runs; IDEMPOTENCY_OUTCOME_UNKNOWN: nobody knows what became of it
   * @throws {StorageError} any of its codes: nothing was done
   * @throws whatever `run` throws
   */
  async once(request: IdempotentRequest, run: () => Promise<Answer>): Promise<Answer> {
    if (!KEY.test(request.key)) {
      throw new HttpProblem('HEADER_INVALID', 'Idempotency-Key must be 1 to 255 printable ASCII characters');
    }
    const id = await this.#hash([request.operationId, ownerOf(request), request.key]);
    const digest = await this.#hash([request.path, request.body]);
    const version = await this.#begin(id, digest);
    if (typeof version !== 'string') return version;
    let answer: Answer;
    try {
      answer = await run();
    } catch (error) {
      if (leavesOpen(error, request.isAtomic)) await this.#remember(id, version, { digest });
      else await this.#forget(id, version);
      throw error;
    }
    await this.#remember(id, version, { digest, answer: storable(answer) });
    return answer;
  }

  /** @returns the version under which the request is noted; or the answer that it had before */
  async #begin(id: string, digest: string): Promise<string | Answer> {
    const storage = await this.#state.opened();
    const version = this.#state.version();
    const now = this.#clock.now();
    const put = {
      kind: 'put',
      collection: COLLECTION,
      id,
      version,
      ifVersion: null,
      data: { endsBy: now + RUN_MS },
      bytes: await this.#seal(id, { digest }),
      expiresAt: now + KEPT_MS,
    } as const;
    const result = await storage.commit([put]).catch((error: unknown) => {
      // Whether it landed shows below: the version is ours alone.
      if (leavesOpen(error, true)) return { committed: false } as const;
      throw error;
    });
    if (result.committed) return version;
    const [present] = await storage.get([{ collection: COLLECTION, id }]);
    if (present?.version === version) return version;
    if (present?.bytes === undefined) throw inProgress();
    const remembered = await this.#open(id, present.bytes);
    if (remembered.digest !== digest) {
      throw new HttpProblem('IDEMPOTENCY_KEY_REUSED', 'The Idempotency-Key was used for another request');
    }
    if (remembered.answer !== undefined) return replayed(remembered.answer);
    if (Number(present.data.endsBy) > now) throw inProgress();
    throw new HttpProblem(
      'IDEMPOTENCY_OUTCOME_UNKNOWN',
      'The first request under this Idempotency-Key was cut short: look whether it took effect, and use another key',
    );
  }

  /**
   * Keeps what became of a request: its answer, or that nobody knows. That stands whatever becomes of this, a failure of which only keeps it from
   * being given again.
   */
  async #remember(id: string, version: string, remembered: Remembered): Promise<void> {
    try {
      const storage = await this.#state.opened();
      await storage.commit([
        {
          kind: 'put',
          collection: COLLECTION,
          id,
          version: this.#state.version(),
          ifVersion: version,
          data: { endsBy: 0 },
          bytes: await this.#seal(id, remembered),
          expiresAt: this.#clock.now() + KEPT_MS,
        },
      ]);
    } catch (error) {
      if (!(error instanceof ChanceryError)) throw error;
    }
  }

  async #forget(id: string, version: string): Promise<void> {
    const storage = await this.#state.opened();
    // It expires by itself; until then a retry is told that the outcome is unknown, which is safe.
    await storage.commit([{ kind: 'delete', collection: COLLECTION, id, ifVersion: version }]).catch(() => undefined);
  }

  /** The digest of a body with a password in it would invite guessing: it is kept sealed only. */
  #seal(id: string, remembered: Remembered): Promise<Uint8Array> {
    const { keyring } = this.#state;
    return keyring.seal(new TextEncoder().encode(JSON.stringify(remembered)), this.#state.place(COLLECTION, id));
  }

  async #open(id: string, sealed: Uint8Array): Promise<Remembered> {
    const opened = await this.#state.keyring.open(sealed, this.#state.place(COLLECTION, id));
    return JSON.parse(new TextDecoder().decode(opened)) as Remembered;
  }

  /** Each part goes in with its length: no two lists of parts run together. */
  async #hash(parts: readonly (string | Uint8Array)[]): Promise<string> {
    const encoder = new TextEncoder();
    const bytes = parts.map((part) => (typeof part === 'string' ? encoder.encode(part) : part));
    const framed = bytes.flatMap((part) => [encoder.encode(`${part.length}:`), part]);
    const whole = new Uint8Array(framed.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of framed) {
      whole.set(part, at);
      at += part.length;
    }
    const digest = await this.#state.crypto.digest('SHA-256', whole);
    return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  }
}

function ownerOf({ sender, ip }: IdempotentRequest): string {
  return sender === undefined ? `address ${ip ?? ''}` : `account ${sender.accountId}`;
}

/** What ends work of several commits anywhere between them. */
const CUT_SHORT: readonly string[] = ['ABORTED', 'COMMIT_CONFLICT', 'PROCESSOR_FAILED'];

/** Whether an error leaves open if something was done. */
function leavesOpen(error: unknown, isAtomic: boolean): boolean {
  if (!(error instanceof Error)) return true;
  if (error instanceof StorageError) return !isAtomic || error.outcome === 'unknown';
  return !isAtomic && error instanceof ChanceryError && CUT_SHORT.includes(error.code);
}

function storable({ status, headers, body }: Answer): NonNullable<Remembered['answer']> {
  if (body !== undefined && typeof body !== 'string') throw new TypeError('an answer that is given again must be text');
  return body === undefined ? { status, headers } : { status, headers, body };
}

function replayed(answer: NonNullable<Remembered['answer']>): Answer {
  return { ...answer, headers: [...answer.headers, 'idempotency-replayed', 'true'] };
}

function inProgress(): HttpProblem {
  return new HttpProblem('IDEMPOTENCY_IN_PROGRESS', 'The first request under this Idempotency-Key still runs', {
    headers: ['retry-after', '1'],
  });
}
