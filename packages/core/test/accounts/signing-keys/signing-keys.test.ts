import { decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import { authenticate } from '../../../src/accounts/sessions/authenticate.ts';
import { sessionTasks } from '../../../src/accounts/sessions/maintenance.ts';
import { KEY_RING_ID, signingKeys } from '../../../src/accounts/signing-keys/signing-key-record.ts';
import { StorageError } from '../../../src/errors/storage-error.ts';
import { LocalKeyring } from '../../../src/keyring/local-keyring.ts';
import { codeOf } from '../../support/expect-error.ts';
import { overriding, storageSize } from '../../support/test-storage.ts';
import { addAccount, createSessionBed, DAY, MINUTE, open, type SessionBed } from '../support/session-bed.ts';

type Context = SessionBed['context'];

/** Long enough for every cache. */
const PUBLISHED = 5 * MINUTE + 30_000;

const kidOf = (token: string) => String(decodeProtectedHeader(token).kid);
const published = async ({ signingKeys }: Context) => (await signingKeys.jwks()).keys.map(({ kid }) => kid);
const ringOf = async ({ store }: Context) => (await store.get(signingKeys, KEY_RING_ID))?.value.keys ?? [];
const states = async (context: Context) => (await ringOf(context)).map(({ state }) => state);
const maintain = async (context: Context) => {
  for (const task of sessionTasks(context)) await task.run({ limit: 100 });
};

describe('signing keys', () => {
  it('are one, however many instances start together', async () => {
    const { context, another } = createSessionBed();
    const instances = [context, ...Array.from({ length: storageSize(19, 5) }, () => another())];
    const sets = await Promise.all(instances.map(published));
    expect(new Set(sets.flat()).size).toBe(1);
    expect(await states(context)).toEqual(['active']);
  });

  it('are published before they sign, and verify after', async () => {
    const { context, clock, another } = createSessionBed();
    const accountId = await addAccount(context);
    const old = await open(context, accountId);
    const other = another();
    const rotated = await context.signingKeys.rotate();
    expect(rotated.signsFrom.getTime()).toBe(clock.now() + PUBLISHED);
    expect((await context.signingKeys.rotate()).kid).toBe(rotated.kid);
    expect(await published(other)).toEqual([kidOf(old.accessToken), rotated.kid]);

    clock.advance(PUBLISHED - 1);
    const before = await open(other, accountId);
    expect(kidOf(before.accessToken)).toBe(kidOf(old.accessToken));
    clock.advance(30_001);
    const after = await open(other, accountId);
    expect(kidOf(after.accessToken)).toBe(rotated.kid);
    expect(await states(context)).toEqual(['verify-only', 'active']);
    await authenticate(context, before.accessToken);
    await authenticate(context, after.accessToken);
    // What signs no more holds no private key.
    expect((await ringOf(context)).map(({ sealed }) => sealed === undefined)).toEqual([true, false]);

    clock.advance(30 * MINUTE);
    await maintain(context);
    expect(await states(context)).toEqual(['retired', 'active']);
    expect(await published(other)).toEqual([rotated.kid]);
  });

  it('are promoted by one instance of many', async () => {
    const { context, clock, another } = createSessionBed();
    await context.signingKeys.jwks();
    await context.signingKeys.rotate();
    clock.advance(PUBLISHED);
    const instances = Array.from({ length: storageSize(12, 4) }, () => another());
    await Promise.all(instances.map((instance) => instance.signingKeys.signer()));
    expect(await states(context)).toEqual(['verify-only', 'active']);
    const ring = await context.store.get(signingKeys, KEY_RING_ID);
    expect(ring?.value.revision).toBe(3);
  });

  it('get a successor when they have grown old, and when another algorithm is chosen', async () => {
    const { context, clock, another } = createSessionBed({ signingKeyRotationMs: 30 * DAY });
    await context.signingKeys.jwks();
    const [task] = sessionTasks(context);
    expect(await task?.run({ limit: 1 })).toEqual({ more: false, nextDueAt: clock.now() + 60 * MINUTE });
    clock.advance(30 * DAY - 1);
    await maintain(context);
    expect(await states(context)).toEqual(['active']);
    clock.advance(1);
    expect(await task?.run({ limit: 1 })).toEqual({ more: false, nextDueAt: clock.now() + PUBLISHED });
    expect(await states(context)).toEqual(['active', 'pending']);
    clock.advance(PUBLISHED);
    await maintain(context);
    expect(await states(context)).toEqual(['verify-only', 'active']);

    const edwards = another({ signingAlgorithm: 'Ed25519' });
    await maintain(edwards);
    clock.advance(PUBLISHED);
    await maintain(edwards);
    expect((await edwards.signingKeys.signer()).algorithm).toBe('Ed25519');
    expect((await edwards.signingKeys.jwks()).keys.at(-1)).toMatchObject({
      kty: 'OKP',
      crv: 'Ed25519',
      alg: 'Ed25519',
    });
  });

  it('that are compromised are gone at once, pending ones too', async () => {
    const { context, another } = createSessionBed();
    const accountId = await addAccount(context);
    const { accessToken } = await open(context, accountId);
    const other = another();
    await authenticate(other, accessToken);
    await context.signingKeys.rotate();
    const { kid } = await context.signingKeys.rotate({ compromised: true });
    expect(await states(context)).toEqual(['retired', 'retired', 'active']);
    expect((await ringOf(context)).map(({ sealed }) => sealed === undefined)).toEqual([true, true, false]);
    expect(await codeOf(authenticate(other, accessToken))).toBe('TOKEN_REVOKED');
    expect(await codeOf(authenticate(other, accessToken))).toBe('TOKEN_INVALID');
    const fresh = await open(context, accountId);
    expect(kidOf(fresh.accessToken)).toBe(kid);
    await authenticate(other, fresh.accessToken, { mode: 'offline' });
  });

  it('serve while two instances verify and a third rotates', async () => {
    const { context, clock, another } = createSessionBed();
    const accountId = await addAccount(context);
    const verifiers = [another(), another()];
    for (let round = 0; round < storageSize(6, 3); round++) {
      const session = await open(context, accountId);
      await Promise.all([
        context.signingKeys.rotate(),
        ...verifiers.map((instance) => authenticate(instance, session.accessToken)),
      ]);
      clock.advance(PUBLISHED);
      await Promise.all([
        maintain(context),
        open(verifiers[0] as Context, accountId).then(({ accessToken }) =>
          authenticate(verifiers[1] as Context, accessToken),
        ),
        open(verifiers[1] as Context, accountId).then(({ accessToken }) =>
          authenticate(verifiers[0] as Context, accessToken),
        ),
      ]);
    }
    expect((await states(context)).filter((state) => state === 'active')).toHaveLength(1);
  });

  it('of unknown names cost ten reads in ten seconds and no more', async () => {
    const { context, clock, storage, another } = createSessionBed();
    await context.signingKeys.jwks();
    let reads = 0;
    const counted = another({
      storage: overriding(storage, {
        get: (refs, options) => {
          reads += 1;
          return storage.get(refs, options);
        },
      }),
    });
    await counted.signingKeys.jwks();
    reads = 0;
    for (let at = 0; at < 50; at++) expect(await counted.signingKeys.verifier(`unknown-${at}`)).toBeUndefined();
    expect(reads).toBe(10);
    clock.advance(10_000);
    await counted.signingKeys.verifier('unknown');
    expect(reads).toBe(11);
  });

  it('last for ten minutes without the storage, and no longer', async () => {
    const { context, clock, storage, another, log } = createSessionBed({ accessTokenTtlMs: 60 * MINUTE });
    const { accessToken } = await open(context, await addAccount(context));
    let isDown = false;
    const instance = another({
      storage: overriding(storage, {
        get: (refs, options) =>
          isDown ? Promise.reject(new StorageError('STORAGE_UNAVAILABLE', 'down')) : storage.get(refs, options),
      }),
    });
    await authenticate(instance, accessToken);
    isDown = true;
    clock.advance(10 * MINUTE - 1);
    await authenticate(instance, accessToken, { mode: 'offline' });
    expect(log.at(-1)?.fields).toEqual({ code: 'STORAGE_UNAVAILABLE', ageMs: 10 * MINUTE - 1 });
    clock.advance(1);
    expect(await codeOf(authenticate(instance, accessToken, { mode: 'offline' }))).toBe('STORAGE_UNAVAILABLE');
    isDown = false;
    await authenticate(instance, accessToken, { mode: 'offline' });
  });

  it('are read again after a rotation of which nobody knows whether it took place', async () => {
    const { context, storage, another } = createSessionBed({ sleep: async () => undefined });
    const accountId = await addAccount(context);
    let isCut = false;
    const instance = another({
      storage: overriding(storage, {
        async commit(writes) {
          const result = await storage.commit(writes);
          if (isCut) throw new StorageError('STORAGE_UNAVAILABLE', 'cut', { retryable: true, outcome: 'unknown' });
          return result;
        },
      }),
    });
    const former = await open(instance, accountId);
    isCut = true;
    expect(await codeOf(instance.signingKeys.rotate({ compromised: true }))).toBe('STORAGE_OUTCOME_UNKNOWN');
    isCut = false;
    const latter = await open(instance, accountId);
    expect(kidOf(latter.accessToken)).not.toBe(kidOf(former.accessToken));
    await authenticate(instance, latter.accessToken);
  });

  it('are read again after such a rotation, whatever readings there were before', async () => {
    const { context, clock, storage, another } = createSessionBed({ sleep: async () => undefined });
    const accountId = await addAccount(context);
    const mood = { isDown: false, isCut: false, isSlow: false };
    const held: (() => void)[] = [];
    const instance = another({
      storage: overriding(storage, {
        async get(refs, options) {
          if (mood.isDown) throw new StorageError('STORAGE_UNAVAILABLE', 'down');
          const read = await storage.get(refs, options);
          if (mood.isSlow) await new Promise<void>((resolve) => held.push(resolve));
          return read;
        },
        async commit(writes) {
          const result = await storage.commit(writes);
          if (mood.isCut) throw new StorageError('STORAGE_UNAVAILABLE', 'cut', { retryable: true, outcome: 'unknown' });
          return result;
        },
      }),
    });
    const rotateCut = async () => {
      mood.isCut = true;
      expect(await codeOf(instance.signingKeys.rotate({ compromised: true }))).toBe('STORAGE_OUTCOME_UNKNOWN');
      mood.isCut = false;
    };
    const first = kidOf((await open(instance, accountId)).accessToken);

    // One that failed is not tried again for a second.
    clock.advance(30_000);
    mood.isDown = true;
    await instance.signingKeys.verifier(first);
    mood.isDown = false;
    await rotateCut();
    const second = kidOf((await open(instance, accountId)).accessToken);
    expect(second).not.toBe(first);

    // One that began before ends after, and is neither waited for nor believed.
    let former = second;
    for (const isAskedMeanwhile of [true, false]) {
      mood.isSlow = true;
      const slow = instance.signingKeys.verifier('unknown');
      while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
      mood.isSlow = false;
      await rotateCut();
      if (isAskedMeanwhile) expect(kidOf((await open(instance, accountId)).accessToken)).not.toBe(former);
      held.pop()?.();
      await slow;
      const latter = kidOf((await open(instance, accountId)).accessToken);
      expect(latter).not.toBe(former);
      former = latter;
    }
  });

  it('verify what an instance without the storage signed by a former one', async () => {
    const { context, clock, storage, another } = createSessionBed();
    const accountId = await addAccount(context);
    let isDown = false;
    const cutOff = another({
      storage: overriding(storage, {
        get: (refs, options) =>
          isDown && refs.some(({ collection }) => collection === signingKeys.name)
            ? Promise.reject(new StorageError('STORAGE_UNAVAILABLE', 'down'))
            : storage.get(refs, options),
      }),
    });
    const { kid } = await context.signingKeys.rotate();
    clock.advance(PUBLISHED - 1);
    await open(cutOff, accountId);
    isDown = true;
    clock.advance(1);
    expect(kidOf((await open(context, accountId)).accessToken)).toBe(kid);
    clock.advance(10 * MINUTE - 2);
    const { accessToken } = await open(cutOff, accountId);
    expect(kidOf(accessToken)).not.toBe(kid);
    clock.advance(5 * MINUTE - 1_000);
    await maintain(context);
    await authenticate(context, accessToken);
  });

  it('are sealed anew once the keyring has rotated, and open under no other', async () => {
    const keyring = LocalKeyring.generate();
    const { context, another } = createSessionBed({ keyring });
    const { accessToken } = await open(context, await addAccount(context));
    const rotated = another({ keyring: keyring.rotate() });
    await maintain(rotated);
    const [key] = await ringOf(context);
    expect(keyring.keyIdOf(Buffer.from(key?.sealed ?? '', 'base64'))).not.toBe(keyring.currentKeyId);
    expect(kidOf((await open(rotated, await addAccount(rotated))).accessToken)).toBe(kidOf(accessToken));
    expect(await codeOf(another({ keyring: LocalKeyring.generate() }).signingKeys.signer())).toBe('KEYRING_MISMATCH');
  });

  it('are not those of a reading that took longer than a later one', async () => {
    const { context, storage, another } = createSessionBed();
    const accountId = await addAccount(context);
    const { accessToken } = await open(context, accountId);
    let release: (() => void) | undefined;
    let isSlow = false;
    const instance = another({
      storage: overriding(storage, {
        get: async (refs, options) => {
          const read = await storage.get(refs, options);
          // Mode strict reads several documents at once, and is not held up.
          if (isSlow && refs.length === 1) await new Promise<void>((resolve) => (release = resolve));
          return read;
        },
      }),
    });
    await authenticate(instance, accessToken);
    isSlow = true;
    const slow = instance.signingKeys.verifier('unknown');
    while (release === undefined) await new Promise((resolve) => setImmediate(resolve));
    await context.signingKeys.rotate({ compromised: true });
    expect(await codeOf(authenticate(instance, accessToken))).toBe('TOKEN_REVOKED');
    isSlow = false;
    release();
    await slow;
    expect(await codeOf(authenticate(instance, accessToken, { mode: 'offline' }))).toBe('TOKEN_INVALID');
  });

  it('tell nothing private', async () => {
    const { context } = createSessionBed();
    const { keys } = await context.signingKeys.jwks();
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0] as object).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    const { items } = (await context.events?.pending({ limit: 10 })) ?? { items: [] };
    expect(items.map(({ type, data }) => ({ type, data }))).toEqual([
      { type: 'signing_keys.changed', data: { pending: [], active: [keys[0]?.kid], verifyOnly: [], retired: [] } },
    ]);
  });
});
