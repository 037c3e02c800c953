import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CertificateManager, ChanceryError, StorageError } from '../../src/index.ts';
import { parseCsr } from '../../src/x509/csr/csr.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { createTestAuthority } from '../support/test-authority.ts';
import { createTestCertificates, DAY } from '../support/test-certificates.ts';
import { testCsr } from '../support/test-keys.ts';

const subjectAltNames = ['a.example'];

describe('renew', () => {
  it('issues a generation with a new key, and keeps the old one until its grace has passed (S4-7, X3)', async () => {
    const { certificates, issuer, clock, told, storage } = createTestCertificates({ graceMs: DAY });
    const keys = async () => storage.count({ collection: 'certificate_keys', index: 'byAge', upTo: 10 });
    const first = await certificates.create({ subjectAltNames });
    const before = await certificates.served('a.example');
    clock.advance(60 * DAY);
    const second = await certificates.renew(first.id);
    expect(second).toMatchObject({ id: first.id, generation: 2, status: 'valid' });
    expect(second.sha256Fingerprint).not.toBe(first.sha256Fingerprint);
    const spkis = issuer.requests.map(({ csrDer }) => Buffer.from(parseCsr(csrDer).spki).toString('hex'));
    expect(new Set(spkis).size).toBe(2);
    expect(issuer.requests[1]?.replaces).toBe(first.serialNumber);
    const after = await certificates.served('a.example');
    expect(after?.privateKeyPem).not.toBe(before?.privateKeyPem);
    expect(after).toMatchObject({
      certificateId: first.id,
      generation: 2,
      names: ['a.example'],
      chainPem: second.chainPem,
    });
    expect(await keys()).toBe(2);
    clock.advance(DAY);
    expect(await keys()).toBe(1);
    // Whoever presented the old generation is still known by it.
    const der = (pem: string | undefined) => new Uint8Array(new X509Certificate(pem as string).raw);
    const status = certificates.certificateStatus();
    expect(await status.identify(der(first.chainPem))).toEqual({ certificateId: first.id, status: 'good' });
    expect(await status.identify(der(second.chainPem))).toEqual({ certificateId: first.id, status: 'good' });
    clock.advance(29 * DAY + 1);
    expect(await status.identify(der(first.chainPem))).toBeUndefined();
    expect(await told(first.id)).toEqual(['created', 'issued', 'renewed']);
  });

  it('keeps no key for longer than its certificate lasts', async () => {
    const { certificates, clock, storage } = createTestCertificates({ lifetimeDays: 1, graceMs: 10 * DAY });
    const { id } = await certificates.create({ subjectAltNames });
    clock.advance(DAY / 2);
    await certificates.renew(id);
    const keys = () => storage.count({ collection: 'certificate_keys', index: 'byAge', upTo: 10 });
    expect(await keys()).toBe(2);
    clock.advance(DAY / 2 + 1);
    expect(await keys()).toBe(1);
  });

  it('keeps the key where it is asked to', async () => {
    const { certificates, issuer } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    const { privateKeyPem } = await certificates.export(id, { format: 'pem' });
    await certificates.renew(id, { rekey: false });
    expect((await certificates.export(id, { format: 'pem' })).privateKeyPem).toBe(privateKeyPem);
    const [one, two] = issuer.requests.map(({ csrDer }) => parseCsr(csrDer).spki);
    expect(two).toEqual(one);
    await certificates.renew(id);
    expect((await certificates.export(id, { format: 'pem' })).privateKeyPem).not.toBe(privateKeyPem);
  });

  it('asked for by 20 at once, from several instances, issues once, with the real authority', async () => {
    const { authority, another, clock, keyring, storage } = await createTestAuthority();
    const instance = (issuer = authority, on = storage) =>
      new CertificateManager({ storage: on, keyring, clock, issuers: { internal: issuer } });
    const instances = [instance(), instance(another()), instance()];
    const { id } = await (instances[0] as CertificateManager).create({ subjectAltNames });
    const renewals = Array.from({ length: 20 }, (_, at) => (instances[at % 3] as CertificateManager).renew(id));
    const renewed = await Promise.all(renewals);
    expect(new Set(renewed.map(({ generation, serialNumber }) => `${generation}/${serialNumber}`)).size).toBe(1);
    expect(renewed[0]?.generation).toBe(2);
    expect((await authority.list({ limit: 10 })).items).toHaveLength(2);
  });

  it('that fails leaves the old generation serving, and the renewal planned; the next attempt resumes', async () => {
    const { certificates, issuer, clock } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    const failure = new StorageError('STORAGE_UNAVAILABLE', 'gone', { retryable: true, outcome: 'none' });
    issuer.next(() => Promise.reject(failure));
    expect(await rejection(certificates.renew(id))).toBe(failure);
    expect(await certificates.get(id)).toMatchObject({ generation: 1, status: 'valid', renewing: true });
    expect((await certificates.served('a.example'))?.generation).toBe(1);
    clock.advance(120_000);
    const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
    expect(job).toMatchObject({ certificateId: id, reason: 'resume', generation: 1 });
    expect(await certificates.renew(job!)).toMatchObject({ outcome: 'renewed' });
    expect(await certificates.get(id)).toMatchObject({ generation: 2, renewing: false });
    expect(issuer.requests[1]?.requestId).toBe(issuer.requests[2]?.requestId);
    expect(issuer.issued.size).toBe(2);
  });

  it('whose answer is refused is begun anew by the job, with another key and request', async () => {
    const { certificates, issuer, clock } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    issuer.next(async (request) => ({ chainPem: await issuer.sign(request, { names: ['evil.example'] }) }));
    expect(await codeOf(certificates.renew(id))).toBe('ISSUER_ANSWER_REFUSED');
    expect(await certificates.get(id)).toMatchObject({ generation: 1, renewing: false });
    clock.advance(120_000);
    const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
    expect(await certificates.renew(job!)).toMatchObject({ outcome: 'renewed' });
    expect(issuer.requests[2]?.requestId).not.toBe(issuer.requests[1]?.requestId);
  });

  it('takes a CSR where the key is kept elsewhere, and asks for one by an event', async () => {
    const { certificates, clock, told } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames, csr: await testCsr({}) });
    expect(await codeOf(certificates.renew(id))).toBe('CSR_REQUIRED');
    clock.advance(61 * DAY);
    const claim = async () => (await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 }))[0];
    const job = await claim();
    expect(job).toMatchObject({ reason: 'renewal' });
    const result = await certificates.renew(job!);
    expect(result).toMatchObject({ outcome: 'skipped' });
    expect(await told(id)).toEqual(['created', 'issued', 'renewal_required']);
    // Told once; from then on the job is there for the warnings.
    expect(await claim()).toMatchObject({ reason: 'warning' });
    const csr = await testCsr({ subject: 'CN=a.example' });
    expect(await certificates.renew(id, { csr })).toMatchObject({ generation: 2 });
    clock.advance(61 * DAY);
    expect(await claim()).toMatchObject({ reason: 'renewal', generation: 2 });
  });

  it('without wait leaves it to a scheduler, and is refused for what nobody can renew', async () => {
    const { certificates, issuer } = createTestCertificates();
    const made = await certificates.create({ subjectAltNames });
    const { chainPem, privateKeyPem } = await certificates.export(made.id, { format: 'pem' });
    const pending = await certificates.renew(made.id, { wait: false });
    expect(pending).toMatchObject({ generation: 1, renewing: true });
    expect(issuer.requests).toHaveLength(1);
    await certificates.delete(made.id);
    const imported = await certificates.import({ chainPem, privateKeyPem });
    expect(imported.renewAt).toBeUndefined();
    expect(await codeOf(certificates.renew(imported.id))).toBe('CERTIFICATE_NOT_RENEWABLE');
    expect(await codeOf(certificates.renew('0198c0de-0000-7000-8000-000000000000'))).toBe('CERTIFICATE_NOT_FOUND');
    expect(await codeOf(certificates.renew(imported.id, { rekey: 'yes' as never }))).toBe('INVALID_ARGUMENT');
    const own = await certificates.create({ subjectAltNames: ['b.example', 'c.example'] });
    const csr = await testCsr({});
    // Its key is made here: what another key would be certified for is not what is asked.
    expect(await codeOf(certificates.renew(own.id, { csr }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(certificates.removeName(own.id, 'c.example', { csr }))).toBe('INVALID_ARGUMENT');
    expect(await certificates.get(own.id)).toEqual(own);
  });

  it('by an instance that does not know the issuer is refused, and nothing changes', async () => {
    const { certificates, another, issuer } = createTestCertificates();
    const made = await certificates.create({ subjectAltNames });
    const stranger = another({ issuers: { other: issuer } });
    expect(await codeOf(stranger.renew(made.id))).toBe('ISSUER_UNKNOWN');
    expect(await certificates.get(made.id)).toEqual(made);
  });
});

describe('processors', () => {
  it('see each generation before it is served; as long as one throws, the old one goes on (S4-23)', async () => {
    const seen: string[] = [];
    let refuse = false;
    const processors = [
      (generation: { generation: number }) => void seen.push(`first ${generation.generation}`),
      async (generation: { generation: number; chainPem: string }) => {
        expect(JSON.stringify(generation)).not.toContain('PRIVATE');
        seen.push(`second ${generation.generation}`);
        if (refuse) throw new Error('not yet: hunter2');
      },
    ];
    const { certificates, issuer } = createTestCertificates({ processors });
    const { id } = await certificates.create({ subjectAltNames });
    expect(seen).toEqual(['first 1', 'second 1']);
    refuse = true;
    const error = await rejection(certificates.renew(id));
    expect(error).toBeInstanceOf(ChanceryError);
    expect(error.code).toBe('PROCESSOR_FAILED');
    expect(error.message).not.toContain('hunter2');
    expect((await certificates.served('a.example'))?.generation).toBe(1);
    refuse = false;
    expect(await certificates.renew(id)).toMatchObject({ generation: 2 });
    expect(seen).toEqual(['first 1', 'second 1', 'first 2', 'second 2', 'first 2', 'second 2']);
    expect(issuer.issued.size).toBe(2);
    refuse = true;
    await rejection(certificates.create({ name: 'new', subjectAltNames: ['b.example'] }));
    // The issuer did its part: a scheduler goes on.
    expect(await certificates.getByName('new')).toMatchObject({ state: 'pending' });
  });
});
