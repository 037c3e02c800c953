import { beforeEach, describe, expect, it } from 'vitest';
import { createTestApi, PASSWORD, type TestApi } from './support/test-api.ts';

const NOBODY = '01900000-0000-7000-8000-000000000000';
let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

const createAnother = (fields: object = {}) =>
  api.call('POST', '/accounts', { token: api.admin.token, json: { login: 'carl', password: PASSWORD, ...fields } });

describe('accounts over HTTP', () => {
  it('are created, read, changed and deleted by whoever has the permission', async () => {
    const created = await createAnother({ roles: ['clerk'], attributes: { plan: 'pro' } });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ login: 'carl', roles: ['clerk'], attributes: { plan: 'pro' } });
    expect(created.headers.get('location')).toBe(`/accounts/${created.body.id}`);
    const path = `/accounts/${created.body.id}`;
    const { token } = api.admin;
    const read = await api.call('GET', path, { token });
    expect(read.body).toEqual(created.body);
    const patched = await api.call('PATCH', path, { token, json: { displayName: 'Carl', attributes: null } });
    expect(patched.body).toMatchObject({ displayName: 'Carl' });
    expect(patched.body).not.toHaveProperty('attributes');
    expect((await api.call('DELETE', path, { token })).status).toBe(204);
    expect((await api.call('GET', path, { token })).body.code).toBe('ACCOUNT_NOT_FOUND');
  });

  it('never show a password or a hash of one', async () => {
    const { text } = await createAnother();
    const list = await api.call('GET', '/accounts', { token: api.admin.token });
    for (const each of [text, list.text]) expect(each).not.toMatch(/password|hash|scrypt|seventeen/i);
  });

  it('are not for strangers, and tell them nothing of whether there is one', async () => {
    const { ann, bob } = api;
    const other = await api.call('GET', `/accounts/${bob.account.id}`, { token: ann.token });
    const none = await api.call('GET', `/accounts/${NOBODY}`, { token: ann.token });
    expect([other.status, none.status]).toEqual([403, 403]);
    expect({ ...none.body, requestId: '' }).toEqual({ ...other.body, requestId: '' });
    for (const [method, path] of [
      ['GET', '/accounts'],
      ['DELETE', `/accounts/${ann.account.id}`],
      ['POST', `/accounts/${ann.account.id}/disable`],
    ] as const) {
      expect((await api.call(method, path, { token: ann.token })).status).toBe(403);
      expect((await api.call(method, path)).status).toBe(401);
    }
  });

  it('let their owner change a name, and nothing that gives power', async () => {
    const { token } = api.ann;
    expect((await api.call('PATCH', '/accounts/me', { token, json: { displayName: 'Ann' } })).body.displayName).toBe(
      'Ann',
    );
    for (const json of [{ roles: ['admin'] }, { login: 'root' }, { attributes: {} }, { secondFactorRequired: true }]) {
      expect((await api.call('PATCH', '/accounts/me', { token, json })).body.code).toBe('PERMISSION_DENIED');
    }
    expect((await api.accounts.get(api.ann.account.id)).roles).toEqual([]);
  });

  it('change under a condition, and not when they were changed meanwhile', async () => {
    const { token } = api.ann;
    const first = await api.call('GET', '/accounts/me', { token });
    const etag = first.headers.get('etag') ?? '';
    expect((await api.call('GET', '/accounts/me', { token, headers: { 'if-none-match': etag } })).status).toBe(304);
    const headers = { 'if-match': etag };
    expect((await api.call('PATCH', '/accounts/me', { token, headers, json: { displayName: 'A' } })).status).toBe(200);
    const late = await api.call('PATCH', '/accounts/me', { token, headers, json: { displayName: 'B' } });
    expect([late.status, late.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
    expect((await api.call('GET', '/accounts/me', { token, headers: { 'if-none-match': etag } })).status).toBe(200);
    const weak = await api.call('PATCH', '/accounts/me', { token, headers: { 'if-match': 'W/"1"' }, json: {} });
    expect(weak.body.code).toBe('HEADER_INVALID');
  });

  it('are listed a page at a time, with a link to the next', async () => {
    const { token } = api.admin;
    const seen: string[] = [];
    let path: string | undefined = '/accounts?limit=2';
    while (path !== undefined) {
      const page = await api.call('GET', path, { token });
      seen.push(...page.body.items.map(({ login }: { login: string }) => login));
      path = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(seen.sort()).toEqual(['admin', 'ann', 'bob']);
    const foreign = await api.call('GET', '/accounts?cursor=bm90IG9uZQ', { token });
    expect([foreign.status, foreign.body.code]).toEqual([400, 'CURSOR_INVALID']);
  });

  it('are disabled and enabled; disabling ends every session', async () => {
    const path = `/accounts/${api.ann.account.id}`;
    const { token } = api.admin;
    expect((await api.call('POST', `${path}/disable`, { token })).body.disabled).toBe(true);
    expect((await api.call('GET', '/accounts/me', { token: api.ann.token })).status).toBe(401);
    expect((await api.call('POST', `${path}/enable`, { token })).body.disabled).toBe(false);
  });

  it('have passwords, which their owner changes by the present one and an administrator without', async () => {
    const { token, account } = api.ann;
    const next = 'eighteen yellow badgers';
    const wrong = await api.call('POST', '/accounts/me/password', { token, json: { current: 'no', next } });
    expect(wrong.body.code).toBe('CREDENTIALS_INVALID');
    expect((await api.call('PUT', '/accounts/me/password', { token, json: { password: next } })).status).toBe(403);
    const changed = await api.call('POST', '/accounts/me/password', { token, json: { current: PASSWORD, next } });
    expect(changed.status).toBe(204);
    expect((await api.call('GET', '/accounts/me', { token })).status).toBe(401);
    const set = { token: api.admin.token, json: { password: PASSWORD } };
    expect((await api.call('PUT', `/accounts/${account.id}/password`, set)).status).toBe(204);
    await api.accounts.login({ login: 'ann', password: PASSWORD });
  });

  it('have sessions, which their owner lists and ends one by one or all at once', async () => {
    const { token, account } = api.ann;
    const second = await api.accounts.login({ login: 'ann', password: PASSWORD });
    const { body } = await api.call('GET', '/accounts/me/sessions', { token });
    expect(body.items.map(({ sessionId }: { sessionId: string }) => sessionId)).toContain(second.sessionId);
    expect((await api.call('GET', `/accounts/${account.id}/sessions`, { token: api.bob.token })).status).toBe(403);
    await api.call('DELETE', `/accounts/me/sessions/${second.sessionId}`, { token });
    expect((await api.call('GET', '/accounts/me', { token: second.accessToken })).body.code).toBe('TOKEN_REVOKED');
    expect((await api.call('DELETE', '/accounts/me/sessions', { token })).status).toBe(204);
    expect((await api.call('GET', '/accounts/me', { token })).status).toBe(401);
  });

  it('are created by anybody where that is allowed, without roles', async () => {
    api = await createTestApi({ registration: 'open' });
    const json = { login: 'dora', password: PASSWORD };
    expect((await api.call('POST', '/accounts', { json })).status).toBe(201);
    expect((await api.call('POST', '/accounts', { json: { ...json, roles: ['admin'] } })).status).toBe(403);
    const byAnn = await api.call('POST', '/accounts', { token: api.ann.token, json: { ...json, roles: ['admin'] } });
    expect(byAnn.status).toBe(403);
    expect((await api.call('POST', '/accounts', { token: 'forged', json })).status).toBe(401);
    const taken = await api.call('POST', '/accounts', { json });
    expect([taken.status, taken.body.code]).toEqual([409, 'LOGIN_TAKEN']);
  });

  it('are the youngest first, by date of birth', async () => {
    const { token } = api.admin;
    for (const [login, dateOfBirth] of [
      ['old', '1950-01-01'],
      ['young', '2001-01-01'],
    ]) {
      await api.call('POST', '/accounts', { token, json: { login, dateOfBirth } });
    }
    const { body } = await api.call('GET', '/accounts?orderBy=dateOfBirth&limit=1', { token });
    expect(body.items.map(({ login }: { login: string }) => login)).toEqual(['young']);
  });
});
