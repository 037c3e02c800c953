import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/encoding/hex.ts';
import { parseCrl } from '../../src/x509/crl/crl.ts';
import { parseCsr } from '../../src/x509/csr/csr.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { addIntermediate, createTestAuthority, DAY } from '../support/test-authority.ts';
import { type TestCrlOptions, testCertificate, testCrl } from '../support/test-ca.ts';
import { rsaKey, testKey } from '../support/test-keys.ts';

/** issuingDistributionPoint with onlyContainsUserCerts (RFC 5280 section 5.2.5). */
const ONLY_USER_CERTIFICATES = { oid: '2.5.29.28', critical: true, value: fromHex('30038101ff') };
const request = { subjectAltNames: ['a.example'] };

/** An authority under a root whose CRLs the test makes as it likes. */
async function underForeignRoot() {
  const made = await createTestAuthority();
  const { authority, clock } = made;
  clock.advance(1_000);
  const asked = await authority.requestIntermediate({ subject: 'CN=Sub CA' });
  const certificatePem = await testCertificate({
    subject: 'CN=Sub CA',
    issuer: 'CN=Foreign Root CA',
    spki: parseCsr(asked.csrPem).spki,
  });
  const rootPem = await testCertificate();
  const foreign = await authority.installIntermediate(asked.id, { certificatePem, trustAnchorsPem: rootPem });
  const crl = (change: Partial<TestCrlOptions> = {}) =>
    testCrl({ number: 10, thisUpdate: clock.now(), nextUpdate: clock.now() + DAY, ...change });
  const state = async () => (await authority.intermediates()).find(({ id }) => id === foreign.id)?.state;
  const serialNumber = foreign.serialNumber as string;
  return { ...made, foreign, rootPem, crl, state, serialNumber };
}

describe('a revocation by the root', () => {
  it('stops an intermediate on every instance at once, those with a snapshot too', async () => {
    const { authority, another, intermediate, root, clock } = await createTestAuthority();
    const other = another();
    await other.issue(request);
    await root.revokeIntermediate(intermediate.serialNumber as string, { reason: 'cACompromise' });
    const revokedAt = new Date(clock.now());
    await authority.installRootCrl((await root.crl()).crl.pem);
    expect(await codeOf(other.issue(request))).toBe('AUTHORITY_NOT_READY');
    expect(await codeOf(authority.issue(request))).toBe('AUTHORITY_NOT_READY');
    expect((await other.intermediates())[0]).toMatchObject({ state: 'revoked', reason: 'cACompromise', revokedAt });
  });

  it('wins against certificates that are being issued: none is in the ledger after it', async () => {
    const { authority, another, intermediate, root } = await createTestAuthority();
    const others = [another(), another(), another()];
    await Promise.all(others.map((other) => other.issue(request)));
    await root.revokeIntermediate(intermediate.serialNumber as string);
    const { crl } = await root.crl();
    let stopped = false;
    const racing = others.map(async (other) => {
      for (let at = 0; at < 30; at++) {
        const begunAfter = stopped;
        const issued = await other.issue(request).catch(() => undefined);
        if (begunAfter && issued !== undefined) throw new Error('issued by a revoked intermediate');
      }
    });
    await authority.installRootCrl(crl.der);
    stopped = true;
    await Promise.all(racing);
    expect(await codeOf(authority.issue(request))).toBe('AUTHORITY_NOT_READY');
  });

  it('with certificateHold is a pause', async () => {
    const { authority, another, intermediate, root } = await createTestAuthority();
    const other = another();
    await other.issue(request);
    await root.revokeIntermediate(intermediate.serialNumber as string, { reason: 'certificateHold' });
    await authority.installRootCrl((await root.crl()).crl.der);
    expect(await codeOf(other.issue(request))).toBe('AUTHORITY_NOT_READY');
    expect((await authority.intermediates())[0]?.state).toBe('onHold');
    await root.releaseIntermediate(intermediate.serialNumber as string);
    await authority.installRootCrl((await root.crl()).crl.der);
    expect((await authority.intermediates())[0]).toEqual(intermediate);
    await expect(other.issue(request)).resolves.toBeDefined();
  });

  it('by a hold does not bring back what was retired, before it or during it', async () => {
    const { authority, intermediate, root } = await createTestAuthority();
    const second = await addIntermediate(authority, root);
    await authority.retireIntermediate(intermediate.id);
    for (const { serialNumber } of [intermediate, second]) {
      await root.revokeIntermediate(serialNumber as string, { reason: 'certificateHold' });
    }
    await authority.installRootCrl((await root.crl()).crl.der);
    expect((await authority.retireIntermediate(second.id)).state).toBe('onHold');
    for (const { serialNumber } of [intermediate, second]) await root.releaseIntermediate(serialNumber as string);
    await authority.installRootCrl((await root.crl()).crl.der);
    expect((await authority.intermediates()).map(({ state }) => state)).toEqual(['retired', 'retired']);
  });

  it('for good is not undone by a later CRL that holds it or has forgotten it', async () => {
    const { authority, crl, state, serialNumber } = await underForeignRoot();
    await authority.installRootCrl(await crl({ revoked: [{ serialNumber, reason: 'keyCompromise' }] }));
    await authority.installRootCrl(await crl({ number: 11, revoked: [{ serialNumber, reason: 'certificateHold' }] }));
    expect(await state()).toBe('revoked');
    await authority.installRootCrl(await crl({ number: 12 }));
    expect(await state()).toBe('revoked');
  });

  it('keeps a certificate from being installed later', async () => {
    const { authority, root, clock } = await createTestAuthority();
    clock.advance(1_000);
    const { id, csrPem } = await authority.requestIntermediate({ subject: 'CN=Late CA' });
    const { certificatePem } = await root.signIntermediate(csrPem);
    const serial = root.issued.at(-1)?.serialNumber as string;
    await root.revokeIntermediate(serial);
    await authority.installRootCrl((await root.crl()).crl.der);
    const error = await rejection(
      authority.installIntermediate(id, { certificatePem, trustAnchorsPem: root.certificatePem }),
    );
    expect(error).toMatchObject({ code: 'INTERMEDIATE_INVALID' });
    expect(error.message).toContain(serial);
  });

  it('that races with the installation of what it revokes leaves nothing active', async () => {
    const { authority, another, root } = await createTestAuthority();
    const { id, csrPem } = await authority.requestIntermediate({ subject: 'CN=Raced CA' });
    const { certificatePem } = await root.signIntermediate(csrPem);
    await root.revokeIntermediate(root.issued.at(-1)?.serialNumber as string);
    const { crl } = await root.crl();
    const [installed] = await Promise.allSettled([
      authority.installIntermediate(id, { certificatePem, trustAnchorsPem: root.certificatePem }),
      another().installRootCrl(crl.der),
    ]);
    const state = (await authority.intermediates()).find((each) => each.id === id)?.state;
    expect(state).toBe(installed.status === 'fulfilled' ? 'revoked' : 'requested');
  });
});

describe('installRootCrl', () => {
  it('refuses an older one, takes the same one again, and serves the newest', async () => {
    const { authority, root } = await createTestAuthority();
    const [older, newer] = [(await root.crl()).crl, (await root.crl()).crl];
    await authority.installRootCrl(newer.der);
    await authority.installRootCrl(newer.pem);
    const error = await rejection(authority.installRootCrl(older.der));
    expect(error).toMatchObject({
      name: 'ConflictError',
      code: 'ROOT_CRL_OLDER',
      facts: { number: String(older.number), installed: String(newer.number) },
    });
    expect(await authority.crlBundlePem()).toContain(newer.pem);
  });

  it.each<[string, (now: number) => Promise<Partial<TestCrlOptions>> | Partial<TestCrlOptions>, string]>([
    ['of a stranger', () => ({ issuer: 'CN=Stranger' }), 'no trust anchor is named "CN=Stranger"'],
    ['that the anchor did not sign', async () => ({ signingKey: await rsaKey(2048, 65537) }), 'did not sign it'],
    ['of the future', (now) => ({ thisUpdate: now + 1_000 }), 'not valid before'],
    ['that has expired', (now) => ({ thisUpdate: now - DAY, nextUpdate: now - 1_000 }), 'has expired'],
    [
      'that speaks of some certificates only',
      () => ({ extensions: [ONLY_USER_CERTIFICATES] }),
      'critical extension 2.5.29.28',
    ],
  ])('refuses one %s', async (_, change, said) => {
    const { authority, clock, crl } = await underForeignRoot();
    const error = await rejection(authority.installRootCrl(await crl(await change(clock.now()))));
    expect(error).toMatchObject({ name: 'InvalidInputError', code: 'ROOT_CRL_INVALID' });
    expect(error.message).toContain(said);
  });

  it('refuses an intermediate’s CRL, and what is no CRL', async () => {
    const { authority } = await createTestAuthority();
    expect(await codeOf(authority.installRootCrl((await authority.crl()).der))).toBe('ROOT_CRL_INVALID');
    expect(await codeOf(authority.installRootCrl('junk'))).toBe('PEM_INVALID');
    expect(await codeOf(authority.installRootCrl(new Uint8Array([0x30, 0])))).toBe('CRL_INVALID');
  });

  it('keeps the CRLs of several roots apart, even of one name', async () => {
    const { authority, crl, state, serialNumber, clock } = await underForeignRoot();
    clock.advance(1_000);
    const namesakeKey = await testKey('RSA-2048');
    const asked = await authority.requestIntermediate({ subject: 'CN=Third CA' });
    const certificatePem = await testCertificate({
      subject: 'CN=Third CA',
      issuer: 'CN=Foreign Root CA',
      signingKey: namesakeKey,
      spki: parseCsr(asked.csrPem).spki,
    });
    await authority.installIntermediate(asked.id, {
      certificatePem,
      trustAnchorsPem: await testCertificate({ signingKey: namesakeKey }),
    });
    await authority.installRootCrl(await crl({ number: 5, signingKey: namesakeKey, revoked: [{ serialNumber }] }));
    expect(await state()).toBe('active');
    await authority.installRootCrl(await crl({ number: 3, revoked: [{ serialNumber }] }));
    expect(await state()).toBe('revoked');
    const blocks =
      (await authority.crlBundlePem()).match(/-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----\n/g) ?? [];
    expect(blocks.map((pem) => parseCrl(pem).issuer.toString()).sort()).toEqual([
      'CN=Foreign Root CA',
      'CN=Foreign Root CA',
      'CN=Sub CA',
      'CN=Test Intermediate CA,O=Test',
      'CN=Third CA',
    ]);
  });
});
