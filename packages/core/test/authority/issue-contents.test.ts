import { createHash, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/encoding/hex.ts';
import { builtInProfiles } from '../../src/index.ts';
import { parseCertificate, parseCertificates } from '../../src/x509/certificate/certificate.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { BASE_URL, createTestAuthority } from '../support/test-authority.ts';
import { publicKeyPem, testKey } from '../support/test-keys.ts';

const made = createTestAuthority();

describe('an issued certificate', () => {
  it('identifies its issuer and points to it', async () => {
    const { authority, intermediate } = await made;
    const { certificatePem } = await authority.issue({ subjectAltNames: ['a.example'] });
    const certificate = parseCertificate(certificatePem);
    const issuer = parseCertificate(intermediate.certificatePem as string);
    expect(certificate.issuer.der).toEqual(issuer.subject.der);
    expect(certificate.authorityKeyIdentifier).toEqual({ keyIdentifier: issuer.subjectKeyIdentifier });
    const at = `${BASE_URL}/${toHex(issuer.subjectKeyIdentifier as Uint8Array)}`;
    expect(JSON.stringify(certificate.crlDistributionPoints)).toContain(`"${at}.crl"`);
    expect(JSON.stringify(certificate.authorityInfoAccess)).toContain(`"${at}.cer"`);
    expect(certificate.subjectKeyIdentifier).toHaveLength(20);
    expect(
      certificate.extensions
        .filter(({ critical }) => critical)
        .map(({ oid }) => oid)
        .sort(),
    ).toEqual(['2.5.29.15', '2.5.29.17', '2.5.29.19']);
    expect(certificate.version).toBe(3);
  });

  it('points nowhere without a baseUrl', async () => {
    const { another } = await made;
    const { certificatePem } = await another({ baseUrl: undefined as unknown as string }).issue({
      subjectAltNames: ['a.example'],
    });
    const certificate = parseCertificate(certificatePem);
    expect(certificate.crlDistributionPoints).toBeUndefined();
    expect(certificate.authorityInfoAccess).toBeUndefined();
  });

  it('has a random serial number of 20 octets, the first 0x01 to 0x7f', async () => {
    const { authority } = await made;
    const publicKey = publicKeyPem(await testKey());
    const requests = Array.from({ length: 300 }, () => ({ publicKey, subjectAltNames: ['a.example'] }));
    const serials = (await authority.issueMany(requests)).map((one) =>
      one.status === 'fulfilled' ? one.value.serialNumber : '',
    );
    expect(new Set(serials).size).toBe(300);
    for (const serial of serials) expect(serial).toMatch(/^(?!00)[0-7][0-9a-f]{39}$/);
    const octets = new Set(serials.map((serial) => serial.slice(0, 2)));
    expect(octets.size).toBeGreaterThan(60);
  });

  it('has what Node reads out of it', async () => {
    const { authority } = await made;
    const issued = await authority.issue({ subjectAltNames: ['a.example', 'ip:10.0.0.1'], commonName: 'a.example' });
    const read = new X509Certificate(issued.certificatePem);
    expect(read.serialNumber.toLowerCase()).toBe(issued.serialNumber);
    expect(read.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(issued.sha256Fingerprint);
    expect(createHash('sha256').update(read.raw).digest('hex')).toBe(issued.sha256Fingerprint);
    expect(read.subjectAltName).toBe('DNS:a.example, IP Address:10.0.0.1');
    expect(read.subject).toBe('CN=a.example');
    expect(read.checkHost('a.example')).toBe('a.example');
    expect(read.ca).toBe(false);
    expect(new Date(read.validTo)).toEqual(issued.notAfter);
  });

  it('comes with its chain: the leaf first, then the intermediate, no root', async () => {
    const { authority, intermediate, root } = await made;
    const issued = await authority.issue({ subjectAltNames: ['a.example'] });
    const chain = parseCertificates(issued.chainPem).map((certificate) => certificate.toPem());
    expect(chain).toEqual([issued.certificatePem, intermediate.certificatePem]);
    expect(await authority.chainPem(issued.serialNumber)).toBe(issued.chainPem);
    expect(await authority.trustAnchorsPem()).toBe(root.certificatePem);
  });

  it('can be inspected', async () => {
    const { authority } = await made;
    const issued = await authority.issue({ subjectAltNames: ['a.example'] });
    const inspection = JSON.parse(JSON.stringify(await authority.inspect(issued.certificatePem))) as Record<
      string,
      unknown
    >;
    expect(inspection).toMatchObject({ serialNumber: issued.serialNumber });
  });
});

describe('accountId and metadata', () => {
  it('come back as they were given, whatever the keys are called', async () => {
    const { authority } = await made;
    const metadata = JSON.parse(
      '{"__proto__":"a","constructor":"b","":"c","ключ":"😀","toString":"d","v":"e"}',
    ) as Record<string, string>;
    const accountId = '__proto__';
    const issued = await authority.issue({ subjectAltNames: ['a.example'], accountId, metadata });
    const record = await authority.get(issued.serialNumber);
    for (const result of [issued, record]) {
      expect(result.accountId).toBe(accountId);
      expect(Object.entries(result.metadata ?? {}).sort()).toEqual(Object.entries(metadata).sort());
    }
    expect(({} as Record<string, unknown>).a).toBeUndefined();
    expect((await authority.list({ accountId, limit: 10 })).items.map(({ serialNumber }) => serialNumber)).toEqual([
      issued.serialNumber,
    ]);
  });

  it('are what they were when they were given', async () => {
    const { another } = await made;
    const metadata = { team: 'before' };
    const subjectAltNames = ['a.example'];
    const policy = () => {
      metadata.team = 'after';
      subjectAltNames.push('evil.example');
    };
    const issued = await another({ policy }).issue({ subjectAltNames, metadata });
    expect(issued).toMatchObject({ subjectAltNames: ['a.example'], metadata: { team: 'before' } });
  });

  it.each<[string, object]>([
    ['33 entries', { metadata: Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`k${at}`, 'v'])) }],
    ['257 characters', { metadata: { key: 'x'.repeat(257) } }],
    ['a name of 257 characters', { metadata: { ['x'.repeat(257)]: '' } }],
    ['NUL', { metadata: { key: 'a\0b' } }],
    ['a lone surrogate', { metadata: { key: '\udc00' } }],
    ['a number', { metadata: { key: 5 } }],
    ['null', { metadata: null }],
    ['a list', { metadata: ['a'] }],
    ['an empty account', { accountId: '' }],
    ['an account of 129 characters', { accountId: 'x'.repeat(129) }],
    ['an account with NUL', { accountId: '\0' }],
    ['an unknown option', { subjectAltName: ['a.example'] }],
  ])('are refused: %s', async (_, change) => {
    const { authority } = await made;
    const issue = authority.issue({ subjectAltNames: ['a.example'], ...change });
    expect(await rejection(issue)).toMatchObject({ name: 'InvalidInputError', code: 'INVALID_ARGUMENT' });
  });
});

describe('profiles', () => {
  it('of the host stand beside the built-in ones, and may replace them', async () => {
    const { another } = await made;
    const authority = another({
      profiles: {
        mail: {
          ...builtInProfiles.client,
          subjectAltNames: ['email'],
          extendedKeyUsage: ['emailProtection', '1.3.6.1.4.1.311.20.2.2'],
        },
        server: { ...builtInProfiles.server, wildcards: false },
      },
    });
    const { certificatePem } = await authority.issue({ profile: 'mail', subjectAltNames: ['email:ann@example.com'] });
    expect(parseCertificate(certificatePem).extKeyUsage).toEqual(['emailProtection', '1.3.6.1.4.1.311.20.2.2']);
    expect(await codeOf(authority.issue({ subjectAltNames: ['*.a.example'] }))).toBe('ISSUANCE_REFUSED');
    await expect(authority.issue({ profile: 'client', commonName: 'Ann' })).resolves.toBeDefined();
  });

  it.each(['nope', '__proto__', 'constructor', '', 'x'.repeat(10_000)])(
    'that are unknown are refused: %j',
    async (profile) => {
      const { authority } = await made;
      const error = await rejection(authority.issue({ profile, subjectAltNames: ['a.example'] }));
      expect(error.code).toBe('INVALID_ARGUMENT');
      expect(error.message).toContain('server, client, peer, codeSigning, ocspResponder');
      expect(error.message.length).toBeLessThan(300);
    },
  );
});
