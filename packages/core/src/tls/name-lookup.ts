import type { SecureContext } from 'node:tls';
import { RateLimitError } from '../errors/families.ts';
import type { Timer } from '../ports/timer.ts';
import type { Closing } from './closing.ts';
import type { ContextCache } from './contexts/context-cache.ts';
import { withDeadline } from './deadline.ts';
import type { Answer, Fallback } from './fallback/fallback.ts';
import { type Freshness, isAboutOne } from './names/freshness.ts';
import type { ServedName } from './names/served-name.ts';
import type { ServedNames } from './names/served-names.ts';
import type { VersionChecks } from './names/version-checks.ts';
import type { OnDemand } from './on-demand/on-demand.ts';
import type { RateBudget } from './rate-budget.ts';
import { wildcardOf } from './server-name.ts';

/** How long a handshake waits for news while there is something to serve, in milliseconds. */
const STALE_AFTER_MS = 250;
/** How long a handshake waits while there is nothing, in milliseconds. */
const WAIT_MS = 5_000;

/** The parts of a lookup. */
export interface NameLookupOptions {
  readonly names: ServedNames;
  readonly contexts: ContextCache;
  readonly checks: VersionChecks;
  readonly freshness: Freshness;
  readonly fallback: Fallback;
  readonly onDemand: OnDemand | undefined;
  /** How many names that nothing is known of may be asked about. */
  readonly budget: RateBudget;
  readonly timer: Timer;
  readonly closing: Closing;
}

/** Finds what is presented for a host name: its own certificate, else that of its wildcard, else the fallback. */
export class NameLookup {
  readonly #options: NameLookupOptions;
  /** Names that nothing is known of, and that are being asked about. */
  readonly #asking = new Set<string>();

  constructor(options: NameLookupOptions) {
    this.#options = options;
  }

  /** The answer, if it is at hand. */
  known(name: string): Answer | undefined {
    const { names, checks, contexts, fallback, onDemand } = this.#options;
    checks.used();
    const exact = names.known(name);
    if (exact === undefined) return undefined;
    if (exact.version !== undefined) return contexts.get(exact.certificateId);
    const wildcard = wildcardOf(name);
    if (wildcard !== undefined) {
      const covering = names.known(wildcard);
      if (covering === undefined) return undefined;
      if (covering.version !== undefined) return contexts.get(covering.certificateId);
    }
    return onDemand === undefined || onDemand.isRefused(name) ? fallback.known : undefined;
  }

  /**
   * Asks for the answer. Where it cannot be told, what was loaded before is the answer.
   *
   * @throws {RateLimitError} OVERLOADED: nothing is known of the name, and too many such names are being asked about
   * @throws {InvalidInputError} KEY_INVALID: what is served under the name cannot be
   * @throws {StorageError} the source's, and nothing was loaded before
   * @throws {ChanceryError} any of the source's, such as for a key that does not open, and nothing was loaded before
   * @throws {ChanceryError} ABORTED: there was no answer in time, and nothing was loaded before
   */
  async ask(name: string): Promise<Answer> {
    const { names, budget } = this.#options;
    if (names.table.peek(name) !== undefined || this.#asking.has(name)) return this.#ask(name);
    if (!budget.take()) {
      const earlier = this.#loadedEarlier(name);
      if (earlier !== undefined) return earlier;
      const message = 'Too many names are asked about that nothing is known of';
      throw new RateLimitError('OVERLOADED', message, { retryAfterMs: budget.waitMs() });
    }
    this.#asking.add(name);
    try {
      return await this.#ask(name);
    } finally {
      this.#asking.delete(name);
    }
  }

  async #ask(name: string): Promise<Answer> {
    const { names, freshness, fallback, onDemand, timer, closing } = this.#options;
    const earlier = this.#loadedEarlier(name);
    try {
      const waitMs = earlier === undefined ? WAIT_MS : STALE_AFTER_MS;
      const found = await withDeadline(timer, waitMs, closing, () => this.#find(name));
      if (found !== undefined) return found;
    } catch (error) {
      if (earlier === undefined || closing.isClosed) throw error;
      // Those who come next need not wait as long.
      if (!isAboutOne(error)) freshness.failed(error);
      return earlier;
    }
    if (onDemand !== undefined && (await onDemand.obtain(name))) {
      await names.check(name);
      const found = await this.#find(name);
      if (found !== undefined) return found;
    }
    return fallback.ask();
  }

  async #find(name: string): Promise<Answer | undefined> {
    const { names, contexts } = this.#options;
    const candidates = await Promise.all(candidatesOf(name).map((each) => names.known(each) ?? names.check(each)));
    for (const candidate of candidates) {
      if (candidate.version === undefined) continue;
      await this.#load(candidate);
      const loaded = contexts.get(candidate.certificateId);
      // It may have been taken out of service just then.
      if (candidate.version !== undefined && loaded !== undefined) return loaded;
    }
    return undefined;
  }

  async #load(candidate: ServedName): Promise<void> {
    const { names, contexts } = this.#options;
    try {
      await names.load(candidate);
    } catch (error) {
      // An earlier generation serves while the present one cannot be had.
      if (contexts.peek(candidate.certificateId ?? '') === undefined) throw error;
    }
  }

  /** What was loaded for a name before, however long ago. */
  #loadedEarlier(name: string): { readonly secureContext: SecureContext } | undefined {
    const { names, contexts } = this.#options;
    for (const candidate of candidatesOf(name)) {
      const entry = names.table.peek(candidate);
      const loaded = entry?.version === undefined ? undefined : contexts.get(entry.certificateId);
      if (loaded !== undefined) return loaded;
    }
    return undefined;
  }
}

function candidatesOf(name: string): string[] {
  const wildcard = wildcardOf(name);
  return wildcard === undefined ? [name] : [name, wildcard];
}
