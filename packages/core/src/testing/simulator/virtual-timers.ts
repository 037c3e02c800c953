import type { Timer } from '../../ports/timer.ts';
import type { VirtualClock } from '../virtual-clock.ts';

interface Wait {
  readonly at: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/**
 * Timers on a virtual clock: what waits goes off in the order of its instants, at once in real time. The heap is binary, since a
 * simulation has thousands of them, most of which are called off.
 */
export class VirtualTimers {
  readonly #clock: VirtualClock;
  readonly #heap: Wait[] = [];
  #order = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** Sets a timer. */
  readonly set: Timer = (ms, callback) => {
    const wait: Wait = { at: this.#clock.now() + Math.max(0, Math.ceil(ms)), order: this.#order++, callback };
    this.#push(wait);
    return () => {
      wait.callback = undefined;
    };
  };

  /** Resolves after a while. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.set(ms, resolve);
    });
  }

  /** Lets time pass until an instant, and everything go off that is due by then, each after what the one before has set going. */
  async runUntil(instant: number): Promise<void> {
    for (let wait = this.#heap[0]; wait !== undefined && wait.at <= instant; wait = this.#heap[0]) {
      this.#pop();
      const { callback } = wait;
      if (callback === undefined) continue;
      this.#clock.set(Math.max(this.#clock.now(), wait.at));
      callback();
      await atRest();
    }
    this.#clock.set(Math.max(this.#clock.now(), instant));
  }

  #push(wait: Wait): void {
    const heap = this.#heap;
    let at = heap.push(wait) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(wait, heap[parent] as Wait)) break;
      heap[at] = heap[parent] as Wait;
      at = parent;
    }
    heap[at] = wait;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Wait;
    if (heap.length === 0) return;
    let at = 0;
    while (true) {
      const left = 2 * at + 1;
      const right = left + 1;
      if (left >= heap.length) break;
      const child = right < heap.length && isBefore(heap[right] as Wait, heap[left] as Wait) ? right : left;
      if (!isBefore(heap[child] as Wait, last)) break;
      heap[at] = heap[child] as Wait;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(one: Wait, other: Wait): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** Everything that needs no timer has gone as far as it can: a turn of the event loop ends only when no microtask is left. */
function atRest(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
