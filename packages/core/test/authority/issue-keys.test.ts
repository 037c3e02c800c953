import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodePem } from '../../src/encoding/pem.ts';
import { type BuiltInProfile, builtInProfiles, type IssueOptions, nodeCrypto } from '../../src/index.ts';
import { parseCertificate, verifyCertificateSignature } from '../../src/x509/certificate/certificate.ts';
import { codeOf, rejection, violationsOf } from '../support/expect-error.ts';
import { createTestAuthority } from '../support/test-authority.ts';
import { KEY_ALGORITHMS, publicKeyPem, rsaKey, testCsr, testKey } from '../support/test-keys.ts';

const made = createTestAuthority();
const profiles = Object.keys(builtInProfiles) as BuiltInProfile[];
const namesFor = (profile: BuiltInProfile): Partial<IssueOptions> =>
  profile === 'codeSigning' ? { subject: 'CN=Release,O=Example' } : { subjectAltNames: ['a.example'] };

describe.each(profiles)('the profile %s', (profile) => {
  it.each(KEY_ALGORITHMS)('takes a key of %s', async (algorithm) => {
    const { authority, intermediate } = await made;
    const key = await testKey(algorithm);
    const issued = await authority.issue({ profile, ...namesFor(profile), publicKey: publicKeyPem(key) });
    const certificate = parseCertificate(issued.certificatePem);
    const issuer = parseCertificate(intermediate.certificatePem as string);
    expect(
      await verifyCertificateSignature(certificate, await nodeCrypto().importPublicKey(issuer.spki), nodeCrypto()),
    ).toBe(true);
    expect(certificate.spki).toEqual(key.publicKey.spki);
    expect(certificate.basicConstraints).toEqual({ cA: false });
    expect(certificate.extKeyUsage).toEqual(builtInProfiles[profile].extendedKeyUsage);
    const usages = builtInProfiles[profile].keyUsage.filter(
      (usage) => usage !== 'keyEncipherment' || algorithm.startsWith('RSA'),
    );
    expect(certificate.keyUsage).toEqual(usages);
    expect(certificate.ocspNoCheck).toBe(profile === 'ocspResponder');
    expect(issued).toMatchObject({ profile, status: 'valid', intermediateId: intermediate.id });
    expect(issued.privateKeyPem).toBeUndefined();
  });
});

describe('the key of a certificate', () => {
  it.each(['ECDSA-P256', 'ECDSA-P384', 'RSA-2048', 'Ed25519'] as const)(
    'is generated on request: %s',
    async (keyAlgorithm) => {
      const { authority } = await made;
      const issued = await authority.issue({ keyAlgorithm, subjectAltNames: ['a.example'] });
      const { privateKeyPem = '' } = issued;
      const { createPrivateKey } = await import('node:crypto');
      expect(new X509Certificate(issued.certificatePem).checkPrivateKey(createPrivateKey(privateKeyPem))).toBe(true);
    },
  );

  it('is ECDSA P-256 by default, and a new one each time', async () => {
    const { authority } = await made;
    const [first, second] = [
      await authority.issue({ subjectAltNames: ['a.example'] }),
      await authority.issue({ subjectAltNames: ['a.example'] }),
    ];
    expect(new X509Certificate(first.certificatePem).publicKey.asymmetricKeyDetails).toEqual({
      namedCurve: 'prime256v1',
    });
    expect(first.privateKeyPem).not.toBe(second.privateKeyPem);
  });

  it('comes from a CSR in PEM or DER, or as a bare public key in PEM or DER', async () => {
    const { authority } = await made;
    const key = await testKey();
    const csr = await testCsr({ names: ['a.example'] });
    const forms: IssueOptions[] = [
      { csr },
      { csr: Buffer.from(csr) },
      { csr: encodePem('CERTIFICATE REQUEST', csr) },
      { csr: encodePem('NEW CERTIFICATE REQUEST', csr) },
      { publicKey: key.publicKey.spki },
      { publicKey: publicKeyPem(key) },
    ];
    for (const form of forms) {
      const issued = await authority.issue({ ...form, subjectAltNames: ['a.example'] });
      expect(parseCertificate(issued.certificatePem).spki).toEqual(key.publicKey.spki);
    }
  });

  it.each<[string, IssueOptions, string]>([
    ['two at once', { publicKey: 'x', keyAlgorithm: 'Ed25519' }, 'exclude each other'],
    ['an unknown kind', { keyAlgorithm: 'DSA-1024' as 'Ed25519' }, 'keyAlgorithm'],
    ['a number', { csr: 5 as unknown as string }, 'csr'],
  ])('is refused where it is %s', async (_, options, said) => {
    const { authority } = await made;
    const error = await rejection(authority.issue({ ...options, subjectAltNames: ['a.example'] }));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain(said);
  });

  it('must be one that the profile takes; an RSA size in between counts as the smaller one', async () => {
    const profile = { ...builtInProfiles.server, keyAlgorithms: ['RSA-3072', 'Ed25519'] } as const;
    const { authority } = await createTestAuthority({ profiles: { strict: profile } });
    const issue = async (key: Awaited<ReturnType<typeof testKey>>) =>
      authority.issue({ profile: 'strict', publicKey: key.publicKey.spki, subjectAltNames: ['a.example'] });
    expect(await violationsOf(issue(await testKey('ECDSA-P256')))).toEqual(['key.algorithm=ECDSA-P256']);
    expect(await violationsOf(issue(await testKey('RSA-2048')))).toEqual(['key.algorithm=RSA-2048']);
    await expect(issue(await testKey('RSA-3072'))).resolves.toBeDefined();
    await expect(issue(await testKey('RSA-4096'))).resolves.toBeDefined();
    await expect(issue(await testKey('Ed25519'))).resolves.toBeDefined();
    await expect(issue(await rsaKey(3200, 65537))).resolves.toBeDefined();
  });

  it('must be able to do something that the profile is for', async () => {
    const encipher = { ...builtInProfiles.server, keyUsage: ['keyEncipherment'] } as const;
    const agree = { ...builtInProfiles.server, keyUsage: ['keyAgreement'] } as const;
    const { authority } = await createTestAuthority({ profiles: { encipher, agree } });
    const issue = async (profile: string, algorithm: Parameters<typeof testKey>[0]) =>
      authority.issue({
        profile,
        publicKey: (await testKey(algorithm)).publicKey.spki,
        subjectAltNames: ['a.example'],
      });
    expect(await violationsOf(issue('encipher', 'ECDSA-P256'))).toEqual(['key.usage=ECDSA-P256']);
    expect(await violationsOf(issue('agree', 'Ed25519'))).toEqual(['key.usage=Ed25519']);
    expect(await violationsOf(issue('agree', 'RSA-2048'))).toEqual(['key.usage=RSA-2048']);
    await expect(issue('encipher', 'RSA-2048')).resolves.toBeDefined();
    await expect(issue('agree', 'ECDSA-P384')).resolves.toBeDefined();
  });

  it('never comes back later: neither ledger nor list has it', async () => {
    const { authority } = await made;
    const { serialNumber, privateKeyPem } = await authority.issue({ subjectAltNames: ['a.example'] });
    expect(privateKeyPem).toContain('BEGIN PRIVATE KEY');
    expect(JSON.stringify(await authority.get(serialNumber))).not.toContain('PRIVATE');
    expect(JSON.stringify(await authority.list({ limit: 1000 }))).not.toContain('PRIVATE');
  });

  it('of a CSR must have signed it', async () => {
    const { authority } = await made;
    const csr = Uint8Array.from(await testCsr({ names: ['a.example'] }));
    csr[csr.length - 2] = (csr[csr.length - 2] as number) ^ 1;
    expect(await codeOf(authority.issue({ csr, subjectAltNames: ['a.example'] }))).toBe('CSR_SIGNATURE_INVALID');
  });
});
