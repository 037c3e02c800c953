import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodePem } from '../../src/encoding/pem.ts';
import { importPkcs12, LocalKeyring } from '../../src/index.ts';
import { codeOf } from '../support/expect-error.ts';
import { foreignCertificate as foreign } from '../support/scripted-issuer.ts';
import { createTestCertificates, DAY } from '../support/test-certificates.ts';

describe('import', () => {
  it('takes over a certificate, serves it, and has an issuer renew it (S4-25)', async () => {
    const { certificates, clock: time, issuer, told } = createTestCertificates();
    const given = await foreign(['A.example', 'ip:10.0.0.1'], 'ECDSA-P384');
    const imported = await certificates.import({ ...given, name: 'old', issuer: 'test' });
    expect(imported).toMatchObject({
      name: 'old',
      state: 'issued',
      generation: 1,
      keyAlgorithm: 'ECDSA-P384',
      subjectAltNames: ['a.example', 'ip:10.0.0.1'],
      autoRenew: true,
    });
    expect(await certificates.served('a.example')).toMatchObject({ certificateId: imported.id, ...given });
    // The issuer that renews it did not issue it, and cannot revoke it.
    expect(await codeOf(certificates.revoke(imported.id))).toBe('REVOCATION_UNSUPPORTED');
    time.advance(61 * DAY);
    const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
    expect(await certificates.renew(job!)).toMatchObject({ outcome: 'renewed' });
    expect(await certificates.get(imported.id)).toMatchObject({ generation: 2, keyAlgorithm: 'ECDSA-P384' });
    expect(issuer.requests[0]?.replaces).toBe(imported.serialNumber);
    expect(await told(imported.id)).toEqual(['imported', 'renewed']);
  });

  it('without an issuer is there for the warnings alone', async () => {
    const { certificates, clock: time } = createTestCertificates();
    const imported = await certificates.import(await foreign(['a.example']));
    expect(imported.issuer).toBeUndefined();
    expect(imported.autoRenew).toBe(false);
    time.advance(61 * DAY);
    expect(await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 })).toEqual([]);
    const [job] = await certificates.claimJobs({ queue: '', limit: 1, leaseMs: 60_000 });
    expect(job).toMatchObject({ certificateId: imported.id, reason: 'warning', issuer: '' });
  });

  it('has each certificate once, whoever imports it at once', async () => {
    const { certificates, another } = createTestCertificates();
    const given = await foreign(['a.example']);
    const codes = await Promise.all(
      [certificates, another(), another()].map((each) =>
        each.import(given).then(
          () => 'made',
          (error) => error.code,
        ),
      ),
    );
    expect(codes.sort()).toEqual(['CERTIFICATE_EXISTS', 'CERTIFICATE_EXISTS', 'made']);
  });
});

describe('export', () => {
  it('is the one door, in three forms, and tells that it was opened (S1-16)', async () => {
    const { certificates, told } = createTestCertificates();
    const { id, chainPem } = await certificates.create({ name: 'web', subjectAltNames: ['a.example'] });
    const pem = await certificates.export(id, { format: 'pem' });
    expect(pem.chainPem).toBe(chainPem);
    const leaf = new X509Certificate(pem.chainPem);
    expect(leaf.checkPrivateKey(createPrivateKey(pem.privateKeyPem))).toBe(true);
    const der = await certificates.export(id, { format: 'der' });
    expect(der.chainDer).toHaveLength(2);
    expect(Buffer.from(der.chainDer[0] as Uint8Array).equals(leaf.raw)).toBe(true);
    expect(encodePem('PRIVATE KEY', der.privateKeyDer)).toBe(pem.privateKeyPem);
    const { pkcs12 } = await certificates.export(id, { format: 'pkcs12', password: 'correct horse' });
    const read = await importPkcs12(pkcs12, { password: 'correct horse' });
    expect(read.privateKeyPem).toBe(pem.privateKeyPem);
    expect(read.friendlyName).toBe('web');
    expect(await told(id)).toEqual(['created', 'issued', 'exported', 'exported', 'exported']);
    expect(await codeOf(certificates.export(id, { format: 'pkcs12' }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(certificates.export(id, { format: 'pem', password: 'x' }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(certificates.export(id, { format: 'jks' as never }))).toBe('INVALID_ARGUMENT');
    const pending = await certificates.create({ subjectAltNames: ['b.example'], wait: false });
    expect(await codeOf(certificates.export(pending.id, { format: 'pem' }))).toBe('CERTIFICATE_NOT_ISSUED');
  });
});

describe('the private key', () => {
  it('is in no document, event, error or log line but sealed', async () => {
    const lines: string[] = [];
    const log = (message: string, fields?: object) => void lines.push(message + JSON.stringify(fields ?? {}));
    const logger = { debug: log, info: log, warn: log, error: log };
    const { certificates, storage, events, issuer } = createTestCertificates({ logger });
    const { id } = await certificates.create({ subjectAltNames: ['a.example'] });
    issuer.next(() => Promise.reject(new Error('down')));
    await certificates.renew(id).catch(() => undefined);
    await certificates.renew(id);
    const { privateKeyDer } = await certificates.export(id, { format: 'der' });
    // The private number alone, as bytes and in base64 at any offset.
    const secret = Buffer.from(privateKeyDer).subarray(36, 60);
    const queries = [
      ['certificates', 'byExpiry'],
      ['certificate_keys', 'byAge'],
      ['renewal_jobs', 'byDue'],
    ] as const;
    const stored: string[] = [];
    for (const [collection, index] of queries) {
      const { documents } = await storage.query({ collection, index, limit: 100, withBytes: true });
      expect(documents.length).toBeGreaterThan(0);
      for (const { data, bytes } of documents) {
        stored.push(JSON.stringify(data));
        expect(Buffer.from(bytes ?? []).includes(secret)).toBe(false);
      }
    }
    const told = JSON.stringify((await events.pending({ limit: 100 })).items);
    const text = [...stored, told, ...lines, JSON.stringify(await certificates.get(id))].join('\n');
    for (let offset = 0; offset < 3; offset++) {
      expect(text).not.toContain(secret.subarray(offset, offset + 18).toString('base64'));
    }
    expect(text).not.toContain(secret.toString('hex'));
    expect(text).not.toContain('PRIVATE');
  });

  it('is sealed anew after the keyring has rotated, retired generations too', async () => {
    const { certificates, keyring, clock: time, another } = createTestCertificates({ graceMs: 10 * DAY });
    const { id } = await certificates.create({ subjectAltNames: ['a.example'] });
    await certificates.renew(id);
    const { keys, current } = (keyring as LocalKeyring).export();
    const fresh = LocalKeyring.generate().export();
    const rotated = LocalKeyring.fromKeys({ current: fresh.current, keys: { ...keys, ...fresh.keys } });
    expect(fresh.current).not.toBe(current);
    const [task] = another({ keyring: rotated }).maintenance();
    expect(await task?.run({ limit: 1 })).toMatchObject({ more: true });
    for (let run = 0; run < 5 && (await task?.run({ limit: 1 }))?.more; run++);
    const left = another({ keyring: LocalKeyring.fromKeys({ current: fresh.current, keys: fresh.keys }) });
    expect((await left.served('a.example'))?.generation).toBe(2);
    time.advance(DAY);
    expect((await left.export(id, { format: 'pem' })).privateKeyPem).toContain('BEGIN PRIVATE KEY');
  });
});
