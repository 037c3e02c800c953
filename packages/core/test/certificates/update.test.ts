import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AcmeError, type CertificateManager, CertificateManager as Manager, PolicyError } from '../../src/index.ts';
import { parseCsr } from '../../src/x509/csr/csr.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { foreignCertificate } from '../support/scripted-issuer.ts';
import { settled } from '../support/settled.ts';
import { createTestAuthority } from '../support/test-authority.ts';
import { createTestCertificates, DAY } from '../support/test-certificates.ts';
import { testCsr } from '../support/test-keys.ts';
import { overriding, recordCommits } from '../support/test-storage.ts';

const subjectAltNames = ['a.example'];
const LEASE = 60_000;
const claimOne = async (certificates: CertificateManager, queue = 'test') =>
  (await certificates.claimJobs({ queue, limit: 10, leaseMs: LEASE }))[0];

const MALFORMED = [
  ['no patch', undefined],
  ['null', null],
  ['a text', 'web'],
  ['an unknown field', { active: true }],
  ['a name of two types', { name: ['web'] }],
  ['an empty name', { name: '' }],
  ['a name that no index takes', { name: 'x'.repeat(513) }],
  ['a name that only a TLS server gives', { name: 'on-demand:b.example' }],
  ['half a character', { name: 'a\uD800' }],
  ['a control character', { name: 'a\0b' }],
  ['renewal by a text', { autoRenew: 'yes' }],
  ['no answer to renewal', { autoRenew: null }],
  ['a lifetime of nothing', { validity: { days: 0 } }],
  ['a lifetime of an age', { validity: { days: 40_000 } }],
  ['two lifetimes', { validity: { days: 1, hours: 1 } }],
  ['a key of no kind', { keyAlgorithm: 'RSA-512' }],
  ['no key', { keyAlgorithm: null }],
  ['a prototype', JSON.parse('{"__proto__": {"name": "web"}}')],
] as const;

describe('update', () => {
  it('changes what the certificate is called, in one commit with its event; the name is unique', async () => {
    const { certificates, told, another } = createTestCertificates();
    const made = await certificates.create({ name: 'web', subjectAltNames });
    const other = await certificates.create({ name: 'taken', subjectAltNames: ['b.example'] });
    const updated = await certificates.update(made.id, { name: 'shop' });
    expect(updated).toEqual({
      ...made,
      name: 'shop',
      revision: made.revision + 1,
      version: updated.version,
      updatedAt: updated.updatedAt,
    });
    expect(updated.version).not.toBe(made.version);
    expect(await another().get(made.id)).toEqual(updated);
    expect(await certificates.getByName('web')).toBeUndefined();
    expect((await certificates.getByName('shop'))?.id).toBe(made.id);
    const taken = await rejection(certificates.update(made.id, { name: 'taken' }));
    expect(taken).toMatchObject({ code: 'CERTIFICATE_NAME_TAKEN', facts: { name: 'taken' } });
    expect(await certificates.get(made.id)).toEqual(updated);
    const nameless = await certificates.update(other.id, { name: null });
    expect(nameless.name).toBeUndefined();
    expect((await certificates.update(made.id, { name: 'taken' })).name).toBe('taken');
    expect(await told(made.id)).toEqual(['created', 'issued', 'updated', 'updated']);
  });

  it('tells in its event which fields have changed, and neither writes nor tells what has not', async () => {
    const recorded = { commits: [] as readonly (readonly unknown[])[] };
    const { certificates, events } = createTestCertificates({
      wrap: (storage) => {
        const { storage: wrapped, commits } = recordCommits(storage);
        recorded.commits = commits;
        return wrapped;
      },
    });
    const made = await certificates.create({ name: 'web', subjectAltNames, profile: 'short', validity: { days: 5 } });
    const before = recorded.commits.length;
    for (const same of [{}, { name: 'web', autoRenew: true }, { profile: 'short', validity: { hours: 120 } }])
      expect(await certificates.update(made.id, same, { ifVersion: made.version })).toEqual(made);
    expect(recorded.commits).toHaveLength(before);
    await certificates.update(made.id, { name: null, autoRenew: false, profile: null, keyAlgorithm: 'ECDSA-P256' });
    expect(recorded.commits).toHaveLength(before + 1);
    const { items } = await events.pending({ limit: 100 });
    const event = items.find(({ type }) => type === 'certificate.updated');
    expect(event?.data).toMatchObject({ certificateId: made.id, changed: ['name', 'autoRenew', 'profile'] });
  });

  it('refuses a change that was meant for another version, as every other verb does', async () => {
    const { certificates, issuer } = createTestCertificates();
    const seen = await certificates.create({ name: 'web', subjectAltNames: ['a.example', 'b.example'] });
    const present = await certificates.update(seen.id, { autoRenew: false });
    const { id } = seen;
    const condition = { ifVersion: seen.version };
    const verbs = [
      () => certificates.update(id, { name: 'mine' }, condition),
      () => certificates.update(id, {}, condition),
      () => certificates.activate(id, condition),
      () => certificates.deactivate(id, condition),
      () => certificates.renew(id, condition),
      () => certificates.renew(id, { ...condition, wait: false }),
      () => certificates.removeName(id, 'a.example', condition),
      () => certificates.revoke(id, condition),
      () => certificates.delete(id, condition),
    ];
    for (const verb of verbs)
      expect(await rejection(verb)).toMatchObject({ code: 'CERTIFICATE_CHANGED', facts: { certificateId: id } });
    expect(await certificates.get(id)).toEqual(present);
    expect(issuer.requests).toHaveLength(1);
    const left = await certificates.removeName(id, 'b.example', { ifVersion: present.version });
    const renewed = await certificates.renew(id, { ifVersion: left?.version as string });
    expect(renewed.generation).toBe(3);
    const idle = await certificates.deactivate(id, { ifVersion: renewed.version });
    const active = await certificates.activate(id, { ifVersion: idle.version });
    const revoked = await certificates.revoke(id, { ifVersion: active.version });
    expect(await codeOf(certificates.revoke(id, { ifVersion: active.version }))).toBe('CERTIFICATE_CHANGED');
    await certificates.delete(id, { ifVersion: revoked.version });
  });

  it('of many at one version lets one through', async () => {
    const { certificates, another } = createTestCertificates();
    const { id, version } = await certificates.create({ subjectAltNames });
    const instances = [certificates, another(), another()];
    const results = await Promise.all(
      instances.map((instance, at) => settled(instance.update(id, { name: `n${at}` }, { ifVersion: version }))),
    );
    expect(results.filter(({ error }) => error === undefined)).toHaveLength(1);
    expect(results.flatMap(({ error }) => error?.code ?? [])).toEqual(['CERTIFICATE_CHANGED', 'CERTIFICATE_CHANGED']);
    // Without a condition all of them go in, one after another.
    await Promise.all(instances.map((instance, at) => instance.update(id, { name: `m${at}` })));
    expect((await certificates.get(id)).name).toMatch(/^m\d$/);
  });

  it('of two certificates for one name lets one through', async () => {
    const { certificates, another } = createTestCertificates();
    const [one, other] = [
      await certificates.create({ subjectAltNames }),
      await certificates.create({ subjectAltNames: ['b.example'] }),
    ];
    const results = await Promise.all([
      settled(certificates.update(one.id, { name: 'web' })),
      settled(another().update(other.id, { name: 'web' })),
    ]);
    expect(results.flatMap(({ error }) => error?.code ?? [])).toEqual(['CERTIFICATE_NAME_TAKEN']);
    expect((await certificates.getByName('web'))?.id).toBe(results[0]?.error === undefined ? one.id : other.id);
  });

  it('has the job follow autoRenew in the same commit', async () => {
    const { certificates, clock } = createTestCertificates();
    const { id, renewAt, notAfter } = await certificates.create({ subjectAltNames });
    const due = (renewAt as Date).getTime();
    const off = await certificates.update(id, { autoRenew: false });
    expect(off).toMatchObject({ autoRenew: false });
    expect(off.renewAt).toBeUndefined();
    const job = await claimOne(certificates);
    expect(job).toMatchObject({ certificateId: id, reason: 'warning', autoRenew: false });
    // Who holds the job loses it.
    await certificates.update(id, { autoRenew: true });
    expect(await certificates.extendLease(job!, LEASE)).toBeUndefined();
    expect(await certificates.nextDueAt()).toBe(due);
    clock.set(due);
    expect(await claimOne(certificates)).toMatchObject({ reason: 'renewal', autoRenew: true });
    expect(clock.now()).toBeLessThan((notAfter as Date).getTime());
  });

  it('that switches renewal off stops one that is due and was not asked for yet', async () => {
    const { certificates, clock, issuer } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    clock.advance(70 * DAY);
    const job = await claimOne(certificates);
    await certificates.update(id, { autoRenew: false });
    expect(await certificates.renew(job!)).toMatchObject({ outcome: 'skipped' });
    expect(issuer.requests).toHaveLength(1);
    // On order it is renewed all the same, and the order keeps its turn.
    await certificates.renewAllBefore({ instant: clock.now(), limit: 10 });
    const ordered = await certificates.nextDueAt();
    await certificates.update(id, { autoRenew: true });
    await certificates.update(id, { autoRenew: false });
    expect(await certificates.nextDueAt()).toBe(ordered);
    expect(await certificates.renew((await claimOne(certificates))!)).toMatchObject({ outcome: 'renewed' });
    expect(issuer.requests).toHaveLength(2);
  });

  it('leaves the lease with whoever works at what is under way, and lets others take it once it has run out', async () => {
    const { certificates, another, clock, issuer } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    clock.advance(70 * DAY);
    const [job] = [await claimOne(certificates)];
    issuer.next(async (_request, usual) => {
      await another().update(id, { autoRenew: false, name: 'web' });
      expect(await claimOne(another())).toBeUndefined();
      expect(await certificates.extendLease(job!, LEASE)).toBeDefined();
      await another().update(id, { autoRenew: true });
      return usual();
    });
    expect(await certificates.renew(job!)).toMatchObject({ outcome: 'renewed' });
    expect(await certificates.get(id)).toMatchObject({ generation: 2, name: 'web', autoRenew: true });
    clock.advance(70 * DAY);
    const late = await claimOne(certificates);
    issuer.next(async (_request, usual) => {
      await certificates.extendLease(late!, LEASE);
      clock.advance(2 * LEASE);
      const taken = await claimOne(another());
      await another().update(id, { autoRenew: false });
      expect(await another().extendLease(taken!, LEASE)).toBeDefined();
      expect(await certificates.extendLease(late!, LEASE)).toBeUndefined();
      expect(await another().renew(taken!)).toMatchObject({ outcome: 'renewed' });
      return usual();
    });
    expect(await certificates.renew(late!)).toEqual({ outcome: 'skipped' });
    expect(await certificates.get(id)).toMatchObject({ generation: 3, autoRenew: false });
  });

  it('asks for the generations to come otherwise, and for what is under way as before', async () => {
    const { authority, clock, keyring, storage } = await createTestAuthority();
    const certificates = new Manager({ storage, keyring, clock, issuers: { test: authority } });
    const made = await certificates.create({ subjectAltNames, validity: { days: 9 }, wait: false });
    await certificates.update(made.id, { keyAlgorithm: 'ECDSA-P384', validity: { days: 20 } });
    const first = await certificates.renew(made.id);
    const days = (one: typeof first) => ((one.notAfter as Date).getTime() - (one.notBefore as Date).getTime()) / DAY;
    expect(Math.round(days(first))).toBe(9);
    const second = await certificates.renew(made.id);
    expect(second).toMatchObject({ generation: 2, keyAlgorithm: 'ECDSA-P384' });
    expect(Math.round(days(second))).toBe(20);
    const plain = await certificates.update(made.id, { validity: null });
    expect(plain.version).not.toBe(second.version);
  });

  it('makes the key anew that was made for a renewal while the kind was changed', async () => {
    let race = async () => undefined as void;
    const { certificates, another, issuer } = createTestCertificates({
      wrap: (storage) =>
        overriding(storage, {
          commit: async (writes) => {
            await race();
            return storage.commit(writes);
          },
        }),
    });
    const { id } = await certificates.create({ subjectAltNames });
    race = async () => {
      race = async () => undefined;
      await another().update(id, { keyAlgorithm: 'ECDSA-P384' });
    };
    expect(await certificates.renew(id)).toMatchObject({ generation: 2, keyAlgorithm: 'ECDSA-P384' });
    const { spki } = parseCsr(issuer.requests.at(-1)?.csrDer as Uint8Array);
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    expect(key.asymmetricKeyDetails?.namedCurve).toBe('secp384r1');
  });

  it('does not change the request of a generation that the issuer has had already', async () => {
    const { certificates, issuer } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames, profile: 'old', validity: { hours: 48 } });
    issuer.next(async (request) => {
      await certificates.update(id, { profile: 'new', validity: { hours: 24 } });
      throw new Error(`lost the answer to ${request.requestId}`);
    });
    await certificates.renew(id).catch(() => undefined);
    await certificates.renew(id);
    await certificates.renew(id);
    const [, lost, again, next] = issuer.requests;
    expect(again).toEqual({ ...lost, signal: again?.signal });
    expect([lost?.profile, again?.profile, next?.profile]).toEqual(['old', 'old', 'new']);
    expect(next?.validity).toEqual({ hours: 24 });
  });

  it('asks on the changed terms for what the issuer has said no to', async () => {
    const { certificates, issuer, clock } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    const refuse = () => Promise.reject(new AcmeError('ACME_UNSUPPORTED', 'no such profile'));
    await certificates.update(id, { profile: 'wrong' });
    issuer.next(refuse, refuse, refuse);
    expect(await codeOf(certificates.renew(id))).toBe('ACME_UNSUPPORTED');
    expect(await codeOf(certificates.renew(id))).toBe('ACME_UNSUPPORTED');
    expect((await certificates.get(id)).renewing).toBe(true);
    await certificates.update(id, { profile: null });
    clock.advance(120_000);
    const job = await claimOne(certificates);
    // What the issuer has had is asked for once more: it may have given it.
    expect(await codeOf(certificates.renew(job!))).toBe('ACME_UNSUPPORTED');
    await certificates.postpone(job!, { dueAt: clock.now() });
    expect(await certificates.renew((await claimOne(certificates))!)).toMatchObject({ outcome: 'renewed' });
    expect(issuer.requests.map(({ profile }) => profile)).toEqual([undefined, 'wrong', 'wrong', 'wrong', undefined]);
    expect(new Set(issuer.requests.map(({ requestId }) => requestId)).size).toBe(3);
  });

  it.each([
    ['profile', { profile: 'right' }],
    ['validity', { validity: { hours: 24 } }],
    ['kind of key', { keyAlgorithm: 'ECDSA-P384' }],
  ] as const)('asks with another %s for a first issue that was refused', async (_what, patch) => {
    const { certificates, issuer } = createTestCertificates();
    issuer.next(() => Promise.reject(new PolicyError([])));
    await rejection(certificates.create({ subjectAltNames, profile: 'wrong' }));
    const [failed] = (await certificates.list({ status: 'failed', limit: 1 })).items;
    await certificates.update(failed!.id, patch);
    expect(await certificates.renew(failed!.id)).toMatchObject({ state: 'issued', generation: 1 });
    const [first, next] = issuer.requests;
    expect(next?.requestId).not.toBe(first?.requestId);
    expect(next).toMatchObject('keyAlgorithm' in patch ? { profile: 'wrong' } : patch);
    const { spki } = parseCsr(next?.csrDer as Uint8Array);
    const { namedCurve } = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
      .asymmetricKeyDetails!;
    expect(namedCurve).toBe('keyAlgorithm' in patch ? 'secp384r1' : 'prime256v1');
  });

  it('asks otherwise by the same CSR where the key is kept elsewhere', async () => {
    const { certificates, issuer } = createTestCertificates();
    issuer.next(() => Promise.reject(new PolicyError([])));
    await rejection(
      certificates.create({ subjectAltNames, profile: 'wrong', csr: await testCsr({ names: subjectAltNames }) }),
    );
    const [failed] = (await certificates.list({ status: 'failed', limit: 1 })).items;
    await certificates.update(failed!.id, { profile: null });
    expect(await certificates.renew(failed!.id)).toMatchObject({ state: 'issued', hasPrivateKey: false });
    const [first, next] = issuer.requests;
    expect(next?.csrDer).toEqual(first?.csrDer);
    expect(next?.requestId).not.toBe(first?.requestId);
    expect(next).not.toHaveProperty('profile');
  });

  it('leaves its name to one that was issued on demand: by that it is one', async () => {
    const { certificates, issuer } = createTestCertificates();
    await certificates.obtain('a.example');
    const made = await certificates.getByName('on-demand:a.example');
    for (const name of ['web', null])
      expect(await codeOf(certificates.update(made!.id, { name }))).toBe('INVALID_ARGUMENT');
    expect(await certificates.update(made!.id, { autoRenew: false })).toMatchObject({ name: 'on-demand:a.example' });
    // Otherwise a handshake would undo this.
    await certificates.deactivate(made!.id);
    expect(await certificates.obtain('a.example')).toBeUndefined();
    expect(issuer.requests).toHaveLength(1);
  });

  it('names one that failed without holding the name, until it is tried again', async () => {
    const { certificates, issuer } = createTestCertificates();
    issuer.next(() => Promise.reject(new PolicyError([{ rule: 'names', value: 'a.example', message: 'no' }])));
    await rejection(certificates.create({ name: 'web', subjectAltNames }));
    const [failed] = (await certificates.list({ status: 'failed', limit: 1 })).items;
    const { id } = await certificates.create({ name: 'shop', subjectAltNames: ['b.example'] });
    expect((await certificates.update(failed!.id, { name: 'shop', autoRenew: false })).name).toBe('shop');
    expect((await certificates.getByName('shop'))?.id).toBe(id);
    expect(await certificates.get(failed!.id)).toMatchObject({
      state: 'failed',
      failure: { code: 'ISSUANCE_REFUSED' },
    });
    expect(await codeOf(certificates.renew(failed!.id))).toBe('CERTIFICATE_NAME_TAKEN');
    await certificates.update(failed!.id, { name: 'free' });
    expect(await certificates.renew(failed!.id)).toMatchObject({ state: 'issued', name: 'free', autoRenew: false });
  });

  it('refuses what is malformed, and changes nothing', async () => {
    const { certificates } = createTestCertificates();
    const made = await certificates.create({ subjectAltNames, wait: false });
    for (const [what, patch] of MALFORMED)
      expect([what, await codeOf(certificates.update(made.id, patch as never))]).toEqual([what, 'INVALID_ARGUMENT']);
    expect(await certificates.get(made.id)).toEqual(made);
  });

  it('refuses what the certificate cannot have, an unknown one, a revoked one, and options of its own making', async () => {
    const { certificates } = createTestCertificates();
    const made = await certificates.create({ subjectAltNames });
    const { id } = made;
    for (const options of [null, 7, { ifVersion: 7 }, { ifVersion: null }, { version: made.version }, { signal: 1 }])
      expect(await codeOf(certificates.update(id, { name: 'web' }, options as never))).toBe('INVALID_ARGUMENT');
    for (const options of [{ ifVersion: 7 }, { ifVersion: null }, { ifRevision: 1 }] as never[]) {
      expect(await codeOf(certificates.activate(id, options))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(certificates.delete(id, options))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(certificates.renew(id, options))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(certificates.revoke(id, options))).toBe('INVALID_ARGUMENT');
    }
    expect(await codeOf(certificates.update(id, { name: 'web' }, { signal: AbortSignal.abort() }))).toBe('ABORTED');
    expect(await certificates.get(id)).toEqual(made);
    for (const unknown of ['x', '', undefined, '01900000-0000-7000-8000-000000000000'] as string[])
      expect(await codeOf(certificates.update(unknown, { name: 'web' }))).toBe('CERTIFICATE_NOT_FOUND');
    await certificates.revoke(id);
    expect(await codeOf(certificates.update(id, { name: 'web' }))).toBe('CERTIFICATE_REVOKED');
    const elsewhere = await certificates.create({ subjectAltNames: ['b.example'], csr: await testCsr({}) });
    expect(await codeOf(certificates.update(elsewhere.id, { keyAlgorithm: 'Ed25519' }))).toBe('INVALID_ARGUMENT');
    expect((await certificates.update(elsewhere.id, { autoRenew: false })).autoRenew).toBe(false);
    const foreign = await foreignCertificate(['c.example']);
    const imported = await certificates.import(foreign);
    expect(await codeOf(certificates.update(imported.id, { autoRenew: true }))).toBe('CERTIFICATE_NOT_RENEWABLE');
    expect((await certificates.update(imported.id, { name: 'old' })).name).toBe('old');
  });
});

describe('the text of a failure', () => {
  it('is one that every storage takes, in the certificate as in the event, whoever has failed', async () => {
    const { certificates, clock, issuer, events } = createTestCertificates();
    const hostile = `A${'\0'}B\uD800C${'x'.repeat(2_000)}`;
    const text = `AB\uFFFDC${'x'.repeat(995)}`;
    const refused = `Issuance refused: AB\uFFFDC${'x'.repeat(977)}`;
    issuer.next(() => Promise.reject(new PolicyError([{ rule: 'names', value: 'a.example', message: hostile }])));
    await rejection(certificates.create({ subjectAltNames }));
    const [failed] = (await certificates.list({ status: 'failed', limit: 1 })).items;
    expect(failed?.failure?.message).toBe(refused);
    await certificates.renew(failed!.id);
    clock.advance(70 * DAY);
    const job = await claimOne(certificates);
    await certificates.postpone(job!, { dueAt: clock.now(), failure: { code: 'FAILED', message: hostile } });
    expect((await certificates.get(failed!.id)).failure).toMatchObject({ code: 'FAILED', message: text });
    const { items } = await events.pending({ limit: 100 });
    const messages = items.flatMap(({ data }) => (data as { message?: string }).message ?? []);
    expect(messages).toEqual([refused, text]);
    clock.advance(DAY);
    // The cut divides a pair of surrogates.
    const failure = { code: 'FAILED', message: `${'x'.repeat(999)}\u{1F600}` };
    await certificates.postpone((await claimOne(certificates))!, { dueAt: clock.now(), failure });
    expect((await certificates.get(failed!.id)).failure?.message).toBe(`${'x'.repeat(999)}\uFFFD`);
  });
});
