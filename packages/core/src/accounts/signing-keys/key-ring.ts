import type { Unchanging } from '../../store/entry.ts';
import type { KeyRing, StoredSigningKey } from './signing-key-record.ts';

/** How many retired keys are remembered. */
const RETIRED_KEPT = 10;

/** The key that signs. There is one, except before the first was made. */
export function activeKey(ring: KeyRing): StoredSigningKey | undefined {
  return ring.keys.find(({ state }) => state === 'active');
}

/** The key that waits to sign, or undefined. */
export function pendingKey(ring: KeyRing): StoredSigningKey | undefined {
  return ring.keys.find(({ state }) => state === 'pending');
}

/** The keys that a verifier has to know: all but those that are retired, and those whose time to verify has passed. */
export function publishedKeys(ring: KeyRing, now: number): readonly StoredSigningKey[] {
  return ring.keys.filter((key) => isPublished(key, now));
}

/** A key of a ring that was only looked at. */
export type PublishedKey = Unchanging<StoredSigningKey>;

/** The published key that has a `kid`. */
export function publishedKey(ring: Unchanging<KeyRing>, kid: string, now: number): PublishedKey | undefined {
  return ring.keys.find((key) => key.kid === kid && isPublished(key, now));
}

/** Adds a key that waits to sign. */
export function announce(ring: KeyRing, key: StoredSigningKey): KeyRing {
  return changed(ring, [...ring.keys, key]);
}

/**
 * Lets the key that waits sign, where its time has come, and the one that signed verify only.
 *
 * @param verifyOnlyMs how long tokens of the former key may still come
 * @returns the same ring where nothing is due
 */
export function promote(ring: KeyRing, now: number, verifyOnlyMs: number): KeyRing {
  const next = pendingKey(ring);
  if (next === undefined || next.signsFrom > now) return ring;
  return changed(
    ring,
    ring.keys.map((key) => {
      if (key === next) return { ...key, state: 'active' };
      return key.state === 'active' ? verifyOnly(key, now + verifyOnlyMs) : key;
    }),
  );
}

/**
 * Retires the keys that have nothing left to verify, and forgets those that were retired long ago.
 *
 * @returns the same ring where nothing is due
 */
export function retireDone(ring: KeyRing, now: number): KeyRing {
  const keys = ring.keys.map((key) =>
    (key.verifiesUntil ?? now) < now && key.state !== 'retired' ? retired(key) : key,
  );
  if (keys.every((key, at) => key === ring.keys[at])) return ring;
  const surplus = keys.filter(({ state }) => state === 'retired').length - RETIRED_KEPT;
  const forgotten = new Set(keys.filter(({ state }) => state === 'retired').slice(0, Math.max(0, surplus)));
  return changed(
    ring,
    keys.filter((key) => !forgotten.has(key)),
  );
}

/** Puts a key to work at once and retires all others: every token that they signed is refused from now on. */
export function replaceAll(ring: KeyRing, key: StoredSigningKey): KeyRing {
  const others = ring.keys.map((other) => (other.state === 'retired' ? other : retired(other)));
  return changed(ring, [...others, { ...key, state: 'active' }]);
}

function isPublished({ state, verifiesUntil = Number.POSITIVE_INFINITY }: PublishedKey, now: number): boolean {
  return state !== 'retired' && verifiesUntil >= now;
}

function changed(ring: KeyRing, keys: KeyRing['keys']): KeyRing {
  return { revision: ring.revision + 1, keys };
}

/** What signs no more needs no private key. */
function verifyOnly({ sealed: _, ...key }: StoredSigningKey, verifiesUntil: number): StoredSigningKey {
  return { ...key, state: 'verify-only', verifiesUntil };
}

function retired({ sealed: _, ...key }: StoredSigningKey): StoredSigningKey {
  return { ...key, state: 'retired' };
}
