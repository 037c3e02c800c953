import type { Timer } from '@chancery/core';
import type { Incoming } from '../exchange/incoming.ts';
import { HttpProblem } from '../problems/http-problem.ts';

/** How much is read, and for how long. */
export interface BodyLimits {
  /** In bytes. */
  readonly limit: number;
  /** How long the whole body may take, or each piece of a stream, in milliseconds. */
  readonly timeoutMs: number;
  readonly timer: Timer;
}

/** Whether a request says that it has a body. */
export function hasBody(incoming: Incoming): boolean {
  const length = incoming.header('content-length');
  return (length !== undefined && length !== '0') || incoming.header('transfer-encoding') !== undefined;
}

/** Whether a request is sure to have no body: it says so, or says nothing and has none. A `Request` of one's own making has no length. */
export function isWithoutBody(incoming: Incoming): boolean {
  if (hasBody(incoming)) return false;
  return incoming.header('content-length') === '0' || incoming.body === undefined;
}

/**
 * Reads a body to its end.
 *
 * @throws {HttpProblem} BODY_TOO_LARGE, BODY_TIMEOUT
 */
export async function readBody(incoming: Incoming, { limit, timeoutMs, timer }: BodyLimits): Promise<Uint8Array> {
  requireLength(incoming, limit);
  const pieces: Uint8Array[] = [];
  let length = 0;
  const deadline = new Deadline(timer, timeoutMs);
  try {
    for await (const piece of deadline.over(bodyOf(incoming))) {
      length += piece.length;
      if (length > limit) throw tooLarge(limit);
      pieces.push(piece);
    }
  } finally {
    deadline.clear();
  }
  if (pieces.length === 1) return pieces[0] as Uint8Array;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/**
 * Hands a body over piece by piece, as long as the sender keeps sending.
 *
 * @throws {HttpProblem} BODY_TOO_LARGE, BODY_TIMEOUT: while it is read
 */
export async function* streamBody(
  incoming: Incoming,
  { limit, timeoutMs, timer }: BodyLimits,
): AsyncGenerator<Uint8Array> {
  requireLength(incoming, limit);
  let length = 0;
  const deadline = new Deadline(timer, timeoutMs);
  try {
    for await (const piece of deadline.over(bodyOf(incoming))) {
      length += piece.length;
      if (length > limit) throw tooLarge(limit);
      yield piece;
      deadline.restart();
    }
  } finally {
    deadline.clear();
  }
}

/** Ends the wait for pieces that do not come. */
class Deadline {
  readonly #timer: Timer;
  readonly #ms: number;
  #expired: Promise<never>;
  #clear: () => void = () => undefined;

  constructor(timer: Timer, ms: number) {
    this.#timer = timer;
    this.#ms = ms;
    this.#expired = this.#begin();
  }

  restart(): void {
    this.#clear();
    this.#expired = this.#begin();
  }

  clear(): void {
    this.#clear();
  }

  async *over(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const iterator = pieces[Symbol.asyncIterator]();
    let isDone = false;
    try {
      while (true) {
        const next = await Promise.race([iterator.next(), this.#expired]);
        if (next.done === true) {
          isDone = true;
          return;
        }
        yield next.value;
      }
    } finally {
      // A piece that is still awaited holds the return back: nobody waits for it.
      if (!isDone) void iterator.return?.().catch(() => undefined);
    }
  }

  #begin(): Promise<never> {
    const expired = new Promise<never>((_, reject) => {
      this.#clear = this.#timer(this.#ms, () => reject(timedOut(this.#ms)));
    });
    // It may expire when nobody waits.
    expired.catch(() => undefined);
    return expired;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // There is no body.
}

function bodyOf(incoming: Incoming): AsyncIterable<Uint8Array> {
  if (incoming.isBodyConsumed) {
    throw new TypeError('the body was read before the routes saw it: mount them before any body parser');
  }
  return incoming.body ?? nothing();
}

function requireLength(incoming: Incoming, limit: number): void {
  if (Number(incoming.header('content-length') ?? 0) > limit) throw tooLarge(limit);
}

function tooLarge(limit: number): HttpProblem {
  // What is left of the body is not read: the connection ends.
  return new HttpProblem('BODY_TOO_LARGE', `The body is longer than ${limit} bytes`, {
    headers: ['connection', 'close'],
  });
}

function timedOut(ms: number): HttpProblem {
  return new HttpProblem('BODY_TIMEOUT', `The body did not arrive within ${ms} ms`, {
    headers: ['connection', 'close'],
  });
}
