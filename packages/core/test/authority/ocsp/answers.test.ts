import { describe, expect, it } from 'vitest';
import { type CrlReason, type CryptoProvider, LocalKeyring, nodeCrypto, OfflineRoot } from '../../../src/index.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { parseCertificate } from '../../../src/x509/certificate/certificate.ts';
import { parseOcspResponse } from '../../../src/x509/ocsp/ocsp-response.ts';
import { codeOf } from '../../support/expect-error.ts';
import { onlyAnswer, successful, testCertId, testOcspRequest, testOcspRequestOf } from '../../support/ocsp-client.ts';
import { addIntermediate, createTestAuthority, DAY, PASSPHRASE } from '../../support/test-authority.ts';
import { testCertificate } from '../../support/test-ca.ts';
import { createTestStorage } from '../../support/test-storage.ts';
import { ask, judge, pastStaleness, pemOf, request } from './ocsp-scene.ts';

const made = createTestAuthority();
const crypto = nodeCrypto();

describe('the answer about a certificate', () => {
  it('follows its life: good, on hold, good, revoked, and relying parties believe it', async () => {
    const { authority, clock, intermediate } = await made;
    const { serialNumber, certificatePem } = await authority.issue(request);
    const asked = await testOcspRequest(pemOf(intermediate), { serialNumbers: [serialNumber] });
    const believed = async () => judge(certificatePem, intermediate, await authority.ocsp(asked), clock.now());
    expect(await ask(authority, intermediate, serialNumber)).toMatchObject({ status: 'good', revokedAt: undefined });
    expect(await believed()).toBe('good');
    await authority.revoke(serialNumber, { reason: 'certificateHold' });
    expect(await ask(authority, intermediate, serialNumber)).toMatchObject({
      status: 'revoked',
      reason: 'certificateHold',
    });
    expect(await believed()).toBe('PATH_REVOKED');
    await authority.release(serialNumber);
    expect(await believed()).toBe('good');
    const revokedAt = Math.floor(clock.now() / 1000) * 1000;
    await authority.revoke(serialNumber, { reason: 'keyCompromise' });
    expect(await ask(authority, intermediate, serialNumber)).toMatchObject({
      status: 'revoked',
      reason: 'keyCompromise',
      revokedAt: new Date(revokedAt),
    });
    expect(await believed()).toBe('PATH_REVOKED');
  });

  it.each<CrlReason>(['unspecified', 'cessationOfOperation', 'privilegeWithdrawn'])(
    'tells the reason %s',
    async (reason) => {
      const { authority, intermediate } = await made;
      const { serialNumber } = await authority.issue(request);
      await authority.revoke(serialNumber, { reason });
      const answer = await ask(authority, intermediate, serialNumber);
      expect(answer).toMatchObject({ status: 'revoked', reason: reason === 'unspecified' ? undefined : reason });
    },
  );

  it('is unknown for a serial number that was never given out, until it is', async () => {
    const { authority, intermediate } = await made;
    expect(await ask(authority, intermediate, '01')).toMatchObject({ status: 'unknown' });
    expect(await ask(authority, intermediate, '00')).toMatchObject({ status: 'unknown' });
    expect(await ask(authority, intermediate, 'ff'.repeat(20))).toMatchObject({ status: 'unknown' });
  });

  it('goes on after the certificate has expired', async () => {
    const { authority, clock, intermediate } = await createTestAuthority();
    const { serialNumber } = await authority.issue({ ...request, validity: { days: 1 } });
    clock.advance(2 * DAY);
    expect(await ask(authority, intermediate, serialNumber)).toMatchObject({ status: 'good' });
  });

  it('is valid from this second for a day, or as long as the host says', async () => {
    const { authority, clock, intermediate, another } = await made;
    const { serialNumber } = await authority.issue(request);
    const thisUpdate = Math.floor(clock.now() / 1000) * 1000;
    const answer = await ask(authority, intermediate, serialNumber);
    expect(answer).toMatchObject({ thisUpdate: new Date(thisUpdate), nextUpdate: new Date(thisUpdate + DAY) });
    const longer = await ask(another({ ocsp: { validityHours: 240 } }), intermediate, serialNumber);
    expect(longer.nextUpdate).toEqual(new Date(thisUpdate + 10 * DAY));
  });
});

describe('a request', () => {
  it.each(['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'] as const)('may tell the issuer by %s', async (digest) => {
    const { authority, clock, intermediate } = await made;
    const { serialNumber, certificatePem } = await authority.issue(request);
    const asked = await testOcspRequest(pemOf(intermediate), { serialNumbers: [serialNumber], digest });
    const response = await authority.ocsp(asked);
    expect(await judge(certificatePem, intermediate, response, clock.now())).toBe('good');
  });

  it('has its nonce echoed, in an answer of its own', async () => {
    const { authority, clock, intermediate } = await made;
    const { serialNumber, certificatePem } = await authority.issue(request);
    for (const length of [1, 16, 32, 128]) {
      const nonce = crypto.randomBytes(length);
      const asked = await testOcspRequest(pemOf(intermediate), { serialNumbers: [serialNumber], nonce });
      const response = await authority.ocsp(asked);
      expect(await judge(certificatePem, intermediate, response, clock.now(), nonce)).toBe('good');
      expect((await authority.ocspResponse(asked)).cacheable).toBe(false);
      const other = nonce.map((octet) => octet ^ 1);
      expect(await judge(certificatePem, intermediate, response, clock.now(), other)).toBe('unknown');
    }
  });

  it('about several certificates is answered in its order, doubles included', async () => {
    const { authority, intermediate } = await made;
    const good = (await authority.issue(request)).serialNumber;
    const revoked = (await authority.issue(request)).serialNumber;
    await authority.revoke(revoked);
    const serialNumbers = [revoked, '01', good, revoked, good];
    const asked = await testOcspRequest(pemOf(intermediate), { serialNumbers });
    const { responses } = successful(await authority.ocsp(asked));
    expect(responses.map(({ certId }) => certId.serialNumber)).toEqual(serialNumbers);
    expect(responses.map(({ status }) => status)).toEqual(['revoked', 'unknown', 'good', 'revoked', 'good']);
  });

  it('about 100 certificates is answered, about 101 or 1,000 it is not', async () => {
    const { authority, intermediate } = await made;
    const serialNumbers = Array.from({ length: 1_000 }, (_, at) => (at + 1).toString(16).padStart(4, '0'));
    const status = async (count: number) => {
      const asked = await testOcspRequest(pemOf(intermediate), { serialNumbers: serialNumbers.slice(0, count) });
      return (await authority.ocspResponse(asked)).status;
    };
    expect([await status(100), await status(101), await status(1_000)]).toEqual([
      'successful',
      'malformedRequest',
      'malformedRequest',
    ]);
  });

  it('that is malformed is told so, and nothing is thrown', async () => {
    const { authority, intermediate } = await made;
    const right = await testOcspRequest(pemOf(intermediate), { serialNumbers: ['01'] });
    const wrong = [new Uint8Array(), right.subarray(1), new Uint8Array(1_000_000), new TextEncoder().encode('GET /')];
    for (const asked of wrong) {
      expect(parseOcspResponse(await authority.ocsp(asked))).toBe('malformedRequest');
      const { status, cacheable, error } = await authority.ocspResponse(asked);
      expect([status, cacheable, error]).toEqual(['malformedRequest', false, undefined]);
    }
  });

  it('that is no bytes is a mistake of the caller', async () => {
    const { authority } = await made;
    for (const wrong of [undefined, null, 'MEgw', {}, 7])
      expect(await codeOf(authority.ocsp(wrong as unknown as Uint8Array))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(authority.ocsp(new Uint8Array(), { signal: AbortSignal.abort() }))).toBe('ABORTED');
  });

  it('about an issuer of someone else is not authorized, nor is one about several issuers', async () => {
    const { authority, intermediate, root } = await createTestAuthority();
    const second = await addIntermediate(authority, root);
    const foreign = await testCertificate();
    const id = (issuer: string) => testCertId(issuer, '01');
    const [ours, other, theirs] = [await id(pemOf(intermediate)), await id(pemOf(second)), await id(foreign)];
    const status = async (...ids: Uint8Array[]) => parseOcspResponse(await authority.ocsp(testOcspRequestOf(ids)));
    expect(await status(theirs)).toBe('unauthorized');
    expect(await status(ours, theirs)).toBe('unauthorized');
    expect(await status(theirs, ours)).toBe('unauthorized');
    expect(await status(ours, other)).toBe('unauthorized');
    expect(await status(ours, ours)).toMatchObject({ responses: { length: 2 } });
  });

  it('before there is any intermediate is not authorized', async () => {
    const clock = new VirtualClock();
    const { another } = await createTestAuthority({ clock });
    const authority = another({ storage: createTestStorage(clock).storage, keyring: LocalKeyring.generate() });
    const asked = await testOcspRequest(await testCertificate(), { serialNumbers: ['01'] });
    expect((await authority.ocspResponse(asked)).status).toBe('unauthorized');
  });
});

describe('of two intermediates', () => {
  it('each speaks for its own certificates, retired or not', async () => {
    const { authority, intermediate: first, root } = await createTestAuthority();
    const { serialNumber: early } = await authority.issue(request);
    const second = await addIntermediate(authority, root);
    const { serialNumber: late } = await authority.issue(request);
    await authority.retireIntermediate(first.id);
    expect(await ask(authority, first, early)).toMatchObject({ status: 'good' });
    expect(await ask(authority, second, late)).toMatchObject({ status: 'good' });
    expect(await ask(authority, second, early)).toMatchObject({ status: 'unknown' });
    expect(await ask(authority, first, late)).toMatchObject({ status: 'unknown' });
    await authority.revoke(early);
    expect(await ask(authority, first, early)).toMatchObject({ status: 'revoked' });
    expect(await ask(authority, second, early)).toMatchObject({ status: 'unknown' });
  });

  it('are digested anew where the provider has failed to', async () => {
    let isBroken = false;
    const crypto: CryptoProvider = new Proxy(nodeCrypto(), {
      get(target, property) {
        if (property === 'digest' && isBroken) return () => Promise.reject(new Error('busy'));
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const { authority, intermediate } = await createTestAuthority({ crypto });
    const { serialNumber } = await authority.issue(request);
    const asked = await testOcspRequest(pemOf(intermediate), { serialNumbers: [serialNumber] });
    isBroken = true;
    await expect(authority.ocsp(asked)).rejects.toThrow('busy');
    isBroken = false;
    expect(onlyAnswer(await authority.ocsp(asked)).status).toBe('good');
  });

  it('one that another instance has just installed is known at once', async () => {
    const { authority, intermediate, root, another } = await createTestAuthority();
    const other = another();
    await ask(other, intermediate, '01');
    const second = await addIntermediate(authority, root);
    const { serialNumber } = await authority.issue(request);
    expect(await ask(other, second, serialNumber)).toMatchObject({ status: 'good' });
  });

  it('one that has expired has nothing left to say', async () => {
    const { authority, clock, intermediate } = await createTestAuthority({ intermediate: { validityDays: 30 } });
    const { serialNumber } = await authority.issue(request);
    const asked = await testOcspRequest(pemOf(intermediate), { serialNumbers: [serialNumber] });
    clock.advance(30 * DAY - 2_000);
    const { notAfter } = parseCertificate(pemOf(intermediate));
    expect(successful(await authority.ocsp(asked)).responses[0]?.nextUpdate).toEqual(notAfter);
    clock.advance(3_000);
    expect(parseOcspResponse(await authority.ocsp(asked))).toBe('unauthorized');
  });
});

describe('an intermediate that the root has revoked', () => {
  async function revoke(reason: CrlReason) {
    const clock = new VirtualClock();
    const { root } = await OfflineRoot.create({ subject: 'CN=Root of one', passphrase: PASSPHRASE, clock });
    const scene = await createTestAuthority({ clock, root });
    const { authority, intermediate } = scene;
    const kept = (await authority.issue(request)).serialNumber;
    const revoked = (await authority.issue(request)).serialNumber;
    await authority.revoke(revoked, { reason: 'superseded' });
    expect(await ask(authority, intermediate, kept)).toMatchObject({ status: 'good' });
    clock.advance(DAY);
    const compromisedAt = new Date(clock.now());
    await root.revokeIntermediate(intermediate.serialNumber as string, { reason });
    const { crl } = await root.crl();
    await scene.another().installRootCrl(crl.der);
    pastStaleness(clock);
    return { ...scene, kept, revoked, compromisedAt };
  }

  it.each<CrlReason>(['keyCompromise', 'cACompromise'])(
    'for %s answers revoked, even for what it never issued',
    async (reason) => {
      const { authority, intermediate, kept, revoked, compromisedAt } = await revoke(reason);
      const status = 'revoked';
      const asked = await testOcspRequest(pemOf(intermediate), { serialNumbers: [kept, '0badc0de', revoked] });
      const { responses, extensions } = successful(await authority.ocsp(asked));
      // Of what was never issued it says so in the form of RFC 6960 section 2.2.
      expect(responses).toMatchObject([
        { status, reason: 'cACompromise', revokedAt: compromisedAt },
        { status, reason: 'certificateHold', revokedAt: new Date(0) },
        { status, reason: 'superseded' },
      ]);
      const extendedRevoke = { oid: '1.3.6.1.5.5.7.48.1.9', critical: false, value: Uint8Array.of(5, 0) };
      expect(extensions).toEqual([extendedRevoke]);
      const issued = await testOcspRequest(pemOf(intermediate), { serialNumbers: [kept] });
      expect(successful(await authority.ocsp(issued)).extensions).toEqual([]);
      const nonce = { serialNumbers: ['0badc0de'], nonce: new Uint8Array(32) };
      const both = successful(await authority.ocsp(await testOcspRequest(pemOf(intermediate), nonce))).extensions;
      expect(both).toContainEqual(extendedRevoke);
      expect(both).toHaveLength(2);
    },
  );

  it.each<CrlReason>(['superseded', 'certificateHold'])('for %s answers as before, by itself', async (reason) => {
    const { authority, intermediate, kept, revoked } = await revoke(reason);
    expect(await ask(authority, intermediate, kept)).toMatchObject({ status: 'good' });
    expect(await ask(authority, intermediate, revoked)).toMatchObject({ status: 'revoked' });
    const asked = await testOcspRequest(pemOf(intermediate), { serialNumbers: [kept] });
    expect(successful(await authority.ocsp(asked)).certificates).toEqual([]);
  });
});
