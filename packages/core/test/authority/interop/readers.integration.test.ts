import 'reflect-metadata';
import { webcrypto, X509Certificate } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  CRLDistributionPointsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate as PeculiarCertificate,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Crl,
} from '@peculiar/x509';
import { afterAll, describe, expect, it } from 'vitest';
import { decodePem } from '../../../src/encoding/pem.ts';
import { CA_KEYS, HOST, makeInteropPki, removeInteropFolders } from '../../support/interop-pki.ts';

afterAll(removeInteropFolders);

const sets = CA_KEYS.map((caKey) => ({ caKey, pending: makeInteropPki(caKey) }));

describe.each(sets)('Node, CAs with keys of $caKey', ({ pending }) => {
  it('verifies every signature and knows the issuer', async () => {
    const { rootPem, intermediatePem, leaves } = await pending;
    const [root, intermediate] = [new X509Certificate(rootPem), new X509Certificate(intermediatePem)];
    expect([root.verify(root.publicKey), root.ca, root.checkIssued(root)]).toEqual([true, true, true]);
    expect([intermediate.verify(root.publicKey), intermediate.ca, intermediate.checkIssued(root)]).toEqual([
      true,
      true,
      true,
    ]);
    for (const { pem } of leaves) {
      const leaf = new X509Certificate(pem);
      expect([leaf.verify(intermediate.publicKey), leaf.ca, leaf.checkIssued(intermediate)]).toEqual([
        true,
        false,
        true,
      ]);
      expect(leaf.verify(root.publicKey)).toBe(false);
    }
  });

  it('reads the fields', async () => {
    const { leaves, caKey } = await pending;
    const of = (name: string) => new X509Certificate(leaves.find((leaf) => leaf.name === name)?.pem ?? '');
    const server = of('server');
    expect(server.subject).toBe(`CN=${HOST}`);
    expect(server.issuer).toBe('O=Test\nCN=Test Intermediate CA');
    expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect([server.checkHost(HOST), server.checkHost('x.b.example.com'), server.checkHost('other.example')]).toEqual([
      HOST,
      '*.b.example.com',
      undefined,
    ]);
    expect([server.checkIP('10.0.0.1'), server.checkIP('2001:db8::1'), server.checkIP('10.0.0.2')]).toEqual([
      '10.0.0.1',
      '2001:db8::1',
      undefined,
    ]);
    expect(server.infoAccess).toMatch(/^CA Issuers - URI:http:\/\/pki\.example\/pki\/[0-9a-f]{40}\.cer/);
    expect(of('nameless').subject ?? '').toBe('');
    expect(of('client').checkEmail('ann@example.com')).toBe('ann@example.com');
    expect(of('client').subject).toBe('C=DE\nO=Example\nCN=Ann Müller');
    expect(new X509Certificate((await pending).rootPem).subject).toBe(`O=Example\nCN=Interop Root ${caKey}`);
  });
});

describe.each(sets)('@peculiar/x509, CAs with keys of $caKey', ({ pending }) => {
  it('verifies every signature', async () => {
    const { rootPem, intermediatePem, leaves, crls } = await pending;
    const [root, intermediate] = [new PeculiarCertificate(rootPem), new PeculiarCertificate(intermediatePem)];
    const crypto = webcrypto as unknown as Crypto;
    expect(await root.isSelfSigned(crypto)).toBe(true);
    expect(await intermediate.verify({ publicKey: root }, crypto)).toBe(true);
    expect(await intermediate.verify({ publicKey: intermediate }, crypto)).toBe(false);
    for (const { pem } of leaves) {
      expect(await new PeculiarCertificate(pem).verify({ publicKey: intermediate }, crypto)).toBe(true);
    }
    const crl = (pem: string) => new X509Crl(decodePem(pem)[0]?.der as Uint8Array<ArrayBuffer>);
    expect(await crl(crls.root).verify({ publicKey: root }, crypto)).toBe(true);
    expect(await crl(crls.intermediate).verify({ publicKey: intermediate }, crypto)).toBe(true);
  });

  it('reads the fields', async () => {
    const { rootPem, intermediatePem, leaves, crls } = await pending;
    const server = new PeculiarCertificate(leaves[0]?.pem ?? '');
    const intermediate = new PeculiarCertificate(intermediatePem);
    expect(server.serialNumber).toBe(leaves[0]?.serialNumber);
    expect(server.subject).toBe(`CN=${HOST}`);
    expect(server.notAfter.getTime() - server.notBefore.getTime()).toBe(90 * 86_400_000 + 300_000);
    expect(server.getExtension(SubjectAlternativeNameExtension)?.names.toJSON()).toEqual([
      { type: 'dns', value: HOST },
      { type: 'dns', value: '*.b.example.com' },
      { type: 'ip', value: '10.0.0.1' },
      { type: 'ip', value: '2001:db8::1' },
      { type: 'url', value: 'spiffe://example.com/x' },
    ]);
    expect(server.getExtension(BasicConstraintsExtension)).toMatchObject({ ca: false, critical: true });
    expect(server.getExtension(KeyUsagesExtension)?.usages).toBe(KeyUsageFlags.digitalSignature);
    expect(server.getExtension(ExtendedKeyUsageExtension)?.usages).toEqual(['1.3.6.1.5.5.7.3.1']);
    const keyId = intermediate.getExtension(SubjectKeyIdentifierExtension)?.keyId;
    expect(keyId).toMatch(/^[0-9a-f]{40}$/);
    expect(server.getExtension(AuthorityKeyIdentifierExtension)?.keyId).toBe(keyId);
    expect(JSON.stringify(server.getExtension(CRLDistributionPointsExtension)?.distributionPoints)).toContain(
      `${keyId}.crl`,
    );
    expect(intermediate.getExtension(BasicConstraintsExtension)).toMatchObject({
      ca: true,
      pathLength: 0,
      critical: true,
    });
    expect(new PeculiarCertificate(rootPem).getExtension(BasicConstraintsExtension)).toMatchObject({
      ca: true,
      critical: true,
    });
    const crl = new X509Crl(decodePem(crls.intermediate)[0]?.der as Uint8Array<ArrayBuffer>);
    const revoked = leaves.filter(({ standing }) => standing === 'revoked').map(({ serialNumber }) => serialNumber);
    expect(crl.entries.map(({ serialNumber }) => serialNumber).sort()).toEqual(revoked.sort());
  });
});
