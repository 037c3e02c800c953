import { decodeJwt } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { authenticate } from '../../../src/accounts/sessions/authenticate.ts';
import { logout } from '../../../src/accounts/sessions/logout.ts';
import { KEY_RING_ID, signingKeys } from '../../../src/accounts/signing-keys/signing-key-record.ts';
import { verifyAccessToken } from '../../../src/accounts/tokens/access-token.ts';
import type { AccessTokenClaims } from '../../../src/accounts/tokens/access-token-claims.ts';
import type { VerificationKey } from '../../../src/accounts/tokens/verification-key.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { DpopClient } from '../support/dpop-client.ts';
import { addAccount, changeAccount, createSessionBed, MINUTE, open } from '../support/session-bed.ts';

/** How often a signature is computed from here on. */
function countVerifications(): () => number {
  const spy = vi.spyOn(globalThis.crypto.subtle, 'verify');
  return () => spy.mock.calls.length;
}

/** An instance that has judged a token, another one, and the token. */
async function remembered() {
  const bed = createSessionBed({ clockToleranceMs: 5_000 });
  const accountId = await addAccount(bed.context, ['reader']);
  const session = await open(bed.context, accountId);
  await authenticate(bed.context, session.accessToken);
  return { ...bed, ...session };
}

const offline = { mode: 'offline' } as const;

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a signature that has verified', () => {
  it('is not computed again, in either mode', async () => {
    const { context, accessToken } = await remembered();
    const verifications = countVerifications();
    await authenticate(context, accessToken);
    await authenticate(context, accessToken, offline);
    expect(verifications()).toBe(0);
    await authenticate(context, (await open(context, decodeJwt(accessToken).sub as string)).accessToken);
    expect(verifications()).toBe(1);
  });

  it('says nothing of a token that differs by one letter anywhere', async () => {
    const { context, accessToken } = await remembered();
    for (let at = 0; at < accessToken.length; at += 7) {
      const other = accessToken[at] === 'A' ? 'B' : 'A';
      const forged = accessToken.slice(0, at) + other + accessToken.slice(at + 1);
      if (accessToken[at] === '.') continue;
      expect(await codeOf(authenticate(context, forged, offline))).toBe('TOKEN_INVALID');
    }
    for (const forged of [`${accessToken} `, accessToken.slice(0, -1), `${accessToken}.`]) {
      expect(await codeOf(authenticate(context, forged, offline))).toBe('TOKEN_INVALID');
    }
    expect(context.tokenIssuer.verified.size).toBe(1);
  });

  it('is worth nothing once another instance has ended the session, disabled the account or denied the token', async () => {
    for (const [act, reason] of [
      [(given: Given) => logout(given.other, { accessToken: given.accessToken }), 'token denied'],
      [(given: Given) => logout(given.other, { refreshToken: given.refreshToken }), 'session ended'],
      [(given: Given) => changeAccount(given.other, given.accountId, { disabled: true }), 'account disabled'],
      [(given: Given) => changeAccount(given.other, given.accountId, { epoch: 3 }), 'session ended'],
    ] as const) {
      const given = await remembered();
      await act({ ...given, other: given.another() });
      expect((await rejection(authenticate(given.context, given.accessToken))).facts).toEqual({ reason });
    }
  });

  it('is worth nothing once its key is no longer published', async () => {
    const given = await remembered();
    const other = given.another();
    await other.signingKeys.rotate({ compromised: true });
    const refused = await rejection(authenticate(given.context, given.accessToken));
    expect([refused.code, refused.facts]).toEqual(['TOKEN_REVOKED', { reason: 'signing key retired' }]);
    // Mode strict has read the ring: from here on mode offline knows as well.
    expect(await codeOf(authenticate(given.context, given.accessToken, offline))).toBe('TOKEN_INVALID');

    const slow = await remembered();
    await slow.another().signingKeys.rotate({ compromised: true });
    slow.clock.advance(30_000);
    expect(await codeOf(authenticate(slow.context, slow.accessToken, offline))).toBe('TOKEN_INVALID');
  });

  it('is computed again where another key has come under the same kid', async () => {
    const { context, accessToken } = await remembered();
    const foreign = createSessionBed().context;
    await foreign.signingKeys.signer();
    const [theirs] = (await foreign.store.get(signingKeys, KEY_RING_ID))?.value.keys ?? [];
    const put = (change: (keys: readonly object[]) => object[]) =>
      context.store.transact(async (transaction) => {
        const ring = await transaction.get(signingKeys, KEY_RING_ID);
        if (ring === undefined) throw new Error('there is no ring');
        const { revision, keys } = ring.value;
        transaction.put(signingKeys, KEY_RING_ID, { revision: revision + 1, keys: change(keys) } as typeof ring.value);
      });
    const [{ kid } = { kid: '' }] = (await context.store.get(signingKeys, KEY_RING_ID))?.value.keys ?? [];
    // Gone, so that it is forgotten; and back with other contents.
    await put(() => []);
    await authenticate(context, accessToken).catch(() => undefined);
    await put(() => [{ ...theirs, kid }]);
    expect(await codeOf(authenticate(context, accessToken))).toBe('TOKEN_INVALID');
    expect(await codeOf(authenticate(context, accessToken, offline))).toBe('TOKEN_INVALID');
  });

  it('is not remembered beyond the expiry, though clocks are granted more', async () => {
    const { context, clock, accessToken } = await remembered();
    const verifications = countVerifications();
    clock.advance(5 * MINUTE);
    await authenticate(context, accessToken, offline);
    await authenticate(context, accessToken, offline);
    expect([verifications(), context.tokenIssuer.verified.size]).toEqual([2, 0]);
    clock.advance(5_000);
    expect(await codeOf(authenticate(context, accessToken, offline))).toBe('TOKEN_EXPIRED');
    await logout(context, { accessToken });
    expect([verifications(), context.tokenIssuer.verified.size]).toEqual([4, 0]);
  });

  it('leaves time, issuer and audience to be judged at every use', async () => {
    const { context, clock, accessToken } = await remembered();
    const { tokenIssuer: issuer } = context;
    await verifyAccessToken(issuer, accessToken);
    for (const other of [{ issuer: 'https://other.example' }, { audience: 'https://other.example' }]) {
      expect(await codeOf(verifyAccessToken({ ...issuer, ...other }, accessToken))).toBe('TOKEN_INVALID');
    }
    clock.set(clock.now() - 6_000);
    expect(await codeOf(verifyAccessToken(issuer, accessToken))).toBe('TOKEN_INVALID');
  });

  it('leaves the proof of possession to be judged at every use', async () => {
    const { context, clock } = createSessionBed();
    const client = new DpopClient(clock);
    const { accessToken } = await open(context, await addAccount(context), { proof: await client.prove() });
    const proof = await client.prove({ accessToken });
    await authenticate(context, accessToken, { proof });
    expect(await codeOf(authenticate(context, accessToken))).toBe('PROOF_REQUIRED');
    expect(await codeOf(authenticate(context, accessToken, { proof }))).toBe('PROOF_REPLAYED');
    const mallory = await new DpopClient(clock).prove({ accessToken });
    expect(await codeOf(authenticate(context, accessToken, { proof: mallory }))).toBe('PROOF_INVALID');
  });

  it('cannot be given other roles by who was told of them', async () => {
    const { context, accessToken } = await remembered();
    for (const mode of ['offline', 'strict'] as const) {
      const principal = await authenticate(context, accessToken, { mode });
      (principal.roles as string[]).push('admin');
      expect((await authenticate(context, accessToken, { mode })).roles).toEqual(['reader']);
    }
  });

  it('is one of 4,096 at the most, and those that are not used go first', async () => {
    const { context, accessToken, clock } = await remembered();
    const { verified } = context.tokenIssuer;
    const claims = decodeJwt(accessToken) as AccessTokenClaims;
    const header = { kid: 'a kid', alg: 'ES256' };
    const key = (await context.signingKeys.verifier(kidOf(accessToken))) as VerificationKey;
    verified.add('unused', { header, claims, key }, clock.now());
    for (let number = 0; number < 5_000; number++) {
      if (number % 1_000 === 0) await authenticate(context, accessToken, offline);
      verified.add(`t${number}`, { header, claims, key }, clock.now());
    }
    expect(verified.size).toBe(4_096);
    expect(verified.claimsOf('unused', key, clock.now())).toBeUndefined();
    const verifications = countVerifications();
    await authenticate(context, accessToken, offline);
    expect(verifications()).toBe(0);
    clock.advance(5 * MINUTE);
    const later = { ...claims, exp: claims.exp + 3_600 };
    for (let number = 0; number < 2_100; number++) {
      verified.add(`f${number}`, { header, claims: later, key }, clock.now());
    }
    // What had run out is gone, two for each that came.
    expect(verified.size).toBe(2_100);
  });
});

type Given = Awaited<ReturnType<typeof remembered>> & { other: ReturnType<typeof createSessionBed>['context'] };

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
}
