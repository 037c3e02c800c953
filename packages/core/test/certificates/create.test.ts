import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CertificateManager, PolicyError } from '../../src/index.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { createTestAuthority } from '../support/test-authority.ts';
import { createTestCertificates, DAY } from '../support/test-certificates.ts';
import { testCsr } from '../support/test-keys.ts';

describe('create', () => {
  it('makes key, CSR and certificate, from the real authority, and gives no key away (S0-7, S4-6)', async () => {
    const { authority, clock, keyring, storage, events } = await createTestAuthority();
    const certificates = new CertificateManager({ storage, keyring, clock, events, issuers: { internal: authority } });
    const made = await certificates.create({
      name: 'web',
      subjectAltNames: ['Www.Example.com', 'ip:10.0.0.1'],
      profile: 'server',
    });
    expect(made).toMatchObject({
      name: 'web',
      issuer: 'internal',
      state: 'issued',
      status: 'valid',
      active: true,
      autoRenew: true,
      hasPrivateKey: true,
      keyAlgorithm: 'ECDSA-P256',
      subjectAltNames: ['www.example.com', 'ip:10.0.0.1'],
      generation: 1,
      renewing: false,
    });
    const leaf = new X509Certificate(made.chainPem as string);
    expect(leaf.subjectAltName).toBe('DNS:www.example.com, IP Address:10.0.0.1');
    expect(leaf.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(made.sha256Fingerprint);
    expect(leaf.serialNumber.toLowerCase()).toBe(made.serialNumber);
    const lifetime = (made.notAfter as Date).getTime() - (made.notBefore as Date).getTime();
    const renewalAge = (made.renewAt as Date).getTime() - (made.notBefore as Date).getTime();
    expect(renewalAge / lifetime).toBeGreaterThan(0.61);
    expect(renewalAge / lifetime).toBeLessThan(0.667);
    expect(JSON.stringify(made)).not.toMatch(/PRIVATE|privateKeyPem/);
    const { privateKeyPem } = await certificates.export(made.id, { format: 'pem' });
    expect(leaf.checkPrivateKey(createPrivateKey(privateKeyPem))).toBe(true);
    expect(await certificates.get(made.id)).toMatchObject({ id: made.id, chainPem: made.chainPem });
    expect(await certificates.getByName('web')).toMatchObject({ id: made.id });
    expect((await authority.list({ limit: 10 })).items).toHaveLength(1);
  });

  it('stores key and request before the issuer is asked, and asks by the id of the generation', async () => {
    const { certificates, issuer, another } = createTestCertificates();
    issuer.next(async (_request, usual) => {
      const [pending] = (await another().list({ limit: 10 })).items;
      expect(pending).toMatchObject({ state: 'pending', status: 'pending', generation: 0 });
      return usual();
    });
    const { id } = await certificates.create({ subjectAltNames: ['a.example'], validity: { days: 30 }, profile: 'p' });
    expect(issuer.requests).toHaveLength(1);
    expect(issuer.requests[0]).toMatchObject({
      subjectAltNames: ['a.example'],
      profile: 'p',
      validity: { hours: 720 },
    });
    await certificates.renew(id);
    const [first, second] = issuer.requests;
    expect(second?.requestId).not.toBe(first?.requestId);
    expect(second?.replaces).toMatch(/^[0-9a-f]+$/);
  });

  it('returns it pending without wait, for a scheduler to go on with', async () => {
    const { certificates, issuer, clock, told } = createTestCertificates();
    const made = await certificates.create({ subjectAltNames: ['a.example'], wait: false });
    expect(made).toMatchObject({ state: 'pending', generation: 0, subjectAltNames: ['a.example'] });
    expect(made.notAfter).toBeUndefined();
    expect(issuer.requests).toHaveLength(0);
    expect(await certificates.served('a.example')).toBeUndefined();
    clock.advance(120_000);
    const [job] = await certificates.claimJobs({ queue: 'test', limit: 10, leaseMs: 60_000 });
    expect(job).toMatchObject({ certificateId: made.id, reason: 'first-issue', generation: 0 });
    expect(await certificates.renew(job!)).toMatchObject({ outcome: 'renewed' });
    expect((await certificates.get(made.id)).status).toBe('valid');
    expect(await told(made.id)).toEqual(['created', 'issued']);
  });

  it('waits for an issuer that is still at work, for as long as the signal allows', async () => {
    const { certificates, issuer, clock } = createTestCertificates();
    const start = clock.now();
    issuer.next(
      async () => ({ pending: true, retryAt: new Date(clock.now() + 5_000) }),
      async () => ({ pending: true, retryAt: new Date(clock.now() + 600_000) }),
      async () => ({ pending: true, retryAt: new Date(clock.now() - 1) }),
    );
    const made = await certificates.create({ subjectAltNames: ['a.example'] });
    expect(made.status).toBe('valid');
    // As asked, but at least every minute, and never at once.
    expect(clock.now() - start).toBe(5_000 + 60_000 + 250);
    expect(new Set(issuer.requests.map(({ requestId }) => requestId)).size).toBe(1);
    const abort = new AbortController();
    issuer.next(async () => {
      abort.abort();
      return { pending: true, retryAt: new Date(clock.now() + 1) };
    });
    const name = 'aborted';
    expect(await codeOf(certificates.create({ name, subjectAltNames: ['b.example'], signal: abort.signal }))).toBe(
      'ABORTED',
    );
    expect(await certificates.getByName(name)).toMatchObject({ state: 'pending' });
  });

  it('keeps a first issue that failed as failed, and frees its name and names; renew tries it again', async () => {
    const { certificates, issuer, told } = createTestCertificates();
    issuer.next(() => {
      throw new PolicyError([{ rule: 'r', value: 'v', message: 'the name is refused' }]);
    });
    const error = await rejection(certificates.create({ name: 'web', subjectAltNames: ['a.example'] }));
    expect(error.code).toBe('ISSUANCE_REFUSED');
    const { items } = await certificates.list({ status: 'failed', limit: 10 });
    expect(items).toHaveLength(1);
    const [failed] = items as [(typeof items)[0]];
    expect(failed).toMatchObject({ name: 'web', status: 'failed', failure: { code: 'ISSUANCE_REFUSED' } });
    expect(failed.failure?.message).toContain('the name is refused');
    expect(await certificates.getByName('web')).toBeUndefined();
    expect(await certificates.nextDueAt()).toBeUndefined();
    expect(await codeOf(certificates.activate(failed.id))).toBe('CERTIFICATE_NOT_ISSUED');
    const renewed = await certificates.renew(failed.id);
    expect(renewed).toMatchObject({ id: failed.id, state: 'issued', generation: 1 });
    expect(renewed.failure).toBeUndefined();
    expect((await certificates.getByName('web'))?.id).toBe(failed.id);
    expect((await certificates.served('a.example'))?.certificateId).toBe(failed.id);
    expect(await told(failed.id)).toEqual(['created', 'failed', 'issued']);
    // The same key and request as before.
    expect(new Set(issuer.requests.map(({ requestId }) => requestId)).size).toBe(1);
  });

  it("one that has failed is not brought back by whoever was still asking: its names may be another's", async () => {
    const { certificates, another, issuer } = createTestCertificates();
    const other = another();
    let late: Promise<unknown> | undefined;
    let failed = (): void => undefined;
    const failing = new Promise<void>((resolve) => {
      failed = resolve;
    });
    issuer.next(
      async () => {
        const [pending] = (await other.list({ limit: 1 })).items;
        late = codeOf(other.renew(pending!.id));
        // It asks, and hangs.
        while (issuer.requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
        throw new PolicyError([{ rule: 'r', value: 'v', message: 'm' }]);
      },
      async (_request, usual) => {
        await failing;
        return usual();
      },
    );
    expect(await codeOf(certificates.create({ subjectAltNames: ['a.example'] }))).toBe('ISSUANCE_REFUSED');
    failed();
    expect(await late).toBe('CERTIFICATE_NOT_ISSUED');
    const [certificate] = (await certificates.list({ limit: 1 })).items;
    expect(certificate).toMatchObject({ status: 'failed', generation: 0 });
    expect(await certificates.served('a.example')).toBeUndefined();
    expect(await certificates.renew(certificate!.id)).toMatchObject({ generation: 1, status: 'valid' });
    expect(issuer.issued.size).toBe(1);
  });

  it('a name that was freed by a failure may be gone when it is tried again', async () => {
    const { certificates, issuer } = createTestCertificates();
    issuer.next(() => Promise.reject(new PolicyError([{ rule: 'r', value: 'v', message: 'm' }])));
    await rejection(certificates.create({ name: 'web', subjectAltNames: ['a.example'] }));
    const [failed] = (await certificates.list({ limit: 1 })).items;
    await certificates.create({ name: 'web', subjectAltNames: ['b.example'] });
    expect(await codeOf(certificates.renew(failed!.id))).toBe('CERTIFICATE_NAME_TAKEN');
    expect((await certificates.get(failed!.id)).state).toBe('failed');
  });

  it('has one certificate a name (S4-6)', async () => {
    const { certificates, another, issuer } = createTestCertificates();
    const instances = [certificates, another(), another()];
    const made = await Promise.allSettled(
      [...instances, ...instances].map((each) => each.create({ name: 'one', subjectAltNames: ['a.example'] })),
    );
    const codes = made.map((one) => (one.status === 'fulfilled' ? 'made' : one.reason.code));
    expect(codes.filter((code) => code === 'made')).toHaveLength(1);
    expect(codes.filter((code) => code === 'CERTIFICATE_NAME_TAKEN')).toHaveLength(5);
    expect(issuer.requests).toHaveLength(1);
    expect((await certificates.list({ limit: 10 })).items).toHaveLength(1);
  });

  it('takes a CSR whose key stays elsewhere', async () => {
    const { certificates } = createTestCertificates();
    const csr = await testCsr({ names: ['a.example'] });
    const made = await certificates.create({ subjectAltNames: ['a.example'], csr });
    expect(made).toMatchObject({ status: 'valid', hasPrivateKey: false, active: true });
    expect(made.keyAlgorithm).toBeUndefined();
    expect(await certificates.served('a.example')).toBeUndefined();
    expect(await codeOf(certificates.export(made.id, { format: 'pem' }))).toBe('PRIVATE_KEY_NOT_HELD');
    // A CSR that somebody copied proves nothing.
    const forged = csr.slice();
    forged[forged.length - 5] = (forged.at(-5) as number) ^ 1;
    const answer = await codeOf(certificates.create({ subjectAltNames: ['a.example'], csr: forged }));
    expect(['CSR_SIGNATURE_INVALID', 'CSR_INVALID']).toContain(answer);
  });
});

describe('list', () => {
  it('by account, status, activity and expiry, soonest first, page by page (S0-8)', async () => {
    const { certificates, clock } = createTestCertificates();
    const ids: string[] = [];
    for (const [at, days] of [30, 10, 20, 40].entries()) {
      const validity = { days };
      // The scripted issuer gives 90 days, so that order comes from when each was made.
      clock.advance((at + 1) * DAY);
      ids.push((await certificates.create({ subjectAltNames: [`n${at}.example`], validity })).id);
    }
    const pending = await certificates.create({ subjectAltNames: ['p.example'], wait: false });
    await certificates.deactivate(ids[1] as string);
    const idsOf = async (options: object) =>
      (await certificates.list({ limit: 10, ...options })).items.map(({ id }) => id);
    expect(await idsOf({})).toEqual([...ids, pending.id]);
    expect(await idsOf({ status: 'pending' })).toEqual([pending.id]);
    expect(await idsOf({ active: false })).toEqual([ids[1]]);
    expect(await idsOf({ active: true, status: 'valid' })).toEqual([ids[0], ids[2], ids[3]]);
    const second = await certificates.get(ids[1] as string);
    expect(await idsOf({ expiresBefore: second.notAfter })).toEqual([ids[0]]);
    const pages: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await certificates.list({ limit: 2, active: true, ...(cursor === undefined ? {} : { cursor }) });
      expect(page.items.length).toBeLessThanOrEqual(2);
      pages.push(...page.items.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(pages).toEqual([ids[0], ids[2], ids[3], pending.id]);
    clock.set((second.notAfter as Date).getTime() + 1);
    expect(await idsOf({ status: 'expired' })).toEqual([ids[0], ids[1]]);
    expect((await certificates.get(ids[0] as string)).status).toBe('expired');
    expect(await codeOf(certificates.list({ limit: 0 }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(certificates.list({ limit: 1, status: 'good' as never }))).toBe('INVALID_ARGUMENT');
  });
});
