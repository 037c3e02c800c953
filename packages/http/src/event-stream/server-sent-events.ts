import { type Clock, cloudEventJson, type LogEntry, type Timer } from '@chancery/core';
import type { EventTail } from './event-tail.ts';

const KEEP_ALIVE_MS = 15_000;
const RETRY_MS = 2_000;

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
  const { tail, clock, timer, after, wanted, until } = options;
  const { next, leave } = await tail.follow();
  const ended = new AbortController();
  const cancelEnd = timer(Math.min(2 ** 31 - 1, Math.max(0, until.getTime() - clock.now())), () => ended.abort());
  const encoder = new TextEncoder();
  let position = after === undefined ? next : after + 1;
  let isFirst = true;

  const finish = () => {
    cancelEnd();
    leave();
  };

  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    if (isFirst) {
      isFirst = false;
      controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
      return;
    }
    let keepAliveAt = clock.now() + KEEP_ALIVE_MS;
    while (true) {
      if (ended.signal.aborted) {
        controller.enqueue(encoder.encode('event: end\ndata: {"reason":"token-expired"}\n\n'));
        controller.close();
        finish();
        return;
      }
      const entries = await tail.read(position);
      position = (entries.at(-1)?.sequence ?? position - 1) + 1;
      const text = entries.filter(wanted).map(eventText).join('');
      if (text !== '') {
        controller.enqueue(encoder.encode(text));
        return;
      }
      if (entries.length > 0) continue;
      await tail.wait(Math.max(1, keepAliveAt - clock.now()), ended.signal);
      if (clock.now() < keepAliveAt || ended.signal.aborted) continue;
      keepAliveAt = clock.now() + KEEP_ALIVE_MS;
      controller.enqueue(encoder.encode(': keep-alive\n\n'));
      return;
    }
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) =>
        pull(controller).catch((error: unknown) => {
          finish();
          throw error;
        }),
      cancel() {
        ended.abort();
        finish();
      },
    },
    { highWaterMark: 0 },
  );
}

/** A type has no line break: the log refuses it. */
function eventText(entry: LogEntry): string {
  return `id: ${entry.sequence}\nevent: ${entry.event.type}\ndata: ${JSON.stringify(showEntry(entry))}\n\n`;
}
