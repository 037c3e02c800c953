import { z } from 'zod';
import { invalidArgument } from '../../errors/from-issues.ts';
import { StorageError } from '../../errors/storage-error.ts';
import type { EventLog } from '../../events/event-log.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { Logger } from '../../ports/logger.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Unchanging } from '../../store/entry.ts';
import type { SigningAlgorithm } from '../tokens/jws-algorithm.ts';
import { importVerificationKey, type VerificationKey } from '../tokens/verification-key.ts';
import { type JsonWebKeySet, keySetOf } from './json-web-key-set.ts';
import { type KeySealing, makeSigningKey, openSigner, type Signer } from './key-making.ts';
import { activeKey, announce, pendingKey, promote, publishedKey, publishedKeys, replaceAll } from './key-ring.ts';
import { RereadBudget } from './reread-budget.ts';
import { ringEvent } from './ring-event.ts';
import { KEY_RING_ID, type KeyRing, type StoredSigningKey, signingKeys } from './signing-key-record.ts';

/** How long an instance signs and verifies by what it read last. */
const FRESH_MS = 30_000;
/** How long it goes on while the storage does not answer. */
export const STALE_LIMIT_MS = 600_000;
const RETRY_MS = 1_000;

/** What the signing keys of a namespace are kept by. */
export interface SigningKeysOptions extends KeySealing {
  readonly events: EventLog | undefined;
  readonly logger: Logger | undefined;
  readonly algorithm: SigningAlgorithm;
  /** The age at which a key gets a successor. */
  readonly rotateAfterMs: number;
  /** How long a key is published before it signs. */
  readonly publishBeforeMs: number;
  /** How long a key that signs no more still verifies. */
  readonly verifyOnlyMs: number;
}

/** How to rotate. */
export interface RotateSigningKeyOptions extends Abortable {
  /** The present keys are known to others: they are retired at once, and every token that they signed is refused. Default false. */
  readonly compromised?: boolean;
}

/** A key that was made to sign. */
export interface RotatedSigningKey {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  /** From when on it signs. */
  readonly signsFrom: Date;
}

/** Strict: a misspelled `compromised` must not leave a leaked key in force. */
const rotateOptions = z.strictObject({ compromised: z.boolean().optional(), signal: abortSignal });

/** A key that verifies, as it is imported and once it has been. */
interface Verifier {
  readonly importing: Promise<VerificationKey>;
  key: VerificationKey | undefined;
}

interface Snapshot {
  readonly ring: KeyRing;
  readonly readAt: number;
}

/**
 * The keys that sign and verify access tokens, shared by all instances through one document and read at most every 30 seconds.
 *
 * A key is `pending` while it is published and does not sign, then `active`, then `verify-only` until its last token has run out, then
 * `retired`. Each step is one conditional commit, so that of any number of instances one takes it.
 */
export class SigningKeys {
  readonly options: SigningKeysOptions;
  readonly #budget: RereadBudget;
  readonly #verifiers = new Map<string, Verifier>();
  #signer: { readonly kid: string; readonly opened: Promise<Signer> } | undefined;
  #snapshot: Snapshot | undefined;
  #reading: Promise<Snapshot> | undefined;
  #retryAt = Number.NEGATIVE_INFINITY;
  /** How many changes there were of which nobody knows whether they took effect. */
  #doubts = 0;

  constructor(options: SigningKeysOptions) {
    this.options = options;
    this.#budget = new RereadBudget(options.store.clock);
  }

  /**
   * The key that signs; the first instance to ask makes the first one.
   *
   * @throws {SealError} any of its codes: the keyring does not open the key
   * @throws {StorageError} any of its codes
   */
  async signer(): Promise<Signer> {
    const key = activeKey((await this.#current()).ring) as StoredSigningKey;
    if (this.#signer?.kid !== key.kid) {
      const opened = openSigner(this.options, key);
      this.#signer = { kid: key.kid, opened };
      opened.catch(() => {
        if (this.#signer?.opened === opened) this.#signer = undefined;
      });
    }
    return (this.#signer as { opened: Promise<Signer> }).opened;
  }

  /**
   * The key of a `kid`; undefined where no published key has it. An unknown one is looked up in storage, within bounds.
   *
   * @throws {StorageError} any of its codes: nothing was ever read, or too long ago
   */
  async verifier(kid: string): Promise<VerificationKey | undefined> {
    const found = this.#find(await this.#current(), kid);
    if (found !== undefined || !this.#budget.take()) return found;
    // A reading that is under way may have begun before the key was published.
    await this.#reading?.catch(() => undefined);
    return this.#find(await this.#read(), kid);
  }

  /** The key of a `kid`, as `verifier` gives it, where nothing has to be waited for: every token that is verified again asks. */
  verifierAtHand(kid: string): VerificationKey | undefined {
    const now = this.#now();
    const ring = this.#fresh(now)?.ring;
    if (ring === undefined || publishedKey(ring, kid, now) === undefined) return undefined;
    return this.#verifiers.get(kid)?.key;
  }

  /** The public keys, as `/.well-known/jwks.json` serves them (RFC 7517 section 5). @throws {StorageError} any of its codes */
  async jwks(options: Abortable = {}): Promise<JsonWebKeySet> {
    throwIfAborted(signalOf(options).signal);
    const { ring } = await this.#current();
    return keySetOf(publishedKeys(ring, this.#now()));
  }

  /** Whether a published key of the ring, as storage holds it at this instant, has that `kid`; and remembers the ring. */
  isPublished(ring: Unchanging<KeyRing> | undefined, kid: string): boolean {
    if (ring === undefined) return false;
    if (ring.revision > (this.#snapshot?.ring.revision ?? 0)) this.#keep(structuredClone(ring) as KeyRing);
    return publishedKey(ring, kid, this.#now()) !== undefined;
  }

  /**
   * Makes a key that will sign once it has been published for long enough; or, where the present ones are compromised, at once.
   *
   * @returns the key that is to sign; while one waits already, that one
   * @throws {InvalidInputError} INVALID_ARGUMENT
   * @throws {ChanceryError} ABORTED, CRYPTO_UNSUPPORTED
   * @throws {StorageError} any of its codes
   */
  async rotate(options: RotateSigningKeyOptions = {}): Promise<RotatedSigningKey> {
    const parsed = rotateOptions.safeParse(options);
    if (!parsed.success) throw invalidArgument('rotateSigningKey() options', parsed.error.issues);
    const { compromised = false } = options;
    const key = await this.change(async (ring, now) => {
      const waiting = pendingKey(ring);
      if (waiting !== undefined && !compromised) return { ring, result: waiting };
      const signsFrom = compromised ? now : now + this.options.publishBeforeMs;
      const made = await makeSigningKey(this.options, this.options.algorithm, { createdAt: now, signsFrom });
      return { ring: compromised ? replaceAll(ring, made) : announce(ring, made), result: made };
    }, signalOf(options));
    return { kid: key.kid, algorithm: key.algorithm, signsFrom: new Date(key.signsFrom) };
  }

  /**
   * Changes the ring in one conditional commit, with its event. A ring that does not exist yet is made first.
   *
   * @param change gives the ring as it is to be: the same object where nothing changes
   */
  async change<T>(
    change: (ring: KeyRing, now: number) => Promise<{ readonly ring: KeyRing; readonly result: T }>,
    options: Abortable = {},
  ): Promise<T> {
    try {
      const changed = await this.#commit(change, options);
      this.#keep(changed.ring);
      return changed.result;
    } catch (error) {
      // It may have taken effect all the same: nothing is signed by a key that could be retired before the ring is read again.
      this.#distrust();
      throw error;
    }
  }

  #commit<T>(
    change: (ring: KeyRing, now: number) => Promise<{ readonly ring: KeyRing; readonly result: T }>,
    options: Abortable,
  ): Promise<{ readonly ring: KeyRing; readonly result: T }> {
    const { store, events } = this.options;
    return store.transact(async (transaction) => {
      const now = this.#now();
      const stored = await transaction.get(signingKeys, KEY_RING_ID);
      const before = stored?.value ?? (await this.#firstRing(now));
      const { ring, result } = await change(before, now);
      if (ring !== stored?.value) {
        transaction.put(signingKeys, KEY_RING_ID, ring);
        if (events !== undefined && ring.revision !== stored?.value.revision) transaction.add(ringEvent(events, ring));
      }
      return { ring, result };
    }, options);
  }

  /** At once, while what was read last is fresh. */
  #current(): Snapshot | Promise<Snapshot> {
    const snapshot = this.#snapshot;
    if (snapshot === undefined) return this.#read();
    const now = this.#now();
    return this.#fresh(now) ?? this.#reread(snapshot, now);
  }

  /** What was read last, if it need not be read again. */
  #fresh(now: number): Snapshot | undefined {
    const snapshot = this.#snapshot;
    if (snapshot === undefined) return undefined;
    const age = now - snapshot.readAt;
    return age >= 0 && (age < FRESH_MS || now < this.#retryAt) ? snapshot : undefined;
  }

  /** Reads the keys again; or goes on with those that were read, while the storage does not answer. */
  async #reread(snapshot: Snapshot, now: number): Promise<Snapshot> {
    const age = now - snapshot.readAt;
    try {
      return await this.#read();
    } catch (error) {
      if (!(error instanceof StorageError) || age < 0 || age >= STALE_LIMIT_MS) throw error;
      this.#retryAt = Math.min(now + RETRY_MS, snapshot.readAt + STALE_LIMIT_MS);
      this.options.logger?.warn('The signing keys could not be read again; those read before serve on', {
        code: error.code,
        ageMs: age,
      });
      return snapshot;
    }
  }

  #read(): Promise<Snapshot> {
    if (this.#reading !== undefined) return this.#reading;
    const reading = this.#load().finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
    this.#reading = reading;
    return reading;
  }

  async #load(): Promise<Snapshot> {
    const { store, verifyOnlyMs } = this.options;
    const doubts = this.#doubts;
    const ring = (await store.get(signingKeys, KEY_RING_ID))?.value;
    if (ring !== undefined && promote(ring, this.#now(), verifyOnlyMs) === ring) {
      // Read before the change that may have taken effect: good for whoever asked then, and for nobody after.
      return doubts === this.#doubts ? this.#keep(ring) : { ring, readAt: this.#now() };
    }
    return this.change(async (latest, now) => {
      const promoted = promote(latest, now, verifyOnlyMs);
      return { ring: promoted, result: { ring: promoted, readAt: now } };
    });
  }

  async #firstRing(now: number): Promise<KeyRing> {
    const key = await makeSigningKey(this.options, this.options.algorithm, { createdAt: now, signsFrom: now });
    return { revision: 1, keys: [{ ...key, state: 'active' }] };
  }

  #keep(ring: KeyRing): Snapshot {
    const kept = this.#snapshot;
    // A reading that took longer must not undo a later one; a ring that stays older was restored from a backup, and counts.
    if (kept !== undefined && kept.ring.revision > ring.revision && this.#now() - kept.readAt < FRESH_MS) return kept;
    const known = new Set(ring.keys.map(({ kid }) => kid));
    for (const kid of this.#verifiers.keys()) if (!known.has(kid)) this.#verifiers.delete(kid);
    this.#snapshot = { ring, readAt: this.#now() };
    return this.#snapshot;
  }

  /** Lets the ring be read at its next use; where that fails, what was read last serves on as ever. */
  #distrust(): void {
    this.#doubts += 1;
    this.#reading = undefined;
    this.#retryAt = Number.NEGATIVE_INFINITY;
    const kept = this.#snapshot;
    if (kept !== undefined) this.#snapshot = { ...kept, readAt: Math.min(kept.readAt, this.#now() - FRESH_MS) };
  }

  #find({ ring }: Snapshot, kid: string): Promise<VerificationKey> | undefined {
    const key = publishedKey(ring, kid, this.#now());
    if (key === undefined) return undefined;
    const known = this.#verifiers.get(kid);
    if (known !== undefined) return known.importing;
    const importing = importVerificationKey(this.options.store.crypto, key.jwk, key.algorithm);
    const verifier: Verifier = { importing, key: undefined };
    this.#verifiers.set(kid, verifier);
    importing.then(
      (imported) => {
        verifier.key = imported;
      },
      () => this.#verifiers.delete(kid),
    );
    return importing;
  }

  #now(): number {
    return this.options.store.clock.now();
  }
}
