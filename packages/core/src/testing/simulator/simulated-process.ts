import type { Timer } from '../../ports/timer.ts';

/**
 * A process that can be paused, as by a suspended machine, and killed. What it does passes through here: while it is paused nothing goes
 * on, and once it is killed nothing ever does, while what it has sent to others takes effect there.
 */
export class SimulatedProcess {
  #resume: (() => void) | undefined;
  #paused: Promise<void> | undefined;
  #killed = false;

  get isRunning(): boolean {
    return !this.#killed && this.#paused === undefined;
  }

  get isKilled(): boolean {
    return this.#killed;
  }

  pause(): void {
    this.#paused ??= new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  resume(): void {
    this.#paused = undefined;
    this.#resume?.();
  }

  kill(): void {
    this.#killed = true;
    this.pause();
  }

  /** Carries a call to the outside and its answer back, each when the process is running. */
  async call<T>(outside: () => Promise<T>): Promise<T> {
    if (!this.isRunning) await this.#running();
    try {
      return await outside();
    } finally {
      if (!this.isRunning) await this.#running();
    }
  }

  /** The same object, whose methods are calls to the outside. */
  through<T extends object>(outside: T): T {
    return new Proxy(outside, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => this.call(() => Promise.resolve(Reflect.apply(value, target, args)));
      },
    });
  }

  /** A timer whose callbacks wait until the process is running. */
  timer(timer: Timer): Timer {
    return (ms, callback) => {
      let calledOff = false;
      const callOff = timer(ms, () => {
        void this.#running().then(() => {
          if (!calledOff) callback();
        });
      });
      return () => {
        calledOff = true;
        callOff();
      };
    };
  }

  async #running(): Promise<void> {
    // Resumed and paused again before this goes on.
    while (this.#paused !== undefined) await this.#paused;
    if (this.#killed) await new Promise<never>(() => undefined);
  }
}
