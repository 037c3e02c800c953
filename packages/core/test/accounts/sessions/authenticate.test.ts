import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { authenticate } from '../../../src/accounts/sessions/authenticate.ts';
import { logoutEverywhere } from '../../../src/accounts/sessions/end-sessions.ts';
import { logout } from '../../../src/accounts/sessions/logout.ts';
import { refreshSession } from '../../../src/accounts/sessions/refresh-session.ts';
import { StorageError } from '../../../src/errors/storage-error.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { overriding } from '../../support/test-storage.ts';
import {
  addAccount,
  changeAccount,
  createSessionBed,
  ISSUER,
  MINUTE,
  open,
  removeAccount,
} from '../support/session-bed.ts';

describe('authenticate', () => {
  it('says who sends a token, in both modes', async () => {
    const { context, clock } = createSessionBed();
    const accountId = await addAccount(context, ['admin', 'reader']);
    const session = await open(context, accountId);
    const expected = {
      accountId,
      sessionId: session.sessionId,
      roles: ['admin', 'reader'],
      boundTo: [],
      issuedAt: new Date(clock.now()),
      expiresAt: new Date(clock.now() + 5 * MINUTE),
    };
    expect(await authenticate(context, session.accessToken)).toMatchObject(expected);
    expect(await authenticate(context, session.accessToken, { mode: 'offline' })).toMatchObject(expected);
    expect(session).toMatchObject({ accountId, tokenType: 'Bearer', expiresAt: expected.expiresAt });
  });

  it('gives tokens that another library verifies by the published keys, for either algorithm', async () => {
    for (const signingAlgorithm of ['ES256', 'Ed25519'] as const) {
      const { context, clock } = createSessionBed({ signingAlgorithm, audience: 'https://api.example' });
      const accountId = await addAccount(context, ['reader']);
      const { accessToken, sessionId } = await open(context, accountId, { clientId: 'web' });
      const keys = createLocalJWKSet({ keys: [...(await context.signingKeys.jwks()).keys] });
      const { payload, protectedHeader } = await jwtVerify(accessToken, keys, {
        issuer: ISSUER,
        audience: 'https://api.example',
        typ: 'at+jwt',
        algorithms: [signingAlgorithm],
        requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id'],
        currentDate: new Date(clock.now()),
      });
      expect(payload).toMatchObject({ sub: accountId, sid: sessionId, roles: ['reader'], client_id: 'web' });
      expect(Object.keys(protectedHeader).sort()).toEqual(['alg', 'kid', 'typ']);
    }
  });

  it('reads the storage once in mode strict, and never in mode offline', async () => {
    const { context, storage, another } = createSessionBed();
    const accountId = await addAccount(context);
    const { accessToken } = await open(context, accountId);
    const calls: string[] = [];
    const counted = another({
      storage: new Proxy(storage, {
        get(target, property) {
          const value: unknown = Reflect.get(target, property, target);
          if (typeof value !== 'function') return value;
          return (...given: unknown[]) => {
            calls.push(String(property));
            return Reflect.apply(value, target, given);
          };
        },
      }),
    });
    await authenticate(counted, accessToken);
    calls.length = 0;
    await authenticate(counted, accessToken);
    expect(calls).toEqual(['get']);
    calls.length = 0;
    await authenticate(counted, accessToken, { mode: 'offline' });
    expect(calls).toEqual([]);
  });

  it('takes the roles of this instant in mode strict', async () => {
    const { context } = createSessionBed();
    const accountId = await addAccount(context, ['admin']);
    const { accessToken } = await open(context, accountId);
    await changeAccount(context, accountId, { roles: ['reader'] });
    expect((await authenticate(context, accessToken)).roles).toEqual(['reader']);
    expect((await authenticate(context, accessToken, { mode: 'offline' })).roles).toEqual(['admin']);
  });

  it.each<
    [
      string,
      (
        bed: ReturnType<typeof createSessionBed>,
        accountId: string,
        session: Awaited<ReturnType<typeof open>>,
      ) => Promise<void>,
      string,
    ]
  >([
    [
      'the session was logged out',
      ({ context }, _, { accessToken }) => logout(context, { accessToken }),
      'token denied',
    ],
    [
      'the session was ended by its refresh token',
      ({ context }, _, { refreshToken }) => logout(context, { refreshToken }),
      'session ended',
    ],
    [
      'the session was ended by its id',
      ({ context }, accountId, { sessionId }) => logout(context, { accountId, sessionId }),
      'session ended',
    ],
    ['every session was ended', ({ context }, accountId) => logoutEverywhere(context, accountId), 'session ended'],
    [
      'the account has another epoch',
      ({ context }, accountId) => changeAccount(context, accountId, { epoch: 7 }),
      'session ended',
    ],
    [
      'the account is disabled',
      ({ context }, accountId) => changeAccount(context, accountId, { disabled: true }),
      'account disabled',
    ],
    ['the account is deleted', ({ context }, accountId) => removeAccount(context, accountId), 'account gone'],
    [
      'the signing key is compromised',
      async ({ context }) => void (await context.signingKeys.rotate({ compromised: true })),
      'signing key retired',
    ],
  ])('refuses on every instance once %s', async (_, act, reason) => {
    const bed = createSessionBed();
    const accountId = await addAccount(bed.context);
    const session = await open(bed.context, accountId);
    const other = bed.another();
    const principal = await authenticate(other, session.accessToken);
    await act(bed, accountId, session);
    const refused = await rejection(authenticate(other, session.accessToken));
    expect({ code: refused.code, facts: refused.facts }).toEqual({ code: 'TOKEN_REVOKED', facts: { reason } });
    // What mode offline cannot know, it does not.
    if (reason !== 'signing key retired') {
      expect((await authenticate(other, session.accessToken, { mode: 'offline' })).sessionId).toBe(principal.sessionId);
    }
  });

  it('refuses a compromised key in mode offline too, within half a minute', async () => {
    const { context, clock, another } = createSessionBed();
    const { accessToken } = await open(context, await addAccount(context));
    const other = another();
    await authenticate(other, accessToken, { mode: 'offline' });
    await context.signingKeys.rotate({ compromised: true });
    clock.advance(30_000);
    expect(await codeOf(authenticate(other, accessToken, { mode: 'offline' }))).toBe('TOKEN_INVALID');
  });

  it('refuses a token from the instant that it runs out, but for the tolerance', async () => {
    const { context, clock } = createSessionBed({ clockToleranceMs: 5_000 });
    const { accessToken } = await open(context, await addAccount(context));
    clock.advance(5 * MINUTE + 4_999);
    await authenticate(context, accessToken);
    clock.advance(1);
    expect(await codeOf(authenticate(context, accessToken))).toBe('TOKEN_EXPIRED');
    expect(await codeOf(authenticate(context, accessToken, { mode: 'offline' }))).toBe('TOKEN_EXPIRED');
  });

  it('refuses a token from the future, and a session that outlived its end', async () => {
    const { context, clock } = createSessionBed({ refreshTokenTtlMs: 2 * MINUTE });
    const { accessToken, expiresAt, refreshExpiresAt } = await open(context, await addAccount(context));
    expect(expiresAt).toEqual(refreshExpiresAt);
    clock.set(clock.now() - 6_000);
    expect(await codeOf(authenticate(context, accessToken))).toBe('TOKEN_INVALID');
    clock.advance(6_000 + 2 * MINUTE);
    expect((await rejection(authenticate(context, accessToken))).facts).toEqual({ reason: 'session ended' });
  });

  it('refuses the tokens of another issuer, of another audience and of another namespace', async () => {
    const { context, another } = createSessionBed();
    const accountId = await addAccount(context);
    const { accessToken, refreshToken } = await open(context, accountId);
    const foreign = [another({ issuer: 'https://other.example' }), another({ audience: 'https://api.example' })];
    foreign.push(createSessionBed().context);
    for (const instance of foreign) expect(await codeOf(authenticate(instance, accessToken))).toBe('TOKEN_INVALID');
    expect(await codeOf(refreshSession(foreign[0] as typeof context, { refreshToken }))).toBe('TOKEN_INVALID');
    expect(await codeOf(refreshSession(foreign[2] as typeof context, { refreshToken }))).toBe('TOKEN_REVOKED');
    await refreshSession(context, { refreshToken });
  });

  it('takes no refresh token for an access token, nor the reverse', async () => {
    const { context } = createSessionBed();
    const { accessToken, refreshToken } = await open(context, await addAccount(context));
    expect(await codeOf(authenticate(context, refreshToken))).toBe('TOKEN_INVALID');
    expect(await codeOf(authenticate(context, refreshToken, { mode: 'offline' }))).toBe('TOKEN_INVALID');
    expect(await codeOf(refreshSession(context, { refreshToken: accessToken }))).toBe('TOKEN_INVALID');
    expect(await codeOf(logout(context, { accessToken: refreshToken }))).toBe('TOKEN_INVALID');
    expect(await codeOf(logout(context, { refreshToken: accessToken }))).toBe('TOKEN_INVALID');
  });

  it('fails with the storage in mode strict, and goes on without it in mode offline', async () => {
    const { context, clock, storage, another } = createSessionBed();
    const { accessToken } = await open(context, await addAccount(context));
    let isDown = false;
    const fails = overriding(storage, {
      get: (refs, options) =>
        isDown ? Promise.reject(new StorageError('STORAGE_UNAVAILABLE', 'down')) : storage.get(refs, options),
    });
    const instance = another({ storage: fails });
    await authenticate(instance, accessToken);
    isDown = true;
    clock.advance(MINUTE);
    expect(await codeOf(authenticate(instance, accessToken))).toBe('STORAGE_UNAVAILABLE');
    expect((await authenticate(instance, accessToken, { mode: 'offline' })).boundTo).toEqual([]);
  });

  it('refuses an unknown mode, and stops for a signal', async () => {
    const { context } = createSessionBed();
    const { accessToken } = await open(context, await addAccount(context));
    expect(await codeOf(authenticate(context, accessToken, { mode: 'lenient' as 'strict' }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(authenticate(context, accessToken, { signal: AbortSignal.abort() }))).toBe('ABORTED');
  });

  it('names its key by the thumbprint that the key set tells', async () => {
    const { context } = createSessionBed();
    const { accessToken } = await open(context, await addAccount(context));
    const [key] = (await context.signingKeys.jwks()).keys;
    expect(decodeProtectedHeader(accessToken)).toEqual({ typ: 'at+jwt', alg: 'ES256', kid: key?.kid });
  });
});
