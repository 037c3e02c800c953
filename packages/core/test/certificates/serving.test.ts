import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type CertificateChange, PolicyError } from '../../src/index.ts';
import { codeOf } from '../support/expect-error.ts';
import { createTestCertificates } from '../support/test-certificates.ts';

const LONGEST_WAIT_MS = 20_000;

/** Notices come when they come: what tells of them may be another process, on a busy machine. */
async function until(condition: () => boolean): Promise<void> {
  const begun = performance.now();
  while (!condition() && performance.now() - begun < LONGEST_WAIT_MS)
    await new Promise((resolve) => setImmediate(resolve));
  expect(condition()).toBe(true);
}

describe('serving', () => {
  it('gives what is active under its very name, key included', async () => {
    const { certificates, another } = createTestCertificates();
    const subjectAltNames = ['a.example', '*.b.example', 'ip:10.0.0.1', 'email:x@a.example'];
    const { id, chainPem } = await certificates.create({ subjectAltNames });
    const instance = another();
    const served = await instance.served('*.b.example');
    expect(served).toMatchObject({
      certificateId: id,
      generation: 1,
      names: ['a.example', '*.b.example', 'ip:10.0.0.1'],
      chainPem,
    });
    expect(served?.privateKeyPem).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(served?.notAfter).toBeInstanceOf(Date);
    expect((await instance.served('ip:10.0.0.1'))?.certificateId).toBe(id);
    for (const name of [
      'b.example',
      'x.b.example',
      'A.example',
      'email:x@a.example',
      '',
      'a.example\0',
      'x'.repeat(5_000),
    ])
      expect(await instance.served(name), name).toBeUndefined();
  });

  it('active is a choice, at the beginning and later, and others are told (S0-7, S0-9)', async () => {
    const { certificates, told } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames: ['a.example'], active: false });
    expect(await certificates.served('a.example')).toBeUndefined();
    expect(await certificates.activate(id)).toMatchObject({ active: true });
    const { revision } = await certificates.activate(id);
    expect((await certificates.served('a.example'))?.certificateId).toBe(id);
    expect(await certificates.deactivate(id)).toMatchObject({ active: false, revision: revision + 1 });
    // Again changes nothing, and tells nobody.
    expect(await certificates.deactivate(id)).toMatchObject({ revision: revision + 1 });
    expect(await certificates.served('a.example')).toBeUndefined();
    await certificates.renew(id);
    expect(await certificates.served('a.example')).toBeUndefined();
    await certificates.activate(id);
    expect((await certificates.served('a.example'))?.generation).toBe(2);
    expect(await told(id)).toEqual(['created', 'issued', 'activated', 'deactivated', 'renewed', 'activated']);
    expect(await codeOf(certificates.activate('x'))).toBe('CERTIFICATE_NOT_FOUND');
  });

  it('activated anew, it takes its names back, and others are told; where it has them, nothing changes', async () => {
    const { certificates, told } = createTestCertificates();
    const one = await certificates.create({ subjectAltNames: ['a.example'] });
    await certificates.create({ subjectAltNames: ['a.example'] });
    const { revision } = await certificates.activate(one.id);
    // What other instances watch is the certificate.
    expect(revision).toBe(one.revision + 1);
    expect(await told(one.id)).toEqual(['created', 'issued', 'activated']);
    const version = await certificates.versions(['a.example']);
    expect(await certificates.activate(one.id)).toMatchObject({ revision });
    expect(await certificates.versions(['a.example'])).toEqual(version);
    expect(await told(one.id)).toHaveLength(3);
  });

  it('hands a name over within an account, and back when the later one goes', async () => {
    const { certificates } = createTestCertificates();
    const one = await certificates.create({ subjectAltNames: ['a.example', 'only.example'] });
    const two = await certificates.create({ subjectAltNames: ['a.example'] });
    const server = async (name: string) => (await certificates.served(name))?.certificateId;
    expect(await server('a.example')).toBe(two.id);
    expect(await server('only.example')).toBe(one.id);
    await certificates.renew(one.id);
    expect(await server('a.example')).toBe(two.id);
    await certificates.activate(one.id);
    expect(await server('a.example')).toBe(one.id);
    await certificates.activate(two.id);
    await certificates.revoke(two.id);
    expect(await server('a.example')).toBe(one.id);
    expect((await certificates.served('a.example'))?.generation).toBe(2);
    await certificates.delete(one.id);
    expect(await server('a.example')).toBeUndefined();
  });

  it('one that is pending holds its names, while the one before goes on serving them', async () => {
    const { certificates, issuer } = createTestCertificates();
    const one = await certificates.create({ subjectAltNames: ['a.example'] });
    issuer.next(async (_request, usual) => {
      expect((await certificates.served('a.example'))?.certificateId).toBe(one.id);
      return usual();
    });
    const two = await certificates.create({ subjectAltNames: ['a.example'] });
    expect((await certificates.served('a.example'))?.certificateId).toBe(two.id);
  });

  it('tells cheaply whether what is served has changed (X3)', async () => {
    const { certificates } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames: ['a.example', 'b.example'] });
    const names = ['a.example', 'none.example', 'b.example', '\0'];
    const first = await certificates.versions(names);
    expect(first.map((version) => typeof version)).toEqual(['string', 'undefined', 'string', 'undefined']);
    expect(await certificates.versions(names)).toEqual(first);
    await certificates.renew(id);
    const second = await certificates.versions(names);
    expect(second[0]).not.toBe(first[0]);
    expect(second[2]).not.toBe(first[2]);
    await certificates.deactivate(id);
    expect(await certificates.versions(names)).toEqual([undefined, undefined, undefined, undefined]);
    expect(await certificates.versions([])).toEqual([]);
  });

  it('tells of changes here at once, and in other instances where the storage can watch', async () => {
    const { certificates, another, storage } = createTestCertificates();
    await using instance = another();
    const here: CertificateChange[] = [];
    const there: CertificateChange[] = [];
    const off = certificates.on('changed', (change) => here.push(change));
    certificates.on('changed', () => {
      throw new Error('a listener of the host');
    });
    instance.on('changed', (change) => there.push(change));
    await instance.list({ limit: 1 });
    await certificates.list({ limit: 1 });
    // Subscriptions are under way: the first changes may pass before they stand.
    const { id } = await certificates.create({ subjectAltNames: ['a.example', 'email:x@a.example'] });
    // What the storage notices of a change before, and is read slowly, may follow.
    expect(here).toContainEqual({ id, generation: 1, names: ['a.example'] });
    if (!storage.capabilities.watch) return;
    for (let round = 1; there.length === 0; round++) {
      expect(round).toBeLessThan(500);
      await certificates.renew(id);
      for (let turn = 0; turn < 200 && there.length === 0; turn++)
        await new Promise((resolve) => setImmediate(resolve));
    }
    const { generation } = await certificates.renew(id);
    await until(() => there.some((change) => change.generation === generation));
    expect(there).toContainEqual({ id, generation, names: ['a.example'] });
    const count = there.length;
    await certificates.deactivate(id);
    await until(() => there.length > count);
    const before = here.length;
    await certificates.delete(id);
    expect(here.slice(before)).toContainEqual({ id, generation: 0, names: ['a.example'] });
    await until(() => there.some(({ names }) => names.length === 0));
    expect(there).toContainEqual({ id, generation: 0, names: [] });
    off();
    const told = here.length;
    await certificates.create({ subjectAltNames: ['b.example'] });
    expect(here).toHaveLength(told);
    await certificates.close();
    await certificates.close();
    expect(await codeOf(() => certificates.on('changes' as never, () => undefined))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => certificates.on('changed', 1 as never))).toBe('INVALID_ARGUMENT');
  });
});

describe('obtain', () => {
  it('gives what is served, or issues one, however many instances ask at once', async () => {
    const { certificates, another, issuer } = createTestCertificates();
    const instances = [certificates, another(), another()];
    const served = await Promise.all([...instances, ...instances].map((each) => each.obtain('New.example')));
    expect(new Set(served.map((one) => one?.certificateId)).size).toBe(1);
    expect(issuer.issued.size).toBe(1);
    expect((await certificates.list({ limit: 10 })).items).toHaveLength(1);
    const again = await certificates.obtain('new.example');
    expect(again?.chainPem).toBe(served[0]?.chainPem);
    expect(new X509Certificate(again?.chainPem ?? '').subjectAltName).toBe('DNS:new.example');
  });

  it('does not overrule who took a certificate out of service, nor keep what was refused', async () => {
    const { certificates, issuer } = createTestCertificates();
    const served = await certificates.obtain('a.example');
    await certificates.deactivate(served?.certificateId ?? '');
    expect(await certificates.obtain('a.example')).toBeUndefined();
    expect(issuer.requests).toHaveLength(1);
    issuer.next(() => Promise.reject(new PolicyError([{ rule: 'r', value: 'v', message: 'never' }])));
    expect(await codeOf(certificates.obtain('b.example'))).toBe('ISSUANCE_REFUSED');
    expect((await certificates.list({ limit: 10 })).items.map(({ name }) => name)).toEqual(['on-demand:a.example']);
    expect((await certificates.obtain('b.example'))?.names).toEqual(['b.example']);
    expect(await codeOf(certificates.obtain('email:x@a.example'))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(certificates.obtain('not a name'))).toBe('GENERAL_NAME_INVALID');
  });
});
