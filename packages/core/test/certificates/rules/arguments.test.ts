import { describe, expect, it } from 'vitest';
import { encodePem } from '../../../src/encoding/pem.ts';
import { CertificateManager, LocalKeyring } from '../../../src/index.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { expectRefused, HOSTILE_VALUES } from '../../support/hostile-values.ts';
import { foreignCertificate as foreign } from '../../support/scripted-issuer.ts';
import { createTestCertificates, DAY } from '../../support/test-certificates.ts';

describe('create', () => {
  it('refuses what is malformed, before anything is stored', async () => {
    const { certificates, issuer } = createTestCertificates();
    const make = (options: object) => codeOf(certificates.create(options as never));
    const subjectAltNames = ['a.example'];
    expect(await make({})).toBe('INVALID_ARGUMENT');
    expect(await make({ subjectAltNames: [] })).toBe('INVALID_ARGUMENT');
    expect(await make({ subjectAltNames: 'a.example' })).toBe('INVALID_ARGUMENT');
    expect(await make({ subjectAltNames: ['foo:bar'] })).toBe('GENERAL_NAME_INVALID');
    expect(await make({ subjectAltNames, name: '' })).toBe('INVALID_ARGUMENT');
    expect(await make({ subjectAltNames, name: 'a\0' })).toBe('INVALID_ARGUMENT');
    expect(await make({ subjectAltNames, name: 'ü'.repeat(300) })).toBe('INVALID_ARGUMENT');
    expect(await make({ subjectAltNames, issuer: 'nobody' })).toBe('ISSUER_UNKNOWN');
    expect(await make({ subjectAltNames, keyAlgorithm: 'DSA' })).toBe('INVALID_ARGUMENT');
    expect(await make({ subjectAltNames, keyAlgorithm: 'Ed25519', csr: 'x' })).toBe('INVALID_ARGUMENT');
    expect(await make({ subjectAltNames, csr: 'x' })).toBe('PEM_INVALID');
    expect(await make({ subjectAltNames, validity: { days: -1 } })).toBe('INVALID_ARGUMENT');
    expect(await make({ subjectAltNames, validity: { days: 1e12 } })).toBe('INVALID_ARGUMENT');
    expect(await make({ subjectAltNames, unknown: 1 })).toBe('INVALID_ARGUMENT');
    expect(await make({ subjectAltNames, accountId: '' })).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => certificates.create(null as never))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(certificates.get('../x'))).toBe('CERTIFICATE_NOT_FOUND');
    expect(await codeOf(certificates.get(undefined as never))).toBe('CERTIFICATE_NOT_FOUND');
    expect(issuer.requests).toHaveLength(0);
    expect((await certificates.list({ limit: 1 })).items).toHaveLength(0);
  });

  it('a manager whose options are malformed is none', async () => {
    const { certificates, storage, keyring, issuer } = createTestCertificates();
    const make = (options: object) =>
      codeOf(() => new CertificateManager({ storage, keyring, issuers: { a: issuer }, ...options } as never));
    expect(await make({ issuers: { 'No name': issuer } })).toBe('INVALID_ARGUMENT');
    expect(await make({ issuers: { a: {} } })).toBe('INVALID_ARGUMENT');
    expect(await make({ issuers: undefined })).toBe('INVALID_ARGUMENT');
    expect(await make({ defaultIssuer: 'b' })).toBe('INVALID_ARGUMENT');
    expect(await make({ graceMs: -1 })).toBe('INVALID_ARGUMENT');
    expect(await make({ nameGuard: 'yes' })).toBe('INVALID_ARGUMENT');
    expect(await make({ renewalPolicy: { fraction: 2 } })).toBe('INVALID_ARGUMENT');
    expect(await make({ processors: [1] })).toBe('INVALID_ARGUMENT');
    expect(await make({ keyring: undefined })).toBe('INVALID_ARGUMENT');
    const several = new CertificateManager({ storage, keyring, issuers: { a: issuer, b: issuer } });
    expect(await codeOf(several.create({ subjectAltNames: ['a.example'] }))).toBe('ISSUER_UNKNOWN');
    const other = new CertificateManager({ storage, keyring: LocalKeyring.generate(), issuers: { a: issuer } });
    await certificates.create({ subjectAltNames: ['a.example'] });
    expect(await codeOf(other.create({ subjectAltNames: ['b.example'] }))).toBe('KEYRING_MISMATCH');
  });
});

describe('import', () => {
  it('refuses what cannot be served', async () => {
    const { certificates } = createTestCertificates();
    const good = await foreign(['a.example']);
    const refused = async (options: object) => rejection(certificates.import({ ...good, ...options }));
    const other = await foreign(['a.example'], 'ECDSA-P384');
    expect(await refused({ privateKeyPem: other.privateKeyPem })).toMatchObject({ code: 'CHAIN_INVALID' });
    const ended = { notBefore: Date.UTC(2026, 0, 1) - 2 * DAY, notAfter: Date.UTC(2026, 0, 1) - DAY };
    expect(await refused(await foreign(['a.example'], 'ECDSA-P256', ended))).toMatchObject({ code: 'CHAIN_INVALID' });
    expect(await refused(await foreign([]))).toMatchObject({ code: 'CHAIN_INVALID' });
    const [leaf = ''] = good.chainPem.split(/(?<=-----END CERTIFICATE-----\n)/);
    expect(await refused({ chainPem: leaf + leaf })).toMatchObject({ code: 'CHAIN_INVALID' });
    expect(await refused({ chainPem: 'x' })).toMatchObject({ code: 'PEM_INVALID' });
    expect(await refused({ privateKeyPem: good.chainPem })).toMatchObject({ code: 'PEM_INVALID' });
    const brokenKey = await refused({ privateKeyPem: encodePem('PRIVATE KEY', new Uint8Array(40)) });
    expect(brokenKey.code).toBe('KEY_INVALID');
    expect(await refused({ issuer: 'nobody' })).toMatchObject({ code: 'ISSUER_UNKNOWN' });
    expect((await certificates.list({ limit: 1 })).items).toHaveLength(0);
    expect((await certificates.import({ ...good, chainPem: leaf })).status).toBe('valid');
  });
});

describe('the options of a call', () => {
  it('are an object, and its signal is one', async () => {
    const { certificates } = createTestCertificates();
    const id = '01900000-0000-7000-8000-000000000000';
    for (const options of [null as never, { signal: 'now' as never }]) {
      const calls = [
        () => certificates.get(id, options),
        () => certificates.getByName('a', options),
        () => certificates.activate(id, options),
        () => certificates.deactivate(id, options),
        () => certificates.delete(id, options),
        () => certificates.renew(id, options),
        () => certificates.revoke(id, options),
        () => certificates.removeName(id, 'a.example', options),
        () => certificates.served('a.example', options),
        () => certificates.obtain('a.example', options),
        () => certificates.versions([], options),
        () => certificates.nextDueAt(options),
      ];
      for (const call of calls) expect(await codeOf(call)).toBe('INVALID_ARGUMENT');
    }
    const none = null as never;
    expect(await codeOf(() => certificates.renewalDue(none))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => certificates.extendLease(none, 1))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => certificates.postpone({ certificateId: id } as never, none))).toBe('INVALID_ARGUMENT');
    for (const [, value] of HOSTILE_VALUES) {
      await expectRefused(() => certificates.get(value as never));
      await expectRefused(() => certificates.on(value as never, () => undefined));
      await expectRefused(() => certificates.export(value as never, { format: 'pem' }));
    }
  });
});
