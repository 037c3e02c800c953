import { X509Certificate } from 'node:crypto';
import { importPkcs12 } from '@chancery/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { createTestApi, PASSWORD, type TestApi } from './support/test-api.ts';

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

const NONE = '01900000-0000-7000-8000-000000000000';
const create = (json: object, token = api.admin.token, headers: Record<string, string> = {}) =>
  api.call('POST', '/certificates', { token, json, headers });

/** S4-15: the certificate REST API. */
describe('certificates over HTTP', () => {
  it('are created, read, listed, renewed, revoked and deleted', async () => {
    const { token } = api.admin;
    const created = await create({ name: 'web', subjectAltNames: ['www.example.com'] });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ name: 'web', status: 'valid', generation: 1, active: true });
    const path = created.headers.get('location') ?? '';
    expect(path).toBe(`/certificates/${created.body.id}`);
    expect((await api.call('GET', path, { token })).body).toEqual(created.body);
    const listed = await api.call('GET', '/certificates?status=valid&active=true&limit=10', { token });
    expect(listed.body.items).toEqual([created.body]);
    const renewed = await api.call('POST', `${path}/renew`, { token });
    expect(renewed.body).toMatchObject({ generation: 2 });
    expect(renewed.body.serialNumber).not.toBe(created.body.serialNumber);
    expect((await api.call('POST', `${path}/deactivate`, { token })).body.active).toBe(false);
    expect((await api.call('POST', `${path}/activate`, { token })).body.active).toBe(true);
    const revoked = await api.call('POST', `${path}/revoke`, { token, json: { reason: 'superseded' } });
    expect(revoked.body).toMatchObject({ status: 'revoked', revocationReason: 'superseded' });
    const standing = await api.call('GET', `/pki/certificates/${renewed.body.serialNumber}`);
    expect(standing.body.status).toBe('revoked');
    expect((await api.call('DELETE', path, { token })).status).toBe(204);
    expect((await api.call('GET', path, { token })).body.code).toBe('CERTIFICATE_NOT_FOUND');
  });

  it('are shown as they are at each reading, to whom they belong', async () => {
    const { token } = api.ann;
    const { body } = await create({ subjectAltNames: ['www.ann.example'], validity: { days: 1 } }, token);
    const path = `/certificates/${body.id}`;
    const first = await api.call('GET', path, { token });
    const again = await api.call('GET', path, { token });
    expect([again.text, again.headers.get('etag')]).toEqual([first.text, first.headers.get('etag')]);
    // By now the text is kept; whose it is, and that somebody asks, is judged as before.
    expect((await api.call('GET', path, { token: api.bob.token })).status).toBe(404);
    expect((await api.call('GET', path)).status).toBe(401);
    await api.certificates.deactivate(body.id);
    expect((await api.call('GET', path, { token })).body).toMatchObject({ active: false, status: 'valid' });
    api.clock.advance(2 * 86_400_000);
    const { accessToken } = await api.accounts.login({ login: 'ann', password: PASSWORD });
    const later = await api.call('GET', path, { token: accessToken });
    expect(later.body).toMatchObject({ active: false, status: 'expired' });
    expect(later.headers.get('etag')).not.toBe(first.headers.get('etag'));
    await api.certificates.delete(body.id);
    expect((await api.call('GET', path, { token: accessToken })).status).toBe(404);
  });

  it('leave their private key at the one door', async () => {
    const { token } = api.admin;
    const { body } = await create({ subjectAltNames: ['www.example.com'] });
    const path = `/certificates/${body.id}`;
    for (const each of [await api.call('GET', path, { token }), await api.call('GET', '/certificates', { token })]) {
      expect(each.text).not.toContain('PRIVATE');
    }
    const pem = await api.call('POST', `${path}/export`, { token, json: { format: 'pem' } });
    expect(pem.headers.get('cache-control')).toBe('no-store');
    expect(pem.body.privateKeyPem).toContain('BEGIN PRIVATE KEY');
    const password = 'a password of some length';
    const file = await api.call('POST', `${path}/export`, { token, json: { format: 'pkcs12', password } });
    expect(file.headers.get('content-type')).toBe('application/x-pkcs12');
    const bytes = new Uint8Array(await file.body.arrayBuffer());
    expect(JSON.stringify(await importPkcs12(bytes, { password }))).toContain('PRIVATE KEY');
    expect((await api.call('POST', `${path}/export`, { token, json: { format: 'pkcs12' } })).status).toBe(400);
    expect((await api.call('GET', `${path}/export`, { token })).status).toBe(405);
  });

  it('belong to accounts, which hold what the name guard lets them, and see no others', async () => {
    const own = await create({ subjectAltNames: ['www.ann.example'] }, api.ann.token);
    expect([own.status, own.body.accountId]).toEqual([201, api.ann.account.id]);
    const foreign = await create({ subjectAltNames: ['www.bob.example'] }, api.ann.token);
    expect([foreign.status, foreign.body.code]).toEqual([403, 'NAME_NOT_PERMITTED']);
    const forBob = await create({ subjectAltNames: ['x.bob.example'], accountId: api.bob.account.id }, api.ann.token);
    expect([forBob.status, forBob.body.code]).toEqual([403, 'PERMISSION_DENIED']);
    const path = `/certificates/${own.body.id}`;
    for (const [method, action] of [
      ['GET', ''],
      ['DELETE', ''],
      ['PATCH', ''],
      ['POST', '/renew'],
      ['POST', '/revoke'],
      ['POST', '/activate'],
      ['DELETE', '/names/www.ann.example'],
      ['GET', '/inspection'],
    ] as const) {
      const asBob = { token: api.bob.token, ...(method === 'PATCH' && { json: { name: 'mine' } }) };
      const other = await api.call(method, path + action, asBob);
      const none = await api.call(method, `/certificates/${NONE}${action}`, asBob);
      expect([other.status, other.body.code]).toEqual([404, 'CERTIFICATE_NOT_FOUND']);
      expect(other.body.detail.replace(own.body.id, NONE)).toBe(none.body.detail);
    }
    const exported = await api.call('POST', `${path}/export`, { token: api.bob.token, json: { format: 'pem' } });
    expect(exported.status).toBe(404);
    expect((await api.call('GET', '/certificates', { token: api.bob.token })).body.items).toEqual([]);
    expect((await api.call('GET', '/certificates', { token: api.ann.token })).body.items).toHaveLength(1);
    const peek = `/certificates?accountId=${api.ann.account.id}`;
    expect((await api.call('GET', peek, { token: api.bob.token })).status).toBe(403);
    expect((await api.call('GET', peek, { token: api.admin.token })).body.items).toHaveLength(1);
    expect((await api.call('GET', path, { token: api.ann.token })).status).toBe(200);
  });

  it('have tags that change with them, and with the clock', async () => {
    const { token } = api.admin;
    const { body, headers } = await create({ subjectAltNames: ['www.example.com'] });
    const path = `/certificates/${body.id}`;
    const condition = { 'if-none-match': headers.get('etag') ?? '' };
    expect((await api.call('GET', path, { token, headers: condition })).status).toBe(304);
    await api.call('POST', `${path}/deactivate`, { token });
    expect((await api.call('GET', path, { token, headers: condition })).status).toBe(200);
  });

  it('are renamed, and told how to be renewed, without a new generation', async () => {
    const { token } = api.admin;
    const { body } = await create({ name: 'web', subjectAltNames: ['www.example.com'] });
    const path = `/certificates/${body.id}`;
    const patch = { name: 'shop', autoRenew: false, validity: { days: 5 }, keyAlgorithm: 'ECDSA-P384' };
    const changed = await api.call('PATCH', path, { token, json: patch });
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({ name: 'shop', autoRenew: false, keyAlgorithm: 'ECDSA-P384', generation: 1 });
    expect(changed.body).not.toHaveProperty('renewAt');
    expect((await api.call('GET', path, { token })).body).toEqual(changed.body);
    const merged = { 'content-type': 'application/merge-patch+json' };
    const nameless = await api.call('PATCH', path, { token, json: { name: null }, headers: merged });
    expect(nameless.body).not.toHaveProperty('name');
    await create({ name: 'taken', subjectAltNames: ['other.example.com'] });
    const taken = await api.call('PATCH', path, { token, json: { name: 'taken' } });
    expect([taken.status, taken.body.code]).toEqual([409, 'CERTIFICATE_NAME_TAKEN']);
    for (const json of [{ active: true }, { name: '' }, { autoRenew: null }, { issuer: 'internal' }]) {
      const refused = await api.call('PATCH', path, { token, json });
      expect([refused.status, refused.body.code]).toEqual([400, 'REQUEST_INVALID']);
    }
    await api.call('POST', `${path}/revoke`, { token });
    const late = await api.call('PATCH', path, { token, json: { name: 'late' } });
    expect([late.status, late.body.code]).toEqual([409, 'CERTIFICATE_REVOKED']);
  });

  it('change only as they were seen, where If-Match says so', async () => {
    const { token } = api.admin;
    const { body, headers } = await create({ subjectAltNames: ['a.example.com', 'b.example.com'] });
    const path = `/certificates/${body.id}`;
    const seen = { 'if-match': headers.get('etag') ?? '' };
    const changed = await api.call('PATCH', path, { token, headers: seen, json: { name: 'web' } });
    expect(changed.status).toBe(200);
    const changes = [
      ['PATCH', '', { name: 'mine' }],
      ['POST', '/activate'],
      ['POST', '/deactivate'],
      ['POST', '/renew', {}],
      ['DELETE', '/names/a.example.com'],
      ['POST', '/revoke', {}],
      ['DELETE', ''],
    ] as const;
    for (const [method, action, json] of changes) {
      const stale = await api.call(method, path + action, { token, headers: seen, ...(json && { json }) });
      expect([action, stale.status, stale.body.code]).toEqual([action, 412, 'PRECONDITION_FAILED']);
      const malformed = await api.call(method, path + action, {
        token,
        headers: { 'if-match': 'W/"1"' },
        ...(json && { json }),
      });
      expect([action, malformed.body.code]).toEqual([action, 'HEADER_INVALID']);
    }
    const present = await api.call('GET', path, { token });
    expect(present.body).toEqual(changed.body);
    let tag = present.headers.get('etag') ?? '';
    for (const [method, action, json] of changes) {
      const done = await api.call(method, path + action, {
        token,
        headers: { 'if-match': tag },
        ...(json && { json }),
      });
      expect([action, Math.floor(done.status / 100)]).toEqual([action, 2]);
      tag = done.headers.get('etag') ?? '';
    }
    expect((await api.call('DELETE', path, { token, headers: { 'if-match': '*' } })).status).toBe(404);
  });

  it('change once, where two who saw the same want to, and another change comes between reading and writing', async () => {
    const { token } = api.admin;
    const { body, headers } = await create({ subjectAltNames: ['a.example.com'] });
    const path = `/certificates/${body.id}`;
    const seen = { 'if-match': headers.get('etag') ?? '' };
    const original = api.certificates.update.bind(api.certificates);
    api.certificates.update = async (id, patch, options) => {
      await original(id, { name: 'faster' });
      return original(id, patch, options);
    };
    const slower = await api.call('PATCH', path, { token, headers: seen, json: { name: 'slower' } });
    expect([slower.status, slower.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
    expect((await api.call('GET', path, { token })).body.name).toBe('faster');
  });

  it('lose a name, and with the last name themselves', async () => {
    const { token } = api.admin;
    const { body } = await create({ subjectAltNames: ['a.example.com', 'b.example.com'] });
    const path = `/certificates/${body.id}/names`;
    const left = await api.call('DELETE', `${path}/a.example.com`, { token });
    expect(left.body.subjectAltNames).toEqual(['b.example.com']);
    expect((await api.call('DELETE', `${path}/a.example.com`, { token })).body.code).toBe('CERTIFICATE_NAME_NOT_FOUND');
    expect((await api.call('DELETE', `${path}/b.example.com`, { token })).status).toBe(204);
  });

  it('are imported and inspected', async () => {
    const { token } = api.admin;
    const { chainPem, privateKeyPem } = await api.authority.issue({ subjectAltNames: ['old.example.com'] });
    const imported = await api.call('POST', '/certificates/import', { token, json: { chainPem, privateKeyPem } });
    expect(imported.status).toBe(201);
    expect(imported.text).not.toContain('PRIVATE');
    const { body } = await api.call('GET', `/certificates/${imported.body.id}/inspection`, { token });
    expect(body.serialNumber).toBe(new X509Certificate(chainPem).serialNumber.toLowerCase());
    expect((await api.call('POST', '/certificates/import', { token: api.ann.token, json: {} })).status).toBe(403);
  });

  it('come later where nobody waits for them', async () => {
    const created = await create({ subjectAltNames: ['www.example.com'], wait: false });
    expect([created.status, created.body.state]).toEqual([202, 'pending']);
  });

  it('say by their violations why they were refused', async () => {
    const { status, body } = await create({ subjectAltNames: ['a.*.example.com'] });
    expect([status, body.code]).toEqual([422, 'ISSUANCE_REFUSED']);
    expect(body.violations[0]).toMatchObject({ value: 'a.*.example.com' });
    const taken = { name: 'web', subjectAltNames: ['a.example.com'] };
    await create(taken);
    expect((await create(taken)).body.code).toBe('CERTIFICATE_NAME_TAKEN');
  });

  it('are created once under an idempotency key, however often and by however many instances', async () => {
    const headers = { 'idempotency-key': 'order-1' };
    const json = { subjectAltNames: ['www.example.com'] };
    const { token } = api.admin;
    const answers = await Promise.all(Array.from({ length: 5 }, () => create(json, token, headers)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses.filter((status) => status === 201).length).toBeGreaterThan(0);
    expect(new Set(statuses)).toEqual(new Set(statuses.includes(409) ? [201, 409] : [201]));
    const again = await create(json, token, headers);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect((await api.certificates.list({ limit: 10 })).items.map(({ id }) => id)).toEqual([again.body.id]);
    const other = await create({ subjectAltNames: ['other.example.com'] }, token, headers);
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    const byAnn = await create({ subjectAltNames: ['www.ann.example'] }, api.ann.token, headers);
    expect(byAnn.status).toBe(201);
    api.clock.advance(86_400_000);
    const { accessToken } = await api.accounts.login({ login: 'admin', password: 'seventeen purple otters' });
    expect((await create(json, accessToken, headers)).headers.get('idempotency-replayed')).toBeNull();
  });

  it('are finished under an idempotency key although the client goes away, and the answer waits for it', async () => {
    const gone = new AbortController();
    const original = api.certificates.create.bind(api.certificates);
    api.certificates.create = (options) => {
      gone.abort();
      return original(options);
    };
    const send = (signal?: AbortSignal) =>
      api.handlers.router(
        new Request('https://app.example/certificates', {
          method: 'POST',
          headers: {
            authorization: `Bearer ${api.admin.token}`,
            'content-type': 'application/json',
            'idempotency-key': 'gone',
          },
          body: JSON.stringify({ subjectAltNames: ['www.example.com'] }),
          ...(signal && { signal }),
        }),
        { encrypted: true },
      );
    expect((await send(gone.signal)).status).toBe(201);
    expect(gone.signal.aborted).toBe(true);
    expect((await send()).headers.get('idempotency-replayed')).toBe('true');
    expect((await api.certificates.list({ limit: 10 })).items).toHaveLength(1);
  });

  it('leave the key free where nothing was done, and do not guess where nobody knows', async () => {
    const headers = { 'idempotency-key': 'k' };
    const { token } = api.admin;
    expect((await create({ subjectAltNames: ['a.*.example.com'] }, token, headers)).status).toBe(422);
    expect((await create({ subjectAltNames: ['a.example.com'] }, token, headers)).status).toBe(201);
    expect((await create({ subjectAltNames: ['a.example.com'] }, token, { 'idempotency-key': 'ä' })).body.code).toBe(
      'HEADER_INVALID',
    );
    // An instance that ended in the middle has left its mark, and no answer.
    const original = api.certificates.create.bind(api.certificates);
    const started = deferred();
    api.certificates.create = () => {
      started.resolve(undefined);
      return new Promise(() => undefined);
    };
    void create({ subjectAltNames: ['b.example.com'] }, token, { 'idempotency-key': 'cut' });
    await started.promise;
    api.certificates.create = original;
    const during = await create({ subjectAltNames: ['b.example.com'] }, token, { 'idempotency-key': 'cut' });
    expect([during.status, during.body.code]).toEqual([409, 'IDEMPOTENCY_IN_PROGRESS']);
    api.clock.advance(5 * 60_000 - 1);
    const { accessToken } = await api.accounts.login({ login: 'admin', password: 'seventeen purple otters' });
    api.clock.advance(1);
    const after = await create({ subjectAltNames: ['b.example.com'] }, accessToken, { 'idempotency-key': 'cut' });
    expect([after.status, after.body.code]).toEqual([409, 'IDEMPOTENCY_OUTCOME_UNKNOWN']);
  });
});

function deferred() {
  let resolve: (value: unknown) => void = () => undefined;
  const promise = new Promise((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
