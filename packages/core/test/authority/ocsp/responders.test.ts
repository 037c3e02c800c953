import { describe, expect, it, vi } from 'vitest';
import { type CertificateAuthority, LocalKeyring, StorageError, validatePath } from '../../../src/index.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { parseCertificate } from '../../../src/x509/certificate/certificate.ts';
import { parseCsr } from '../../../src/x509/csr/csr.ts';
import { encodeExtendedKeyUsage } from '../../../src/x509/extensions/extended-key-usage.ts';
import { successful, testOcspRequest } from '../../support/ocsp-client.ts';
import { createTestAuthority, DAY } from '../../support/test-authority.ts';
import { testCertificate } from '../../support/test-ca.ts';
import { createTestStorage, overriding, recordCommits, storageSize } from '../../support/test-storage.ts';
import { HOUR, judge, pastStaleness, pemOf, request, responderOf } from './ocsp-scene.ts';

const RESPONDERS = 'authority_ocsp_responders';
const INSTANCES = storageSize(8, 4);

async function scene(options: Parameters<typeof createTestAuthority>[0] = {}) {
  const made = await createTestAuthority(options);
  const { authority, intermediate } = made;
  const { serialNumber, certificatePem } = await authority.issue(request);
  const asked = await testOcspRequest(pemOf(intermediate), { serialNumbers: [serialNumber] });
  const nonce = await testOcspRequest(pemOf(intermediate), {
    serialNumbers: [serialNumber],
    nonce: new Uint8Array(16),
  });
  return { ...made, serialNumber, certificatePem, asked, nonce };
}

async function responders(authority: CertificateAuthority): Promise<string[]> {
  const { items } = await authority.list({ limit: 100 });
  return items.filter(({ profile }) => profile === 'ocspResponder').map(({ serialNumber }) => serialNumber);
}

function ocspChore(authority: CertificateAuthority) {
  const task = authority.maintenance().find(({ name }) => name === 'authority:internal:ocsp');
  if (task === undefined) throw new Error('There is no such chore');
  return task;
}

describe("an intermediate's responder", () => {
  it('is certified for ocspSigning alone, for two weeks, and asked about by nobody', async () => {
    const { authority, asked, clock, intermediate } = await scene();
    const [der] = successful(await authority.ocsp(asked)).certificates as [Uint8Array];
    const certificate = parseCertificate(der);
    expect(certificate).toMatchObject({
      extKeyUsage: ['ocspSigning'],
      keyUsage: ['digitalSignature'],
      ocspNoCheck: true,
      basicConstraints: { cA: false },
      crlDistributionPoints: undefined,
      authorityInfoAccess: undefined,
    });
    expect(certificate.subject.toString()).toBe('CN=OCSP Responder,O=Test');
    expect(certificate.issuer.toString()).toBe(parseCertificate(pemOf(intermediate)).subject.toString());
    expect(certificate.notAfter.getTime()).toBe(Math.floor((clock.now() + 14 * DAY) / 1000) * 1000);
  });

  it('stands in the ledger and in the events, and its key is sealed', async () => {
    const clock = new VirtualClock();
    const { storage, commits } = recordCommits(createTestStorage(clock).storage);
    const { authority, asked, events } = await scene({ clock, storage });
    const serial = responderOf(await authority.ocsp(asked)) as string;
    expect(await responders(authority)).toEqual([serial]);
    const { items } = await events.pending({ limit: 10 });
    expect(items.filter(({ subject }) => subject === serial)).toMatchObject([
      { type: 'certificate.issued', data: { profile: 'ocspResponder', subject: 'CN=OCSP Responder,O=Test' } },
    ]);
    const written = commits.flat().filter(({ collection }) => collection === RESPONDERS);
    expect(written).toHaveLength(1);
    const together = commits.find((writes) => writes.includes(written[0] as (typeof writes)[number]));
    expect(together?.map(({ collection }) => collection)).toEqual(
      expect.arrayContaining([RESPONDERS, 'authority_certificates', 'events', 'authority_intermediates']),
    );
  });

  it('is made once, by however many instances that are asked at once', async () => {
    const { authority, another, asked, nonce } = await scene();
    const instances = Array.from({ length: INSTANCES }, () => another());
    const responses = await Promise.all(instances.flatMap((each) => [each.ocsp(asked), each.ocsp(nonce)]));
    const serials = new Set(responses.map(responderOf));
    expect([...serials]).toEqual(await responders(authority));
    expect(serials.size).toBe(1);
  });

  it('is left alone by those who ask without need, and by the chore', async () => {
    const clock = new VirtualClock();
    const { storage, commits } = recordCommits(createTestStorage(clock).storage);
    const { authority, asked, nonce } = await scene({ clock, storage });
    await ocspChore(authority).run({ limit: 10 });
    expect(await responders(authority)).toEqual([]);
    await authority.ocsp(asked);
    const before = commits.length;
    clock.advance(6 * DAY);
    for (const one of [asked, nonce, asked]) await authority.ocsp(one);
    const { more, nextDueAt } = await ocspChore(authority).run({ limit: 10 });
    expect([more, nextDueAt]).toEqual([false, clock.now() + HOUR]);
    expect(commits).toHaveLength(before);
  });

  it('is renewed by the chore past the middle of its life, with a key of its own', async () => {
    const { authority, another, asked, clock, certificatePem, intermediate } = await scene();
    const first = responderOf(await authority.ocsp(asked)) as string;
    clock.advance(7 * DAY);
    await ocspChore(another()).run({ limit: 10 });
    const response = await authority.ocsp(asked);
    const second = responderOf(response) as string;
    expect((await responders(authority)).sort()).toEqual([first, second].sort());
    const fingerprints = await Promise.all([first, second].map((serial) => authority.get(serial)));
    const [one, two] = fingerprints.map((record) => parseCertificate(record.certificatePem).spki);
    expect(one).not.toEqual(two);
    expect(await judge(certificatePem, intermediate, response, clock.now())).toBe('good');
  });

  it('is renewed at need, where it would end before what it signs', async () => {
    const { authority, asked, clock } = await scene();
    const first = responderOf(await authority.ocsp(asked)) as string;
    clock.advance(13 * DAY - HOUR);
    expect(responderOf(await authority.ocsp(asked))).toBe(first);
    clock.advance(2 * HOUR);
    const { der, nextUpdate } = await authority.ocspResponse(asked);
    expect(responderOf(der)).not.toBe(first);
    expect(nextUpdate?.getTime()).toBe(Math.floor(clock.now() / 1000) * 1000 + DAY);
  });

  it('is renewed where the clock goes back to before it', async () => {
    const { authority, asked, clock, certificatePem, intermediate } = await scene();
    clock.advance(DAY);
    const first = responderOf(await authority.ocsp(asked));
    clock.set(clock.now() - HOUR);
    const response = await authority.ocsp(asked);
    expect(responderOf(response)).not.toBe(first);
    expect(await judge(certificatePem, intermediate, response, clock.now())).toBe('good');
  });

  it('lives no longer than its issuer, and is not renewed for that', async () => {
    const { authority, asked, clock, intermediate } = await scene({ intermediate: { validityDays: 10 } });
    const first = responderOf(await authority.ocsp(asked)) as string;
    expect((await authority.get(first)).notAfter).toEqual(parseCertificate(pemOf(intermediate)).notAfter);
    clock.advance(9 * DAY + 12 * HOUR);
    await ocspChore(authority).run({ limit: 10 });
    const { der, nextUpdate } = await authority.ocspResponse(asked);
    expect(responderOf(der)).toBe(first);
    expect(nextUpdate).toEqual(parseCertificate(pemOf(intermediate)).notAfter);
  });

  it('is replaced at once when its certificate is revoked, on every instance', async () => {
    const { authority, another, asked, clock } = await scene();
    const other = another();
    const first = responderOf(await authority.ocsp(asked)) as string;
    expect(responderOf(await other.ocsp(asked))).toBe(first);
    await authority.revoke(first, { reason: 'keyCompromise' });
    pastStaleness(clock);
    const second = responderOf(await other.ocsp(asked));
    expect(second).not.toBe(first);
    expect(responderOf(await authority.ocsp(asked))).toBe(second);
  });

  it('of a retired intermediate is renewed like any other', async () => {
    const { authority, asked, clock, intermediate } = await scene();
    const first = responderOf(await authority.ocsp(asked));
    await authority.retireIntermediate(intermediate.id);
    clock.advance(8 * DAY);
    await ocspChore(authority).run({ limit: 10 });
    expect(responderOf(await authority.ocsp(asked))).not.toBe(first);
  });
});

describe('a rotated keyring', () => {
  it('has the chores replace a responder whose key the former key sealed', async () => {
    const [k1, k2] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const keyring = LocalKeyring.fromKeys({ current: 'k1', keys: { k1 } });
    const { authority, another, asked } = await scene({ keyring });
    const first = responderOf(await authority.ocsp(asked));
    const rotated = another({ keyring: LocalKeyring.fromKeys({ current: 'k2', keys: { k1, k2 } }) });
    for (const chore of rotated.maintenance()) await chore.run({ limit: 10 });
    const later = another({ keyring: LocalKeyring.fromKeys({ current: 'k2', keys: { k2 } }) });
    expect(responderOf(await later.ocsp(asked))).not.toBe(first);
  });
});

describe('a renewal that fails', () => {
  it('leaves a responder that still holds at work, and is tried again a minute later', async () => {
    const clock = new VirtualClock();
    const stored = createTestStorage(clock);
    let broken = false;
    let attempts = 0;
    const storage = overriding(stored.storage, {
      commit: async (writes) => {
        const renews = writes.some(({ collection, kind }) => collection === RESPONDERS && kind === 'put');
        if (renews) attempts += 1;
        if (broken && renews) throw new StorageError('STORAGE_TOO_LARGE', 'The disk is full');
        return stored.storage.commit(writes);
      },
    });
    const warnings: string[] = [];
    const warn = (message: string) => void warnings.push(message);
    const logger = { debug: vi.fn(), info: vi.fn(), warn, error: vi.fn() };
    const { authority, asked, nonce } = await scene({ clock, storage, logger });
    const first = responderOf(await authority.ocsp(asked));
    clock.advance(13 * DAY + HOUR);
    broken = true;
    warnings.length = 0;
    attempts = 0;
    for (let round = 0; round < 3; round++) expect(responderOf(await authority.ocsp(nonce))).toBe(first);
    expect([attempts, warnings]).toEqual([1, ['An OCSP responder could not be renewed']]);
    broken = false;
    clock.advance(60_000);
    expect(responderOf(await authority.ocsp(nonce))).not.toBe(first);
  });
});

describe('an intermediate that is not for ocspSigning', () => {
  it('signs its responses itself', async () => {
    const clock = new VirtualClock();
    const { another } = await createTestAuthority({ clock });
    const authority = another({ storage: createTestStorage(clock).storage, keyring: LocalKeyring.generate() });
    const asking = await authority.requestIntermediate({ subject: 'CN=Servers only' });
    const root = await testCertificate({ notBefore: 0 });
    const certificatePem = await testCertificate({
      subject: 'CN=Servers only',
      issuer: 'CN=Foreign Root CA',
      spki: parseCsr(asking.csrPem).spki,
      notBefore: 0,
      basicConstraints: { cA: true, pathLenConstraint: 0 },
      keyUsage: ['keyCertSign', 'cRLSign', 'digitalSignature'],
      extensions: [encodeExtendedKeyUsage(['serverAuth'])],
    });
    const intermediate = await authority.installIntermediate(asking.id, { certificatePem, trustAnchorsPem: root });
    const issued = await authority.issue(request);
    const asked = await testOcspRequest(pemOf(intermediate), { serialNumbers: [issued.serialNumber] });
    const response = await authority.ocsp(asked);
    expect(successful(response).certificates).toEqual([]);
    const judged = await validatePath({
      certificate: issued.certificatePem,
      intermediates: certificatePem,
      trustAnchors: root,
      at: new Date(clock.now()),
      ocspResponses: [response],
    });
    expect(judged).toMatchObject({ valid: true, revocation: [{ status: 'good', source: 'ocsp' }, {}] });
  });
});
