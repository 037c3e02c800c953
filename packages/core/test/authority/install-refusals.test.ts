import { beforeAll, describe, expect, it } from 'vitest';
import { CertificateAuthority, LocalKeyring, type PrivateKey } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCsr } from '../../src/x509/csr/csr.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { DAY } from '../support/test-authority.ts';
import { type TestCertificateOptions, testCertificate } from '../support/test-ca.ts';
import { rsaKey, testKey } from '../support/test-keys.ts';
import { createTestStorage, recordCommits } from '../support/test-storage.ts';

const clock = new VirtualClock();
const { storage, commits } = recordCommits(createTestStorage(clock).storage);
const authority = new CertificateAuthority({ storage, clock, keyring: LocalKeyring.generate() });
const ROOT = 'CN=Foreign Root CA';
const SUBJECT = 'CN=Foreign Sub CA,O=Example';
let request: { id: string; csrPem: string };
let spki: Uint8Array;
let rootKey: PrivateKey;
let rootPem: string;

beforeAll(async () => {
  request = await authority.requestIntermediate({ subject: SUBJECT });
  spki = parseCsr(request.csrPem).spki;
  rootKey = await testKey('ECDSA-P384');
  rootPem = await testCertificate();
});

const signed = (change: TestCertificateOptions = {}) =>
  testCertificate({ subject: SUBJECT, issuer: ROOT, spki, ...change });
const install = async (certificatePem: string, trustAnchorsPem = rootPem) =>
  authority.installIntermediate(request.id, { certificatePem, trustAnchorsPem });

async function refused(certificatePem: string | Promise<string>, trustAnchorsPem?: string): Promise<string> {
  const before = commits.length;
  const error = await rejection(install(await certificatePem, trustAnchorsPem));
  expect(error).toMatchObject({ name: 'InvalidInputError', code: 'INTERMEDIATE_INVALID' });
  expect(commits.length).toBe(before);
  expect((await authority.intermediates()).map(({ state }) => state)).toEqual(['requested']);
  return error.message;
}

describe('an intermediate is refused', () => {
  it('with another key, or another subject', async () => {
    expect(await refused(signed({ spki: (await testKey('Ed25519')).publicKey.spki }))).toContain(
      'its key is not the one',
    );
    expect(await refused(signed({ subject: 'CN=Other CA' }))).toContain('"CN=Other CA" is not the one');
    expect(await refused(signed({ subject: 'cn=foreign sub ca,O=Example' }))).toContain(
      'is not the one that was requested',
    );
  });

  it('when it is not a CA certificate that may sign certificates and CRLs', async () => {
    expect(await refused(signed({ basicConstraints: { cA: false } }))).toContain('is not a CA certificate');
    expect(await refused(signed({ basicConstraints: undefined }))).toContain('is not a CA certificate');
    expect(await refused(signed({ keyUsage: ['cRLSign'] }))).toContain('lacks the key usage keyCertSign');
    expect(await refused(signed({ keyUsage: ['keyCertSign'] }))).toContain('lacks the key usage cRLSign');
    expect(await refused(signed({ keyUsage: undefined }))).toContain('has no keyUsage');
    expect(await refused(signed({ subjectKeyIdentifier: false }))).toContain('has no subjectKeyIdentifier');
  });

  it('before and after its validity', async () => {
    expect(await refused(signed({ notBefore: clock.now() + 1_000 }))).toContain(
      'is not valid before 2026-01-01T00:00:01',
    );
    expect(await refused(signed({ notAfter: clock.now() - 1_000 }))).toContain('has expired at 2025-12-31T23:59:59');
  });

  it('that another root signed, or nobody', async () => {
    const stranger = await testKey('RSA-2048');
    expect(await refused(signed({ signingKey: stranger }))).toContain('did not sign it');
    expect(await refused(signed({ issuer: 'CN=Unknown Root' }))).toContain(
      'no trust anchor is named "CN=Unknown Root"',
    );
    expect(await refused(signed({ issuer: SUBJECT }), await testCertificate({ subject: SUBJECT }))).toContain(
      'self-issued',
    );
  });

  it('under an anchor that may sign no CA', async () => {
    const anchor = (change: TestCertificateOptions) =>
      testCertificate({ subject: ROOT, signingKey: rootKey, ...change });
    expect(await refused(signed(), await anchor({ basicConstraints: { cA: true, pathLenConstraint: 0 } }))).toContain(
      'pathLenConstraint 0',
    );
    expect(await refused(signed(), await anchor({ basicConstraints: { cA: false } }))).toContain(
      'its trust anchor is not a CA',
    );
    expect(await refused(signed(), await anchor({ keyUsage: ['digitalSignature'] }))).toContain(
      'its trust anchor lacks',
    );
    expect(await refused(signed(), await anchor({ notAfter: clock.now() - 1_000 }))).toContain(
      'its trust anchor has expired',
    );
    expect(await refused(signed(), await anchor({ notBefore: clock.now() + DAY }))).toContain(
      'its trust anchor is not valid before',
    );
    expect(await refused(signed(), await anchor({ notAfter: clock.now() + DAY }))).toContain(
      'it outlives its trust anchor',
    );
  });

  it('under an anchor whose key is weak', async () => {
    const weak = await rsaKey(1024, 65537);
    const weakRoot = await testCertificate({ signingKey: weak });
    const below = await testCertificate({ subject: SUBJECT, issuer: ROOT, spki, signingKey: weak });
    expect(await refused(below, weakRoot)).toContain('is weak');
  });

  it('under an anchor that is not self-signed', async () => {
    const crossSigned = await testCertificate({ subject: ROOT, issuer: 'CN=Above', spki: rootKey.publicKey.spki });
    expect(await refused(signed(), crossSigned)).toContain('is not self-signed');
    const stranger = await testCertificate({
      subject: ROOT,
      signingKey: await testKey('RSA-2048'),
      spki: rootKey.publicKey.spki,
    });
    expect(await refused(signed(), stranger)).toContain('is not self-signed');
    expect(await refused(signed(), rootPem + crossSigned)).toContain('is not self-signed');
  });

  it('when what is given is no certificate', async () => {
    const before = commits.length;
    expect(await codeOf(install('junk'))).toBe('PEM_INVALID');
    expect(await codeOf(install(await signed(), 'junk'))).toBe('PEM_INVALID');
    expect(await codeOf(install((await signed()) + (await signed())))).toBe('PEM_INVALID');
    expect(await codeOf(install(request.csrPem))).toBe('PEM_INVALID');
    expect(commits.length).toBe(before);
  });

  it('when nobody asked for it, or another authority of the same storage did', async () => {
    const other = new CertificateAuthority({ storage, clock, keyring: LocalKeyring.generate(), name: 'other' });
    const options = { certificatePem: await signed(), trustAnchorsPem: rootPem };
    for (const id of ['', 'nobody', `${request.id}x`]) {
      const error = await rejection(authority.installIntermediate(id, options));
      expect(['INTERMEDIATE_REQUEST_NOT_FOUND', 'STORAGE_INVALID']).toContain(error.code);
    }
    expect(await codeOf(other.installIntermediate(request.id, options))).toBe('KEYRING_MISMATCH');
  });
});

describe('a request for an intermediate', () => {
  it.each(['', 'junk', 5 as unknown as string])('needs a subject, not %j', async (subject) => {
    const before = commits.length;
    expect(await codeOf(authority.requestIntermediate({ subject }))).toBe('NAME_INVALID');
    expect(commits.length).toBe(before);
  });
});

describe('an intermediate is installed', () => {
  it('that any of several anchors signed, even of the same name', async () => {
    const namesake = await testCertificate({ subject: ROOT, signingKey: await rsaKey(2048, 65537) });
    const installed = await install(
      await signed({ basicConstraints: { cA: true, pathLenConstraint: 0 } }),
      namesake + rootPem,
    );
    expect(installed).toMatchObject({ state: 'active', subject: SUBJECT });
    expect(await authority.trustAnchorsPem()).toBe(rootPem);
    await expect(authority.issue({ subjectAltNames: ['a.example'] })).resolves.toBeDefined();
  });
});
