import type { MaintenanceTask } from '../../ports/maintenance.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { makeSigningKey, resealSigningKey } from './key-making.ts';
import { activeKey, announce, pendingKey, promote, retireDone } from './key-ring.ts';
import type { KeyRing } from './signing-key-record.ts';
import type { SigningKeys, SigningKeysOptions } from './signing-keys.ts';

const HOUR_MS = 3_600_000;

/** Announces the successor of a key that has grown old, puts it to work in time, retires what is done, and seals anew. */
export function signingKeyTask(keys: SigningKeys): MaintenanceTask {
  const { options } = keys;
  return {
    name: 'accounts:signing-keys',
    async run({ signal }) {
      throwIfAborted(signal);
      const ring = await keys.change(
        async (before, now) => {
          const promoted = promote(retireDone(before, now), now, options.verifyOnlyMs);
          const after = await resealed(options, await withSuccessor(options, promoted, now));
          return { ring: after, result: after };
        },
        signal === undefined ? {} : { signal },
      );
      return { more: false, nextDueAt: nextDue(options, ring, options.store.clock.now()) };
    },
  };
}

async function withSuccessor(options: SigningKeysOptions, ring: KeyRing, now: number): Promise<KeyRing> {
  const active = activeKey(ring);
  const isDue =
    active === undefined || active.signsFrom + options.rotateAfterMs <= now || active.algorithm !== options.algorithm;
  if (!isDue || pendingKey(ring) !== undefined) return ring;
  const times = { createdAt: now, signsFrom: now + options.publishBeforeMs };
  return announce(ring, await makeSigningKey(options, options.algorithm, times));
}

async function resealed(options: SigningKeysOptions, ring: KeyRing): Promise<KeyRing> {
  const keys = await Promise.all(ring.keys.map((key) => resealSigningKey(options, key)));
  return keys.every((key, at) => key === ring.keys[at]) ? ring : { ...ring, keys };
}

function nextDue({ rotateAfterMs }: SigningKeysOptions, ring: KeyRing, now: number): number {
  const hasSuccessor = pendingKey(ring) !== undefined;
  const instants = ring.keys.flatMap(({ state, signsFrom, verifiesUntil }) => {
    if (state === 'pending') return [signsFrom];
    if (state === 'active') return hasSuccessor ? [] : [signsFrom + rotateAfterMs];
    return state === 'verify-only' && verifiesUntil !== undefined ? [verifiesUntil + 1] : [];
  });
  return Math.max(now, Math.min(now + HOUR_MS, ...instants));
}
