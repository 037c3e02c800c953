import { type Clock, cloudEventJson, type LogEntry, type Timer } from '@chancery/core';
import type { EventTail } from './event-tail.ts';

const KEEP_ALIVE_MS = 15_000;
const JUDGED_FOR_MS = 5_000;
const RETRY_MS = 2_000;

/** Why a stream ended, other than by who reads it. */
type EndReason = 'token-expired' | 'access-ended';

/** Which events to send, and for how long. */
export interface ServerSentEventsOptions {
  readonly tail: EventTail;
  readonly clock: Clock;
  readonly timer: Timer;
  /** The sequence number after which to begin; undefined: with what is logged from here on. */
  readonly after: number | undefined;
  readonly wanted: (entry: LogEntry) => boolean;
  /** When who asked is not known any more: the stream ends. */
  readonly until: Date;
  /** Whether who asked still may see the log: asked again before anything is sent that is more than 5 s after the last time. */
  readonly mayStill: () => Promise<boolean>;
}

/** An entry as the API shows it. */
export function showEntry({ sequence, loggedAt, event }: LogEntry): object {
  return { sequence, loggedAt, event: cloudEventJson(event) };
}

/**
 * The log as server-sent events, from one entry on and as it grows: in order, each once, no faster than they are read.
 *
 * @throws {StorageError} any of its codes: the log cannot be read
 */
export async function serverSentEvents(options: ServerSentEventsOptions): Promise<ReadableStream<Uint8Array>> {
  const { next, leave } = await options.tail.follow();
  const { after } = options;
  const stream = new EventStream(options, after === undefined ? next : after + 1, leave);
  return new ReadableStream<Uint8Array>(stream, { highWaterMark: 0 });
}

/** What a stream of events is fed by. */
class EventStream implements UnderlyingDefaultSource<Uint8Array> {
  readonly #options: ServerSentEventsOptions;
  readonly #leave: () => void;
  readonly #ended = new AbortController();
  readonly #encoder = new TextEncoder();
  #cancelEnd: () => void = () => undefined;
  #position: number;
  #judgedAt: number;
  #hasBegun = false;
  #isPulling = false;
  #isOver = false;

  constructor(options: ServerSentEventsOptions, position: number, leave: () => void) {
    this.#options = options;
    this.#position = position;
    this.#leave = leave;
    this.#judgedAt = options.clock.now();
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const { timer, clock, until } = this.#options;
    this.#cancelEnd = timer(Math.min(2 ** 31 - 1, Math.max(0, until.getTime() - clock.now())), () => {
      this.#ended.abort();
      // Who reads nothing any more asks for nothing, and would stay for ever.
      if (!this.#isPulling) this.#end(controller, 'token-expired');
    });
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#isPulling = true;
    try {
      await this.#sendNext(controller);
    } catch (error) {
      this.#finish();
      throw error;
    } finally {
      this.#isPulling = false;
    }
  }

  cancel(): void {
    this.#ended.abort();
    this.#finish();
  }

  async #sendNext(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#send(controller, `retry: ${RETRY_MS}\n\n`);
      return;
    }
    const text = await this.#nextText();
    if (this.#isOver) return;
    if (this.#ended.signal.aborted) this.#end(controller, 'token-expired');
    else if (await this.#isJudged()) this.#send(controller, text);
    else this.#end(controller, 'access-ended');
  }

  /** The next events that are wanted; or a comment, where for a while there are none. */
  async #nextText(): Promise<string> {
    const { tail, clock, wanted } = this.#options;
    const keepAliveAt = clock.now() + KEEP_ALIVE_MS;
    while (!this.#ended.signal.aborted) {
      const entries = await tail.read(this.#position);
      this.#position = (entries.at(-1)?.sequence ?? this.#position - 1) + 1;
      const text = entries.filter(wanted).map(eventText).join('');
      if (text !== '') return text;
      if (entries.length > 0) continue;
      if (clock.now() >= keepAliveAt) return ': keep-alive\n\n';
      await tail.wait(this.#position, Math.max(1, keepAliveAt - clock.now()), this.#ended.signal);
    }
    return '';
  }

  async #isJudged(): Promise<boolean> {
    const { clock, mayStill } = this.#options;
    const now = clock.now();
    if (Math.abs(now - this.#judgedAt) < JUDGED_FOR_MS) return true;
    if (!(await mayStill())) return false;
    this.#judgedAt = now;
    return !this.#isOver;
  }

  #send(controller: ReadableStreamDefaultController<Uint8Array>, text: string): void {
    if (!this.#isOver) controller.enqueue(this.#encoder.encode(text));
  }

  #end(controller: ReadableStreamDefaultController<Uint8Array>, reason: EndReason): void {
    if (this.#isOver) return;
    this.#send(controller, `event: end\ndata: {"reason":"${reason}"}\n\n`);
    controller.close();
    this.#finish();
  }

  #finish(): void {
    this.#isOver = true;
    this.#cancelEnd();
    this.#leave();
  }
}

/** A type has no line break: the log refuses it. */
function eventText(entry: LogEntry): string {
  return `id: ${entry.sequence}\nevent: ${entry.event.type}\ndata: ${JSON.stringify(showEntry(entry))}\n\n`;
}
