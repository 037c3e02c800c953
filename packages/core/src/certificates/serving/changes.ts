import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import type { CertificateChange } from '../../ports/certificate-source.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Store } from '../../store/store.ts';
import { certificates } from '../collections.ts';
import { toChange } from './change.ts';

/** Own changes whose notice by the storage is still to come. Past this, the oldest is told twice. */
const MOST_RECENT = 1_000;
/** What the contract reads at once. */
const IDS_A_READ = 1_000;

type ChangeListener = (change: CertificateChange) => void;
type GapListener = () => void;

/** Tells listeners of changed certificates: of this instance's own at once, of others' by what the storage notices. */
export class Changes {
  readonly #store: Store;
  readonly #logger: Logger | undefined;
  readonly #changed = new Set<ChangeListener>();
  readonly #missed = new Set<GapListener>();
  /** Versions that were told of already, by certificate. */
  readonly #told = new Map<string, string>();
  #watching: Promise<() => Promise<void>> | undefined;

  constructor({ store, logger }: { readonly store: Store; readonly logger: Logger | undefined }) {
    this.#store = store;
    this.#logger = logger;
  }

  /** See `CertificateManager.on`. */
  on(event: 'changed' | 'missed', listener: ChangeListener | GapListener): () => void {
    if (event !== 'changed' && event !== 'missed')
      throw new InvalidInputError('INVALID_ARGUMENT', `on() knows the events changed and missed, not ${quote(event)}`);
    if (typeof listener !== 'function') throw new InvalidInputError('INVALID_ARGUMENT', 'on() takes a function');
    const listeners: Set<ChangeListener | GapListener> = event === 'changed' ? this.#changed : this.#missed;
    // An entry of its own, so that one function may listen twice.
    const entry: ChangeListener = (change) => listener(change);
    listeners.add(entry);
    this.#watch();
    return () => {
      listeners.delete(entry);
      if (this.#changed.size + this.#missed.size === 0) void this.close();
    };
  }

  /** Tells of a change that this instance has committed. @param version of the certificate's document; undefined: it is deleted */
  tell(change: CertificateChange, version: string | undefined): void {
    this.#told.delete(change.id);
    this.#told.set(change.id, version ?? '');
    for (const oldest of this.#told.keys()) {
      if (this.#told.size <= MOST_RECENT) break;
      this.#told.delete(oldest);
    }
    this.#emit(change);
  }

  /** Ends the subscription at the storage. The next listener starts another. */
  async close(): Promise<void> {
    const watching = this.#watching;
    this.#watching = undefined;
    this.#changed.clear();
    this.#missed.clear();
    try {
      await (await watching)?.();
    } catch (error) {
      this.#logger?.warn('The subscription to changes of certificates did not end well', { error });
    }
  }

  #watch(): void {
    const { storage } = this.#store;
    if (this.#watching !== undefined || storage.watch === undefined) return;
    const watching = this.#subscribe();
    this.#watching = watching;
    watching.catch((error) => {
      // The next listener tries again; until then readers find out by their timers.
      if (this.#watching === watching) this.#watching = undefined;
      this.#logger?.warn('Changes of certificates by other instances go untold', { error });
      this.#gap();
    });
  }

  async #subscribe(): Promise<() => Promise<void>> {
    // Reading opens the collections, which the storage must know before it can watch one.
    await this.#store.get(certificates, 'none');
    const subscription = this.#store.storage.watch?.(certificates.name, (ids) => void this.#notice(ids));
    return (await subscription) ?? (() => Promise.resolve());
  }

  async #notice(ids: readonly string[] | undefined): Promise<void> {
    if (ids === undefined || ids.length > IDS_A_READ) {
      this.#gap();
      return;
    }
    try {
      const entries = await this.#store.getMany(ids.map((id) => ({ collection: certificates, id })));
      for (const [at, id] of ids.entries()) {
        const entry = entries[at];
        if (this.#told.get(id) === (entry?.version ?? '')) continue;
        this.#emit(entry === undefined ? { id, generation: 0, names: [] } : toChange(id, entry.value));
      }
    } catch (error) {
      this.#logger?.warn('A change of certificates could not be read', { error });
      this.#gap();
    }
  }

  #emit(change: CertificateChange): void {
    for (const listener of [...this.#changed]) this.#call(() => listener(change));
  }

  #gap(): void {
    for (const listener of [...this.#missed]) this.#call(listener);
  }

  /** What a listener throws is its own affair: the change has happened. */
  #call(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#logger?.warn('A listener to changes of certificates threw', { error });
    }
  }
}
