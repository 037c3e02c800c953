import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CertificateManager, type StorageBackend, StorageError } from '../../src/index.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { createTestAuthority } from '../support/test-authority.ts';
import { createTestCertificates, DAY } from '../support/test-certificates.ts';
import { overriding, storageSize } from '../support/test-storage.ts';

const subjectAltNames = ['a.example'];
const derOf = (pem: string | undefined) => new Uint8Array(new X509Certificate(pem as string).raw);

describe('revoke', () => {
  it('takes it out of service and has the real authority revoke all generations that have not ended', async () => {
    const { authority, clock, keyring, storage } = await createTestAuthority();
    const certificates = new CertificateManager({ storage, keyring, clock, issuers: { internal: authority } });
    const first = await certificates.create({ name: 'web', subjectAltNames });
    const second = await certificates.renew(first.id);
    const revoked = await certificates.revoke(first.id, { reason: 'keyCompromise' });
    expect(revoked).toMatchObject({ status: 'revoked', active: false, revocationReason: 'keyCompromise' });
    expect(revoked.revokedAt).toEqual(new Date(clock.now()));
    for (const serial of [first.serialNumber, second.serialNumber]) {
      expect(await authority.get(serial as string)).toMatchObject({ status: 'revoked', reason: 'keyCompromise' });
    }
    expect(await certificates.served('a.example')).toBeUndefined();
    expect(await certificates.nextDueAt()).toBeUndefined();
    const status = certificates.certificateStatus();
    for (const { chainPem } of [first, second])
      expect(await status.identify(derOf(chainPem))).toEqual({ certificateId: first.id, status: 'revoked' });
    // Again is the same; its name is free.
    expect(await certificates.revoke(first.id, { reason: 'superseded' })).toEqual(revoked);
    expect(await codeOf(certificates.renew(first.id))).toBe('CERTIFICATE_REVOKED');
    expect(await codeOf(certificates.activate(first.id))).toBe('CERTIFICATE_REVOKED');
    expect(await codeOf(certificates.removeName(first.id, 'a.example'))).toBe('CERTIFICATE_REVOKED');
    expect((await certificates.create({ name: 'web', subjectAltNames })).status).toBe('valid');
  });

  it('the port of the authority takes its own certificates alone, and repeats itself without complaint', async () => {
    const { authority } = await createTestAuthority();
    const { certificatePem, serialNumber } = await authority.issue({ subjectAltNames });
    const certificateDer = derOf(certificatePem);
    const forged = certificateDer.slice();
    forged[forged.length - 1] = (forged.at(-1) as number) ^ 1;
    expect(await codeOf(authority.revokeCertificate({ certificateDer: forged }))).toBe('CERTIFICATE_NOT_FOUND');
    expect((await authority.get(serialNumber)).status).toBe('valid');
    await authority.revokeCertificate({ certificateDer, reason: 'certificateHold' });
    await authority.revokeCertificate({ certificateDer, reason: 'certificateHold' });
    expect((await authority.get(serialNumber)).status).toBe('onHold');
    await authority.revokeCertificate({ certificateDer, reason: 'superseded' });
    await authority.revokeCertificate({ certificateDer });
    expect(await authority.get(serialNumber)).toMatchObject({ status: 'revoked', reason: 'superseded' });
    expect(await codeOf(authority.revokeCertificate({ certificateDer, reason: 'x' as never }))).toBe(
      'INVALID_ARGUMENT',
    );
    expect(await codeOf(authority.revokeCertificate({ certificateDer: new Uint8Array(3) }))).toBe(
      'CERTIFICATE_INVALID',
    );
  });

  it('whose issuer is down is in force here at once, and resumed by a scheduler', async () => {
    const { certificates, issuer, clock, told } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    const down = new StorageError('STORAGE_UNAVAILABLE', 'down');
    issuer.onRevoke = () => {
      throw down;
    };
    expect(await rejection(certificates.revoke(id))).toBe(down);
    expect((await certificates.get(id)).status).toBe('revoked');
    expect(await certificates.served('a.example')).toBeUndefined();
    issuer.onRevoke = () => undefined;
    clock.advance(120_000);
    const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
    expect(job).toMatchObject({ reason: 'resume' });
    await certificates.renew(job!);
    expect([...issuer.revoked.values()]).toEqual(['unspecified']);
    expect(await certificates.nextDueAt()).toBeUndefined();
    expect(await told(id)).toEqual(['created', 'issued', 'revoked']);
  });

  it('is tried again as soon as any other that fails, however often renewals have failed before', async () => {
    const { certificates, issuer, clock } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    await certificates.renew(id, { wait: false });
    clock.advance(120_000);
    const [failed] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
    await certificates.postpone(failed!, { dueAt: clock.now() + DAY, failure: { code: 'X', message: 'failed' } });
    issuer.onRevoke = () => {
      throw new StorageError('STORAGE_UNAVAILABLE', 'down');
    };
    await rejection(certificates.revoke(id));
    clock.advance(120_000);
    const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
    expect(job).toMatchObject({ reason: 'resume', attempts: 0 });
  });

  it('is refused where nobody can make it known, and for what is not issued; nothing changes', async () => {
    const { certificates, issuer } = createTestCertificates();
    const made = await certificates.create({ subjectAltNames });
    const { chainPem, privateKeyPem } = await certificates.export(made.id, { format: 'pem' });
    const pending = await certificates.create({ subjectAltNames: ['b.example'], wait: false });
    expect(await codeOf(certificates.revoke(pending.id))).toBe('CERTIFICATE_NOT_ISSUED');
    expect(await codeOf(certificates.revoke(made.id, { reason: 'certificateHold' as never }))).toBe('INVALID_ARGUMENT');
    Object.defineProperty(issuer, 'revokeCertificate', { value: undefined });
    const before = await certificates.get(made.id);
    expect(await codeOf(certificates.revoke(made.id))).toBe('REVOCATION_UNSUPPORTED');
    expect(await certificates.get(made.id)).toEqual(before);
    await certificates.delete(made.id);
    const imported = await certificates.import({ chainPem, privateKeyPem });
    expect(await codeOf(certificates.revoke(imported.id))).toBe('REVOCATION_UNSUPPORTED');
    expect((await certificates.served('a.example'))?.certificateId).toBe(imported.id);
  });
});

describe('delete', () => {
  it('forgets everything of it, in one commit, also after many renewals (S0-15, S4-8)', async () => {
    const { certificates, clock, storage, told } = createTestCertificates();
    const { id, chainPem } = await certificates.create({ name: 'web', subjectAltNames: ['a.example', 'b.example'] });
    // More than one commit can delete.
    for (let renewal = 0; renewal < storageSize(110, 2); renewal++) await certificates.renew(id);
    await certificates.delete(id);
    expect(await codeOf(certificates.get(id))).toBe('CERTIFICATE_NOT_FOUND');
    expect(await codeOf(certificates.delete(id))).toBe('CERTIFICATE_NOT_FOUND');
    expect(await certificates.served('a.example')).toBeUndefined();
    expect(await certificates.getByName('web')).toBeUndefined();
    expect(await certificates.nextDueAt()).toBeUndefined();
    expect(await certificates.certificateStatus().identify(derOf(chainPem))).toBeUndefined();
    const keys = await storage.query({ collection: 'certificate_keys', index: 'byAge', limit: 10 });
    expect(keys.documents).toHaveLength(0);
    expect((await told(id)).at(-1)).toBe('deleted');
    clock.advance(DAY);
  });

  it('forgets everything where a page of the storage is shorter than it was asked for, too', async () => {
    // A page ends at 4 MiB, whatever its limit.
    const wrap = (backend: StorageBackend) =>
      overriding(backend, { query: (query) => backend.query({ ...query, limit: Math.min(query.limit, 2) }) });
    const { certificates, another } = createTestCertificates({ wrap });
    const { id } = await certificates.create({ subjectAltNames: ['a.example'] });
    for (let renewal = 0; renewal < 4; renewal++) await certificates.renew(id);
    await certificates.renew(id, { wait: false });
    await certificates.delete(id);
    const judge = another();
    await judge.list({ limit: 1 });
    const { storage } = judge;
    for (const [collection, index] of [
      ['certificate_generations', 'byCertificate'],
      ['certificate_keys', 'byAge'],
    ] as const) {
      const equals = index === 'byAge' ? {} : { equals: { certificateId: id } };
      expect((await storage.query({ collection, index, ...equals, limit: 10 })).documents).toEqual([]);
    }
  });
});

describe('removeName', () => {
  it('stops serving the name at once, and issues a generation without it (S0-15, S4-8)', async () => {
    const { certificates, issuer, told } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames: ['a.example', 'b.example', 'c.example'] });
    issuer.next(async (request, usual) => {
      expect(request.subjectAltNames).toEqual(['a.example', 'c.example']);
      expect(await certificates.served('b.example')).toBeUndefined();
      expect((await certificates.served('c.example'))?.generation).toBe(1);
      return usual();
    });
    const changes: unknown[] = [];
    certificates.on('changed', ({ names }) => changes.push(names));
    const left = await certificates.removeName(id, 'B.Example');
    // Of the name that went, too.
    expect(changes).toContainEqual(['a.example', 'b.example', 'c.example']);
    expect(changes.at(-1)).toEqual(['a.example', 'c.example']);
    await certificates.close();
    expect(left).toMatchObject({ generation: 2, subjectAltNames: ['a.example', 'c.example'] });
    expect((await certificates.served('c.example'))?.names).toEqual(['a.example', 'c.example']);
    expect(await codeOf(certificates.removeName(id, 'b.example'))).toBe('CERTIFICATE_NAME_NOT_FOUND');
    // The name is another's to take.
    await certificates.create({ subjectAltNames: ['b.example'] });
    expect(await told(id)).toEqual(['created', 'issued', 'names_changed', 'renewed']);
  });

  it('of the last name deletes the certificate; of two at once both go', async () => {
    const { certificates, another } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames: ['a.example', 'b.example'] });
    await Promise.all(
      [certificates.removeName(id, 'a.example'), another().removeName(id, 'b.example')].map((each) =>
        each.catch(() => undefined),
      ),
    );
    expect(await codeOf(certificates.get(id))).toBe('CERTIFICATE_NOT_FOUND');
    expect(await certificates.versions(['a.example', 'b.example'])).toEqual([undefined, undefined]);
  });

  it('replaces a generation that was asked for with the name', async () => {
    const { certificates, issuer } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames: ['a.example', 'b.example'] });
    issuer.next(() => Promise.reject(new StorageError('STORAGE_UNAVAILABLE', 'down')));
    await rejection(certificates.renew(id));
    expect(await certificates.removeName(id, 'b.example')).toMatchObject({
      generation: 2,
      subjectAltNames: ['a.example'],
    });
    const [, before, after] = issuer.requests;
    expect(after?.requestId).not.toBe(before?.requestId);
  });
});
