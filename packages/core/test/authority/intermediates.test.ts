import { describe, expect, it } from 'vitest';
import { type CertificateAuthority, LocalKeyring } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCertificate } from '../../src/x509/certificate/certificate.ts';
import { parseCsr } from '../../src/x509/csr/csr.ts';
import { encodeExtendedKeyUsage } from '../../src/x509/extensions/extended-key-usage.ts';
import { codeOf, rejection, violationsOf } from '../support/expect-error.ts';
import { addIntermediate, createTestAuthority, DAY } from '../support/test-authority.ts';
import { testCertificate } from '../support/test-ca.ts';
import { createTestStorage, overriding } from '../support/test-storage.ts';

const request = { subjectAltNames: ['a.example'] };

describe('intermediates', () => {
  it('are listed from request to revocation', async () => {
    const { authority, intermediate, root, clock } = await createTestAuthority();
    clock.advance(1_000);
    const { id, csrPem } = await authority.requestIntermediate({ subject: 'CN=Waiting CA', keyAlgorithm: 'Ed25519' });
    expect(await authority.intermediates()).toEqual([
      intermediate,
      { id, state: 'requested', subject: 'CN=Waiting CA', csrPem, createdAt: new Date(clock.now()) },
    ]);
    expect(intermediate).toMatchObject({ state: 'active', serialNumber: root.issued.at(-1)?.serialNumber });
  });

  it.each(['ECDSA-P256', 'ECDSA-P384', 'RSA-2048', 'Ed25519'] as const)(
    'sign with a key of %s',
    async (intermediateKey) => {
      const { authority } = await createTestAuthority({ intermediateKey });
      const { certificatePem } = await authority.issue(request);
      const algorithm = {
        'ECDSA-P256': 'ECDSA-SHA256',
        'ECDSA-P384': 'ECDSA-SHA384',
        'RSA-2048': 'RSA-PKCS1-SHA256',
        Ed25519: 'Ed25519',
      };
      expect(parseCertificate(certificatePem).signatureAlgorithm).toBe(algorithm[intermediateKey]);
    },
  );

  it('sign by the newest; an instance that knew only the older one follows', async () => {
    const { authority, another, intermediate, root, clock } = await createTestAuthority();
    const other = another();
    expect((await other.issue(request)).intermediateId).toBe(intermediate.id);
    clock.advance(1_000);
    const newer = await addIntermediate(authority, root);
    expect((await authority.issue(request)).intermediateId).toBe(newer.id);
    expect((await other.issue(request)).intermediateId).toBe(newer.id);
  });

  it('stop signing certificates when they are retired, on every instance at once, and go on signing CRLs', async () => {
    const { authority, another, intermediate, root, clock } = await createTestAuthority();
    const other = another();
    await other.issue(request);
    clock.advance(1_000);
    const newer = await addIntermediate(authority, root);
    await authority.retireIntermediate(newer.id);
    expect((await other.issue(request)).intermediateId).toBe(intermediate.id);
    const retired = await authority.retireIntermediate(intermediate.id);
    expect(retired).toMatchObject({ state: 'retired', retiredAt: new Date(clock.now()) });
    expect(await codeOf(other.issue(request))).toBe('AUTHORITY_NOT_READY');
    expect(await authority.retireIntermediate(intermediate.id)).toEqual(retired);
    expect((await other.crl({ intermediate: intermediate.id })).number).toBeGreaterThan(0);
  });

  it('that are installed after all had stopped put a waiting instance back to work', async () => {
    const { authority, another, intermediate, root } = await createTestAuthority();
    const other = another();
    await authority.retireIntermediate(intermediate.id);
    expect(await codeOf(other.issue(request))).toBe('AUTHORITY_NOT_READY');
    const next = await addIntermediate(authority, root);
    expect((await other.issue(request)).intermediateId).toBe(next.id);
  });

  it('judge a request by what they are, not by what an instance remembers', async () => {
    const constrained = { nameConstraints: { permitted: ['example.com'] } };
    const { authority, another, root, clock } = await createTestAuthority({ intermediate: constrained });
    const other = another();
    expect(await violationsOf(other.issue(request))).toEqual(['name-constraints.not-permitted=a.example']);
    clock.advance(1_000);
    await addIntermediate(authority, root);
    await expect(other.issue(request)).resolves.toBeDefined();
  });

  it('limit what their certificates are for', async () => {
    const { authority, clock } = await createTestAuthority();
    clock.advance(1_000);
    const asked = await authority.requestIntermediate({ subject: 'CN=Client Only CA' });
    const certificatePem = await testCertificate({
      subject: 'CN=Client Only CA',
      issuer: 'CN=Foreign Root CA',
      spki: parseCsr(asked.csrPem).spki,
      extensions: [encodeExtendedKeyUsage(['clientAuth'])],
    });
    await authority.installIntermediate(asked.id, { certificatePem, trustAnchorsPem: await testCertificate() });
    expect(await violationsOf(authority.issue(request))).toEqual(['issuer.extended-key-usage=serverAuth']);
    await expect(authority.issue({ ...request, profile: 'client' })).resolves.toBeDefined();
  });

  it('are skipped once they have expired', async () => {
    const { authority, intermediate, root, clock } = await createTestAuthority();
    clock.advance(1_000);
    const brief = await addIntermediate(authority, root, { validityDays: 2 });
    expect((await authority.issue({ ...request, validity: { days: 1 } })).intermediateId).toBe(brief.id);
    clock.set((brief.notAfter as Date).getTime());
    expect((await authority.issue(request)).intermediateId).toBe(brief.id);
    clock.advance(1);
    expect((await authority.issue(request)).intermediateId).toBe(intermediate.id);
    clock.advance(1825 * DAY);
    expect(await codeOf(authority.issue(request))).toBe('AUTHORITY_NOT_READY');
  });

  it('that are unknown or only requested cannot be retired or asked for a CRL', async () => {
    const { authority } = await createTestAuthority();
    const { id } = await authority.requestIntermediate({ subject: 'CN=Waiting CA' });
    for (const wrong of [id, 'nobody']) {
      expect(await codeOf(authority.retireIntermediate(wrong))).toBe('INTERMEDIATE_NOT_FOUND');
      expect(await codeOf(authority.crl({ intermediate: wrong }))).toBe('INTERMEDIATE_NOT_FOUND');
    }
  });
});

describe('an instance that reads its intermediates while another one is installed', () => {
  it('sees all of it or nothing: the new one comes with the root that it stands under', async () => {
    const clock = new VirtualClock();
    const stored = createTestStorage(clock);
    const { authority, another } = await createTestAuthority({ clock, storage: stored.storage });
    let readings = 0;
    const storage = overriding(stored.storage, {
      query: async (query) => {
        if (query.collection === 'authority_intermediates' && readings++ === 0) await addForeignIntermediate(authority);
        return stored.storage.query(query);
      },
    });
    const other = another({ storage });
    expect((await other.issue(request)).chainPem).toContain('BEGIN CERTIFICATE');
    expect(readings).toBe(2);
    expect((await other.trustAnchorsPem()).match(/BEGIN/g)).toHaveLength(2);
  });
});

async function addForeignIntermediate(authority: CertificateAuthority): Promise<void> {
  const asked = await authority.requestIntermediate({ subject: 'CN=Foreign Sub CA' });
  const certificatePem = await testCertificate({
    subject: 'CN=Foreign Sub CA',
    issuer: 'CN=Foreign Root CA',
    spki: parseCsr(asked.csrPem).spki,
  });
  await authority.installIntermediate(asked.id, { certificatePem, trustAnchorsPem: await testCertificate() });
}

describe('two installs of one request', () => {
  it('that race end with one winner; a later one is refused and changes nothing', async () => {
    const { authority, another, root, clock } = await createTestAuthority();
    clock.advance(1_000);
    const { id, csrPem } = await authority.requestIntermediate({ subject: 'CN=Raced CA' });
    const certificates = [
      await root.signIntermediate(csrPem),
      await root.signIntermediate(csrPem, { validityDays: 9 }),
    ];
    const results = await Promise.allSettled(
      certificates.map(({ certificatePem }, at) =>
        [authority, another()][at]?.installIntermediate(id, { certificatePem, trustAnchorsPem: root.certificatePem }),
      ),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const lost = results.find((result) => result.status === 'rejected');
    expect(lost?.reason).toMatchObject({ code: 'INTERMEDIATE_ALREADY_INSTALLED', facts: { id } });
    const before = await authority.intermediates();
    for (const { certificatePem } of certificates) {
      const again = authority.installIntermediate(id, { certificatePem, trustAnchorsPem: root.certificatePem });
      expect(await codeOf(again)).toBe('INTERMEDIATE_ALREADY_INSTALLED');
    }
    expect(await authority.intermediates()).toEqual(before);
  });

  it('of two requests at once both succeed', async () => {
    const { authority, another, root } = await createTestAuthority();
    await Promise.all([addIntermediate(authority, root), addIntermediate(another(), root)]);
    expect((await authority.intermediates()).map(({ state }) => state)).toEqual(['active', 'active', 'active']);
  });
});

describe('an instance with another keyring', () => {
  it('is refused at first use, whatever it does', async () => {
    const { another } = await createTestAuthority();
    const uses = [
      (stranger: ReturnType<typeof another>) => stranger.issue(request),
      (stranger: ReturnType<typeof another>) => stranger.list({ limit: 1 }),
      (stranger: ReturnType<typeof another>) => stranger.requestIntermediate({ subject: 'CN=X' }),
      (stranger: ReturnType<typeof another>) => stranger.crl(),
    ];
    for (const use of uses) {
      const error = await rejection(use(another({ keyring: LocalKeyring.generate() })));
      expect(error).toMatchObject({ name: 'SealError', code: 'KEYRING_MISMATCH' });
    }
  });

  it('may hold the old keys beside a new one', async () => {
    const { another, keyring } = await createTestAuthority();
    const { current, keys } = (keyring as LocalKeyring).export();
    const { current: next, keys: more } = LocalKeyring.generate().export();
    const rotated = LocalKeyring.fromKeys({
      current: `${next}-next`,
      keys: { ...keys, [`${next}-next`]: Object.values(more)[0] as Uint8Array },
    });
    expect(current).not.toBe(rotated.currentKeyId);
    await expect(another({ keyring: rotated }).issue(request)).resolves.toBeDefined();
  });
});
