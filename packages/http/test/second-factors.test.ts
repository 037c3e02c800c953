import { beforeEach, describe, expect, it } from 'vitest';
import { authenticatorCode } from '../../core/test/support/authenticators/authenticator-code.ts';
import { createTestApi, PASSWORD, type Session, type TestApi } from './support/test-api.ts';

const PROOF = { current: PASSWORD };
let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

/** Enrolls an authenticator app that this test is. */
async function enroll({ token }: Session) {
  const { body } = await api.call('POST', '/accounts/me/totp', { token, json: PROOF });
  const code = () => authenticatorCode(body.secret, api.clock.now());
  const confirmed = await api.call('POST', '/accounts/me/totp/confirmation', { token, json: { code: code() } });
  api.clock.advance(30_000);
  return { code, recoveryCodes: confirmed.body.recoveryCodes as string[] };
}

const logIn = (rest: object = {}) =>
  api.call('POST', '/sessions', { json: { login: 'ann', password: PASSWORD, ...rest } });

describe('an authenticator app over HTTP', () => {
  it('is enrolled, confirmed, asked for and taken away by its owner', async () => {
    const { token } = api.ann;
    const state = async () => (await api.call('GET', '/accounts/me/totp', { token })).body;
    expect(await state()).toEqual({ isEnrolled: false, recoveryCodesLeft: 0 });
    const begun = await api.call('POST', '/accounts/me/totp', { token, json: { ...PROOF, issuer: 'Example' } });
    expect(begun.status).toBe(200);
    expect(begun.body.uri).toContain(`otpauth://totp/Example:ann?secret=${begun.body.secret}`);
    expect(begun.headers.get('cache-control')).toBe('no-store');
    expect((await logIn()).status).toBe(201);
    const confirm = (code: string) => api.call('POST', '/accounts/me/totp/confirmation', { token, json: { code } });
    expect((await confirm('000000')).body.code).toBe('SECOND_FACTOR_INVALID');
    const confirmed = await confirm(authenticatorCode(begun.body.secret, api.clock.now()));
    expect(confirmed.body.recoveryCodes).toHaveLength(10);
    expect(await state()).toMatchObject({ isEnrolled: true, recoveryCodesLeft: 10 });
    expect((await logIn()).body.code).toBe('SECOND_FACTOR_REQUIRED');
    api.clock.advance(30_000);
    const totp = authenticatorCode(begun.body.secret, api.clock.now());
    expect((await logIn({ secondFactor: { totp } })).status).toBe(201);
    expect((await logIn({ secondFactor: { totp } })).body.code).toBe('SECOND_FACTOR_INVALID');
    const [recoveryCode] = confirmed.body.recoveryCodes;
    expect((await logIn({ secondFactor: { recoveryCode } })).status).toBe(201);
    expect((await state()).recoveryCodesLeft).toBe(9);
    const renewed = await api.call('POST', '/accounts/me/totp/recovery-codes', { token, json: PROOF });
    expect(renewed.body.recoveryCodes).toHaveLength(10);
    expect(renewed.body.recoveryCodes).not.toContain(confirmed.body.recoveryCodes[1]);
    expect((await api.call('POST', '/accounts/me/totp/removal', { token, json: PROOF })).status).toBe(204);
    expect((await logIn()).status).toBe(201);
    expect((await api.call('POST', '/accounts/me/totp/removal', { token, json: PROOF })).body.code).toBe(
      'SECOND_FACTOR_NOT_FOUND',
    );
  });

  it('is not confirmed by guessing', async () => {
    const { token } = api.ann;
    await api.call('POST', '/accounts/me/totp', { token, json: PROOF });
    const codes: string[] = [];
    for (let at = 0; at < 11; at++) {
      const json = { code: `guess ${at}` };
      codes.push((await api.call('POST', '/accounts/me/totp/confirmation', { token, json })).body.code);
    }
    expect(codes).toEqual([...new Array(10).fill('SECOND_FACTOR_INVALID'), 'RATE_LIMITED']);
  });

  it('takes the password besides the session for whatever outlasts the session', async () => {
    const { token } = api.ann;
    await enroll(api.ann);
    for (const path of ['', '/removal', '/recovery-codes']) {
      const call = (json: object) => api.call('POST', `/accounts/me/totp${path}`, { token, json });
      expect((await call({})).body.code).toBe('REQUEST_INVALID');
      const wrong = await call({ current: 'not the password' });
      expect([wrong.status, wrong.body.code]).toEqual([401, 'CREDENTIALS_INVALID']);
      expect(wrong.text).not.toMatch(/secret|otpauth|[a-z0-9]{4}-[a-z0-9]{4}/);
    }
    expect((await api.call('GET', '/accounts/me/totp', { token })).body.isEnrolled).toBe(true);
  });

  it('is its owner’s alone, whatever roles anybody has', async () => {
    const { ann, bob, admin } = api;
    for (const sender of [bob, admin]) {
      for (const [path, json] of [
        ['', PROOF],
        ['/confirmation', { code: '000000' }],
        ['/removal', PROOF],
        ['/recovery-codes', PROOF],
      ] as const) {
        const { status, body } = await api.call('POST', `/accounts/${ann.account.id}/totp${path}`, {
          token: sender.token,
          json,
        });
        expect([path, status, body.code]).toEqual([path, 403, 'PERMISSION_DENIED']);
      }
    }
    expect((await api.call('GET', `/accounts/${ann.account.id}/totp`, { token: bob.token })).status).toBe(403);
    expect((await api.call('GET', `/accounts/${ann.account.id}/totp`, { token: admin.token })).status).toBe(200);
  });

  it('that was lost is taken away by whoever has the permission, and not from who may do more', async () => {
    const { ann, bob, admin } = api;
    await enroll(ann);
    await enroll(admin);
    const path = `/accounts/${ann.account.id}/totp`;
    for (const { token } of [ann, bob]) expect((await api.call('DELETE', path, { token })).status).toBe(403);
    const desk = api.another({ permissions: { admin: ['*'], desk: ['accounts.write'] } });
    await api.accounts.update(bob.account.id, { roles: ['desk'] });
    const byDesk = async (id: string) => {
      const headers = { authorization: `Bearer ${bob.token}` };
      const request = new Request(`https://app.example/accounts/${id}/totp`, { method: 'DELETE', headers });
      return (await desk.router(request, { remoteAddress: '192.0.2.7', encrypted: true })).status;
    };
    expect(await byDesk(admin.account.id)).toBe(403);
    expect(await byDesk(ann.account.id)).toBe(204);
    expect((await logIn()).status).toBe(201);
    expect((await api.call('DELETE', path, { token: admin.token })).body.code).toBe('SECOND_FACTOR_NOT_FOUND');
  });

  it('leaves no secret in the log of the server', async () => {
    const { recoveryCodes } = await enroll(api.ann);
    await logIn({ secondFactor: { recoveryCode: recoveryCodes[0] } });
    const logged = JSON.stringify(api.log);
    for (const code of recoveryCodes) expect(logged).not.toContain(code);
  });
});
