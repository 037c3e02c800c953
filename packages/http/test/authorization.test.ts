import { beforeEach, describe, expect, it } from 'vitest';
import { createTestApi, PASSWORD, type Session, type TestApi } from './support/test-api.ts';

const PERMISSIONS = {
  admin: ['*'],
  clerk: ['accounts.read', 'accounts.write'],
  reader: ['certificates.read'],
} as const;
let api: TestApi;
let clerk: Session;

beforeEach(async () => {
  api = await createTestApi({ permissions: PERMISSIONS });
  const account = await api.accounts.create({ login: 'clerk', password: PASSWORD, roles: ['clerk'] });
  clerk = { account, token: (await api.accounts.login({ login: 'clerk', password: PASSWORD })).accessToken };
});

/** What a call comes to: its status, and its code where it is a problem. */
const outcome = async (session: Session, method: string, path: string, json?: unknown) => {
  const { status, body } = await api.call(method, path, {
    token: session.token,
    ...(json === undefined ? {} : { json }),
  });
  return [status, body?.code];
};
const DENIED = [403, 'PERMISSION_DENIED'];

describe('who may change accounts', () => {
  it('gives nobody, and not themselves, what they may not do', async () => {
    for (const roles of [['admin'], ['reader'], ['clerk', 'admin']]) {
      expect(await outcome(clerk, 'PATCH', '/accounts/me', { roles })).toEqual(DENIED);
      expect(await outcome(clerk, 'PATCH', `/accounts/${api.ann.account.id}`, { roles })).toEqual(DENIED);
      expect(await outcome(clerk, 'POST', '/accounts', { login: 'new', roles })).toEqual(DENIED);
    }
    expect((await api.accounts.get(clerk.account.id)).roles).toEqual(['clerk']);
    expect(await api.accounts.findByLogin('new')).toBeUndefined();
    // What it holds itself, and roles that give nothing here, it may give.
    expect((await outcome(clerk, 'PATCH', `/accounts/${api.ann.account.id}`, { roles: ['clerk', 'staff'] }))[0]).toBe(
      200,
    );
    expect((await outcome(clerk, 'POST', '/accounts', { login: 'new', roles: ['clerk'] }))[0]).toBe(201);
    expect((await outcome(api.admin, 'PATCH', `/accounts/${api.bob.account.id}`, { roles: ['admin'] }))[0]).toBe(200);
  });

  it('has no hold over an account that may do more', async () => {
    const path = `/accounts/${api.admin.account.id}`;
    expect(await outcome(clerk, 'PUT', `${path}/password`, { password: 'nineteen green ferrets' })).toEqual(DENIED);
    expect(await outcome(clerk, 'PATCH', path, { login: 'was-admin' })).toEqual(DENIED);
    expect(await outcome(clerk, 'PATCH', path, { roles: [] })).toEqual(DENIED);
    expect(await outcome(clerk, 'PATCH', path, { displayName: 'x' })).toEqual(DENIED);
    expect(await outcome(clerk, 'POST', `${path}/disable`)).toEqual(DENIED);
    expect(await outcome(clerk, 'POST', `${path}/enable`)).toEqual(DENIED);
    expect(await outcome(clerk, 'DELETE', `${path}/sessions`)).toEqual(DENIED);
    expect(await outcome(clerk, 'DELETE', path)).toEqual(DENIED);
    await api.accounts.login({ login: 'admin', password: PASSWORD });
    expect((await outcome(api.admin, 'GET', '/accounts/me'))[0]).toBe(200);
    const lesser = `/accounts/${api.ann.account.id}`;
    expect((await outcome(clerk, 'PUT', `${lesser}/password`, { password: 'nineteen green ferrets' }))[0]).toBe(204);
    expect((await outcome(clerk, 'DELETE', lesser))[0]).toBe(204);
    expect(await outcome(clerk, 'DELETE', lesser)).toEqual([404, 'ACCOUNT_NOT_FOUND']);
  });
});

describe('what is another’s', () => {
  const create = async ({ token }: Session, login: string, fields: object = {}) => {
    const json = { subjectAltNames: [`www.${login}.example`], ...fields };
    return (await api.call('POST', '/certificates', { token, json })).body;
  };

  it('is nobody’s to reach by its id, in any operation on it', async () => {
    const { id } = await create(api.bob, 'bob');
    const nobody = '01900000-0000-7000-8000-000000000000';
    const own = api.handlers.routes.filter(({ path }) => path.startsWith('/certificates/{certificateId}'));
    expect(own).toHaveLength(10);
    for (const { method, path } of own) {
      const json = path.endsWith('/export')
        ? { format: 'pem' }
        : /renew|revoke/.test(path) || method === 'PATCH'
          ? {}
          : undefined;
      const ask = (certificateId: string) =>
        api.call(method, path.replace('{certificateId}', certificateId).replace('{name}', 'www.bob.example'), {
          token: api.ann.token,
          ...(json && { json }),
        });
      const [theirs, none] = [await ask(id), await ask(nobody)];
      expect([method, path, theirs.status, theirs.body.code]).toEqual([method, path, 404, 'CERTIFICATE_NOT_FOUND']);
      const anonymous = (text: string) => text.replaceAll(id, nobody).replace(/"requestId":"[^"]+"/, '');
      expect(anonymous(theirs.text)).toBe(anonymous(none.text));
    }
    expect(await api.certificates.get(id)).toMatchObject({ status: 'valid', active: true, generation: 1 });
  });

  it('is not given by a list’s filter, nor by the cursor of somebody else’s list', async () => {
    for (const name of ['a', 'b', 'c']) await create(api.bob, 'bob', { name: `bob ${name}`, active: false });
    await create(api.ann, 'ann');
    const { bob, ann, admin } = api;
    expect(await outcome(ann, 'GET', `/certificates?accountId=${bob.account.id}`)).toEqual(DENIED);
    for (const session of [bob, admin]) {
      const { cursor } = (await api.call('GET', '/certificates?limit=1', { token: session.token })).body;
      expect(cursor).toEqual(expect.any(String));
      const { status, body } = await api.call('GET', `/certificates?limit=9&cursor=${cursor}`, { token: ann.token });
      const owners = (body.items ?? []).map(({ accountId }: { accountId: string }) => accountId);
      expect([status, new Set([...owners, ann.account.id]).size]).toEqual([body.items ? 200 : 400, 1]);
    }
    for (const session of [bob, ann]) {
      const foreign = '/accounts/me/sessions?cursor=bm90aGluZw';
      expect(await outcome(session, 'GET', foreign)).toEqual([400, 'CURSOR_INVALID']);
    }
  });

  it('is nobody’s to make, import or be served for', async () => {
    const { bob, ann } = api;
    const json = { subjectAltNames: ['www.bob.example'], accountId: bob.account.id };
    expect(await outcome(ann, 'POST', '/certificates', json)).toEqual(DENIED);
    expect(await outcome(ann, 'POST', '/certificates', { subjectAltNames: ['www.bob.example'] })).toEqual([
      403,
      'NAME_NOT_PERMITTED',
    ]);
    expect(
      await outcome(ann, 'POST', '/certificates', { subjectAltNames: ['www.ann.example'], accountId: '' }),
    ).toEqual(DENIED);
    const { id } = await create(bob, 'bob');
    const exported = await api.call('POST', `/certificates/${id}/export`, {
      token: bob.token,
      json: { format: 'pem' },
    });
    for (const accountId of [ann.account.id, bob.account.id, 'me']) {
      expect(await outcome(ann, 'POST', '/certificates/import', { ...exported.body, accountId })).toEqual(DENIED);
    }
    // A permission to read gives none to write, or to have the key.
    await api.accounts.update(ann.account.id, { roles: ['reader'] });
    expect((await outcome(ann, 'GET', `/certificates/${id}`))[0]).toBe(200);
    expect((await outcome(ann, 'POST', `/certificates/${id}/export`, { format: 'pem' }))[0]).toBe(404);
    expect((await outcome(ann, 'POST', `/certificates/${id}/renew`, {}))[0]).toBe(404);
  });

  it('is no session to end, and no password to change', async () => {
    const { bob, ann } = api;
    const { items } = await api.accounts.sessions(bob.account.id);
    const sessionId = items[0]?.sessionId;
    // One's own account, and a session of another's.
    expect((await outcome(ann, 'DELETE', `/accounts/me/sessions/${sessionId}`))[0]).toBe(204);
    expect((await outcome(bob, 'GET', '/sessions/current'))[0]).toBe(200);
    expect(await outcome(ann, 'DELETE', `/accounts/${bob.account.id}/sessions/${sessionId}`)).toEqual(DENIED);
    const change = { current: PASSWORD, next: 'nineteen green ferrets' };
    expect(await outcome(ann, 'POST', `/accounts/${bob.account.id}/password`, change)).toEqual(DENIED);
  });
});
