import type { CertificateChange, CertificateSource, ServedCertificate } from '../../ports/certificate-source.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Timer } from '../../ports/timer.ts';
import type { Closing } from '../closing.ts';
import type { ContextCache } from '../contexts/context-cache.ts';
import { withDeadline } from '../deadline.ts';
import { Gate } from '../gate.ts';
import { codeOf, type Freshness, isAboutOne } from './freshness.ts';
import { NameTable } from './name-table.ts';
import { type ServedName, unknownName } from './served-name.ts';
import { VersionReader } from './version-reader.ts';

/** How long a read may take, in milliseconds. */
const READ_MS = 5_000;
/** How many certificates are read at once. */
const LOADS_AT_ONCE = 8;
/** How long a version that cannot be served is not tried again, in milliseconds. */
const UNUSABLE_MS = 5_000;
/** A name that was wanted within this time is loaded anew as soon as it changes; the others when they are wanted, in milliseconds. */
const RECENT_MS = 60_000;

/** What names are looked up with. */
export interface ServedNamesOptions {
  readonly source: CertificateSource;
  readonly contexts: ContextCache;
  readonly freshness: Freshness;
  /** How many names with, and how many without a certificate are remembered. */
  readonly limit: number;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly logger: Logger | undefined;
  readonly closing: Closing;
}

/** Which certificate is served under which name, as far as it is known, and how to know more. */
export class ServedNames {
  readonly #options: ServedNamesOptions;
  readonly #reader: VersionReader;
  readonly #gate = new Gate(LOADS_AT_ONCE);
  readonly table: NameTable;

  constructor(options: ServedNamesOptions) {
    this.#options = options;
    this.table = new NameTable(options.limit);
    this.#reader = new VersionReader((names) => this.#versions(names));
  }

  /** What is known of a name for certain, or for want of anything newer; it counts as used. Undefined: it has to be asked for. */
  known(name: string): ServedName | undefined {
    const entry = this.table.get(name);
    if (entry === undefined) return undefined;
    entry.usedAt = this.#options.clock.now();
    return this.#options.freshness.counts(entry.checkedAt) ? entry : undefined;
  }

  /**
   * Asks what is served under a name at present.
   *
   * @throws {StorageError} the source's
   * @throws {ChanceryError} ABORTED: there was no answer in time
   */
  async check(name: string): Promise<ServedName> {
    const asked = this.#options.clock.now();
    const version = await this.#reader.read(name);
    const entry = this.table.peek(name) ?? unknownName(name, asked);
    this.#learn(entry, version, asked);
    return entry;
  }

  /** Checks names in one read, and begins to load what has changed, behind the handshakes. @returns once it was read, or could not be */
  async refreshAll(entries: readonly ServedName[]): Promise<void> {
    const asked = this.#options.clock.now();
    const names = entries.map(({ name }) => name);
    try {
      const versions = await this.#versions(names);
      for (const [at, entry] of entries.entries()) {
        this.#learn(entry, versions[at], asked);
        if (entry.version !== entry.loadedVersion) this.#loadBehind(entry);
      }
    } catch {
      // Freshness has told of it: what was loaded is served on.
    }
  }

  /**
   * Loads what is served under a name, unless that has been done.
   *
   * @throws {InvalidInputError} KEY_INVALID: it cannot be served
   * @throws {StorageError} the source's
   * @throws {ChanceryError} ABORTED: there was no answer in time; or the source's, such as for a key that does not open
   */
  load(entry: ServedName): Promise<void> {
    if (entry.version === undefined || this.isLoaded(entry)) return Promise.resolve();
    const { unusable } = entry;
    if (unusable?.version === entry.version) {
      const age = this.#options.clock.now() - unusable.at;
      if (age >= 0 && age < UNUSABLE_MS) return Promise.reject(unusable.error);
    }
    entry.loading ??= this.#gate
      .pass(() => this.#load(entry))
      .finally(() => {
        entry.loading = undefined;
      });
    return entry.loading;
  }

  /** Whether what is served is at hand, and is the version that was seen last. */
  isLoaded({ version, loadedVersion, certificateId }: ServedName): boolean {
    return version === loadedVersion && this.#options.contexts.get(certificateId) !== undefined;
  }

  /** Follows a change: at once for names that are in demand, at their next use for the others. */
  changed({ id, names }: CertificateChange): void {
    const loaded = this.#options.contexts.peek(id)?.names ?? [];
    for (const name of new Set([...names, ...loaded])) {
      const entry = this.table.peek(name);
      if (entry === undefined) continue;
      entry.checkedAt = Number.NEGATIVE_INFINITY;
      if (this.#options.clock.now() - entry.usedAt < RECENT_MS) void this.#refresh(entry);
    }
  }

  /** How many certificates were presented after they had expired. */
  countExpired(): number {
    const expired = new Set<string>();
    for (const { certificateId = '', usedAt } of this.table.served()) {
      const loaded = this.#options.contexts.peek(certificateId);
      if (loaded !== undefined && loaded.notAfter < usedAt) expired.add(certificateId);
    }
    return expired.size;
  }

  /** Forgets how long ago anything was checked, after a gap in the notices. */
  missed(): void {
    for (const entry of [...this.table.served(), ...this.table.absent()]) entry.checkedAt = Number.NEGATIVE_INFINITY;
  }

  /** Checks a name and loads what has changed, behind the handshakes. */
  async #refresh({ name }: ServedName): Promise<void> {
    try {
      this.#loadBehind(await this.check(name));
    } catch {
      // Freshness has told of it: what was loaded is served on.
    }
  }

  #loadBehind(entry: ServedName): void {
    this.load(entry).catch((error) => {
      // What cannot be served was told of when that was found.
      if (this.#options.closing.isClosed || isAboutOne(error)) return;
      this.#options.logger?.warn('A certificate could not be read anew', { name: entry.name, error: codeOf(error) });
    });
  }

  /** Of two answers the one that was asked for later counts. */
  #learn(entry: ServedName, version: string | undefined, asked: number): void {
    // What was asked for in the future was, before the clock was set back.
    const isLater = asked >= entry.checkedAt || entry.checkedAt > this.#options.clock.now();
    if (!isLater) return;
    entry.checkedAt = asked;
    if (entry.version === version && this.table.peek(entry.name) === entry) return;
    entry.version = version;
    if (version === undefined) this.#withdraw(entry);
    this.table.put(entry);
  }

  /** Notes that nothing serves a name that was loaded before. */
  #withdraw(entry: ServedName): void {
    const { certificateId } = entry;
    entry.certificateId = undefined;
    entry.loadedVersion = undefined;
    this.#release(certificateId);
  }

  /** Lets go of a certificate's context unless it serves a name. */
  #release(certificateId: string | undefined): void {
    if (certificateId === undefined) return;
    const { contexts } = this.#options;
    const names = contexts.peek(certificateId)?.names ?? [];
    if (!names.some((name) => this.table.peek(name)?.certificateId === certificateId)) contexts.delete(certificateId);
  }

  async #load(entry: ServedName): Promise<void> {
    const { source, contexts, clock, logger } = this.#options;
    const { name, version } = entry;
    const before = entry.certificateId;
    let served: ServedCertificate | undefined;
    try {
      served = await this.#read((signal) => source.served(name, { signal }), isAboutOne);
      // It may have been taken out of service while it was read.
      if (served === undefined || entry.version === undefined) {
        entry.version = undefined;
        this.#withdraw(entry);
        this.table.put(entry);
        return;
      }
      contexts.put(served);
    } catch (error) {
      if (!isAboutOne(error)) throw error;
      const at = clock.now();
      if (version !== undefined) entry.unusable = { version, at, error };
      const { certificateId, generation } = served ?? {};
      logger?.error('A certificate cannot be served', { name, certificateId, generation, error: codeOf(error) });
      throw error;
    }
    entry.certificateId = served.certificateId;
    entry.loadedVersion = version;
    if (before !== served.certificateId) this.#release(before);
    if (served.notAfter.getTime() < clock.now()) {
      const { certificateId, notAfter } = served;
      logger?.error('A certificate is served that has expired', { name, certificateId, notAfter });
    }
  }

  #versions(names: readonly string[]): ReturnType<CertificateSource['versions']> {
    return this.#read((signal) => this.#options.source.versions(names, { signal }));
  }

  /** @param isHarmless which errors do not say that nothing can be read */
  async #read<T>(work: (signal: AbortSignal) => Promise<T>, isHarmless = (_error: unknown) => false): Promise<T> {
    const { timer, freshness, closing } = this.#options;
    try {
      const result = await withDeadline(timer, READ_MS, closing, work);
      freshness.succeeded();
      return result;
    } catch (error) {
      if (!closing.isClosed && !isHarmless(error)) freshness.failed(error);
      throw error;
    }
  }
}
