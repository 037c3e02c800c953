import type { CounterConfiguration, GaugeConfiguration, HistogramConfiguration, Registry } from 'prom-client';
import { loadPackage } from '../observation/load-package.ts';

type PromClient = typeof import('prom-client');

/** How an instrument is described; its name is completed by the prefix. */
export interface Described<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly L[];
}

/** Counts upwards. */
export interface CounterOf<L extends string> {
  inc(labels: Readonly<Record<L, string>>, by?: number): void;
}

/** Collects how long things take. */
export interface HistogramOf<L extends string> {
  /** @param seconds - how long it took */
  observe(labels: Readonly<Record<L, string>>, seconds: number): void;
}

/** Shows values as they are. */
export interface GaugeOf<L extends string> {
  set(labels: Readonly<Record<L, string>>, value: number): void;
  /** Forgets all values: what is not there any more has no series. */
  reset(): void;
}

/** From a quarter of a millisecond to ten seconds. */
const FAST = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** From ten milliseconds to ten minutes: what asks the network, or waits for a CA. */
const SLOW = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/** Makes instruments of prom-client in one registry, under one prefix. */
export class Instruments {
  readonly register: Registry;
  readonly #client: PromClient;
  readonly #prefix: string;

  private constructor(client: PromClient, register: Registry | undefined, prefix: string) {
    this.#client = client;
    this.register = register ?? new client.Registry();
    this.#prefix = prefix;
  }

  /** @throws {ChanceryError} PACKAGE_MISSING: prom-client is not installed */
  static async load(register: Registry | undefined, prefix: string): Promise<Instruments> {
    const client = await loadPackage('prom-client', async () => {
      const loaded = await import('prom-client');
      // A CommonJS package: not every loader finds its names.
      return 'Registry' in loaded ? loaded : (loaded as { default: PromClient }).default;
    });
    return new Instruments(client, register, prefix);
  }

  counter<L extends string>(described: Described<L>): CounterOf<L> {
    return new this.#client.Counter(this.#configured(described) as CounterConfiguration<L>);
  }

  histogram<L extends string>(described: Described<L>, range: 'fast' | 'slow'): HistogramOf<L> {
    const buckets = range === 'fast' ? FAST : SLOW;
    return new this.#client.Histogram({ ...this.#configured(described), buckets } as HistogramConfiguration<L>);
  }

  /**
   * Makes a gauge without any value: a zero that nobody has measured looks like one that somebody has.
   *
   * @param collect - run before the gauge is read; it must not throw
   */
  gauge<L extends string = never>(described: Described<L>, collect?: () => void | Promise<void>): GaugeOf<L> {
    const gauge = new this.#client.Gauge({
      ...this.#configured(described),
      ...(collect && { collect }),
    } as GaugeConfiguration<L>);
    const hasLabels = (described.labels ?? []).length > 0;
    // What has no labels begins with zero, and goes back to it by a reset.
    const reset = () => (hasLabels ? gauge.reset() : gauge.remove({}));
    reset();
    return { reset, set: (labels, value) => gauge.set(labels, value) };
  }

  #configured<L extends string>({ name, help, labels = [] }: Described<L>) {
    return { name: this.#prefix + name, help, labelNames: [...labels], registers: [this.register] };
  }
}
