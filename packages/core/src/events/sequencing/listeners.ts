import { codeOrClass } from '../../errors/code-or-class.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { Logger } from '../../ports/logger.ts';
import type { CloudEvent } from '../cloud-event.ts';
import type { LogEntry } from '../log-entry.ts';
import { typeMatcher } from '../type-pattern.ts';

/** Is told of events as they are chained. What it returns is not waited for. */
export type EventListener = (event: CloudEvent) => unknown;

interface Subscription {
  readonly matches: (type: string) => boolean;
  readonly listener: EventListener;
}

/** Who listens in this process. */
export class Listeners {
  readonly #logger: Logger | undefined;
  readonly #subscriptions = new Set<Subscription>();

  constructor(logger: Logger | undefined) {
    this.#logger = logger;
  }

  /**
   * Adds a listener.
   *
   * @param pattern - a type, `certificate.*` for all that begin so, or `*`
   * @returns a function that removes it
   * @throws {InvalidInputError} INVALID_ARGUMENT: a malformed pattern, or no function
   */
  add(pattern: string, listener: EventListener): () => void {
    if (typeof listener !== 'function') {
      throw new InvalidInputError('INVALID_ARGUMENT', `on() takes a function, not ${typeof listener}`);
    }
    const subscription = { matches: typeMatcher([pattern]), listener };
    this.#subscriptions.add(subscription);
    return () => {
      this.#subscriptions.delete(subscription);
    };
  }

  /** Tells of entries, in order. A listener that fails is logged and stops nobody. */
  tell(entries: readonly LogEntry[]): void {
    if (this.#subscriptions.size === 0) return;
    for (const { event } of entries) {
      for (const { matches, listener } of this.#subscriptions) {
        if (matches(event.type)) this.#call(listener, event);
      }
    }
  }

  #call(listener: EventListener, event: CloudEvent): void {
    const failed = (error: unknown): void => {
      this.#logger?.error('A listener to events failed', {
        event: event.id,
        type: event.type,
        error: codeOrClass(error),
      });
    };
    try {
      const result = listener(event);
      // Not by its class: another realm has a Promise of its own.
      Promise.resolve(result).catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
