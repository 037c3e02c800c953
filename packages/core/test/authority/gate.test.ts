import { describe, expect, it } from 'vitest';
import {
  type CryptoProvider,
  type KeyAlgorithm,
  nodeCrypto,
  OfflineRoot,
  PathValidationError,
  type PolicyError,
  type PrivateKey,
} from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCertificate } from '../../src/x509/certificate/certificate.ts';
import { parseCsr } from '../../src/x509/csr/csr.ts';
import { encodeExtendedKeyUsage } from '../../src/x509/extensions/extended-key-usage.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { addIntermediate, createTestAuthority, PASSPHRASE } from '../support/test-authority.ts';
import { testCertificate } from '../support/test-ca.ts';
import { testKey } from '../support/test-keys.ts';
import { createTestStorage, recordCommits } from '../support/test-storage.ts';

const request = { subjectAltNames: ['a.example'] };

/** A provider whose signatures can be spoiled, as a faulty processor or key store would, and which counts verifications. */
function faultyCrypto() {
  const state = { isFaulty: false, verified: 0 };
  const crypto = new Proxy(nodeCrypto(), {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (property === 'sign')
        return async (...args: Parameters<CryptoProvider['sign']>) => {
          const signature = await target.sign(...args);
          return state.isFaulty ? target.sign(args[0], args[1], Uint8Array.of(...args[2], 0)) : signature;
        };
      if (property === 'verify')
        return (...args: Parameters<CryptoProvider['verify']>) => {
          state.verified += 1;
          return target.verify(...args);
        };
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { crypto, state };
}

async function faulty(options: { readonly skipPathValidation?: boolean } = {}) {
  const { crypto, state } = faultyCrypto();
  const clock = new VirtualClock();
  const { storage, commits } = recordCommits(createTestStorage(clock).storage);
  const made = await createTestAuthority({ ...options, clock, storage, crypto });
  return { ...made, state, commits };
}

describe('a certificate that no relying party would accept', () => {
  it('is not handed out, and leaves no trace: its signature is wrong', async () => {
    const { authority, events, state, commits } = await faulty();
    await authority.issue(request);
    const before = commits.length;
    state.isFaulty = true;
    const error = await rejection(authority.issue(request));
    expect(error).toMatchObject({
      code: 'ISSUANCE_REFUSED',
      violations: [{ rule: 'path.signature', message: expect.stringContaining('RFC 5280 section 6.1.3') }],
    });
    expect((error as Error).cause).toBeInstanceOf(PathValidationError);
    const many = await authority.issueMany([request, request]);
    expect(many.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(commits.length).toBe(before);
    expect((await authority.list({ limit: 10 })).items).toHaveLength(1);
    expect((await events.pending({ limit: 10 })).items).toHaveLength(1);
    state.isFaulty = false;
    await expect(authority.issue(request)).resolves.toBeDefined();
  });

  it('says nothing of the key that was made for it', async () => {
    const { authority, state } = await faulty();
    state.isFaulty = true;
    const error = await rejection(authority.issue({ ...request, keyAlgorithm: 'ECDSA-P256' }));
    expect(JSON.stringify([error, error.message, (error as Error).cause])).not.toMatch(/PRIVATE KEY/);
  });

  it('is handed out where the host has chosen so by name', async () => {
    const { authority, state } = await faulty({ skipPathValidation: true });
    state.isFaulty = true;
    const before = state.verified;
    await expect(authority.issue(request)).resolves.toBeDefined();
    expect(state.verified).toBe(before);
  });

  it('is judged at the cost of one verification, once its issuers are known', async () => {
    const { authority, state } = await faulty();
    await authority.issue(request);
    const before = state.verified;
    for (let more = 0; more < 5; more++) await authority.issue(request);
    await authority.issueMany(Array.from({ length: 5 }, () => request));
    expect(state.verified - before).toBe(10);
  });

  it('is one below an issuer that has meanwhile expired', async () => {
    const { authority, clock, intermediate } = await createTestAuthority({ intermediate: { validityDays: 2 } });
    await authority.issue({ ...request, validity: { hours: 1 } });
    clock.set((intermediate.notAfter as Date).getTime() + 1);
    expect(await codeOf(authority.issue(request))).toBe('AUTHORITY_NOT_READY');
  });
});

describe('a key that is made for a certificate', () => {
  it('is made once, and only for a request that is good otherwise', async () => {
    let made = 0;
    const crypto = new Proxy(nodeCrypto(), {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target);
        if (property === 'generateKey')
          return (algorithm: KeyAlgorithm) => {
            made += 1;
            return target.generateKey(algorithm);
          };
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const { authority } = await createTestAuthority({ crypto });
    const before = made;
    const bad = { subjectAltNames: ['*.com'], validity: { days: 9_999 }, profile: 'codeSigning' } as const;
    const error = await rejection(authority.issue({ ...bad, keyAlgorithm: 'RSA-4096' }));
    expect((error as PolicyError).violations.map(({ rule }) => rule)).toEqual(
      expect.arrayContaining(['name.kind', 'validity.beyond-profile']),
    );
    expect(made).toBe(before);
    const { privateKeyPem } = await authority.issue({ ...request, keyAlgorithm: 'RSA-2048' });
    expect([made, privateKeyPem?.includes('PRIVATE KEY')]).toEqual([before + 1, true]);
  });
});

describe('an intermediate that no relying party would accept', () => {
  async function requested(key?: PrivateKey) {
    const { authority, another } = await createTestAuthority();
    const asked = await authority.requestIntermediate({ subject: 'CN=Sub CA' });
    const signingKey = key ?? (await testKey('ECDSA-P384'));
    const trustAnchorsPem = await testCertificate({ signingKey });
    const install = async (options: Parameters<typeof testCertificate>[0], instance = authority) => {
      const { spki } = parseCsr(asked.csrPem);
      const certificate = { subject: 'CN=Sub CA', issuer: 'CN=Foreign Root CA', signingKey, spki };
      const certificatePem = await testCertificate({ ...certificate, ...options });
      return instance.installIntermediate(asked.id, { certificatePem, trustAnchorsPem });
    };
    const state = async () => (await authority.intermediates()).find(({ id }) => id === asked.id)?.state;
    return { authority, another, install, state };
  }

  it('is not installed, and its key waits for a better certificate', async () => {
    const { install, state } = await requested();
    expect(await rejection(install({ authorityKeyIdentifier: false }))).toMatchObject({
      code: 'INTERMEDIATE_INVALID',
      message: expect.stringContaining('RFC 5280 section 4.2.1.1'),
      cause: { code: 'PATH_FORM_VIOLATION' },
    });
    expect(await state()).toBe('requested');
    await install({});
    expect(await state()).toBe('active');
  });

  it('is installed where the host has chosen so by name', async () => {
    const { another, install, state } = await requested();
    await install({ authorityKeyIdentifier: false }, another({ skipPathValidation: true }));
    expect(await state()).toBe('active');
  });

  it('limits the purposes of what is below it, each of which is judged', async () => {
    const { authority, install } = await requested();
    await install({ extensions: [encodeExtendedKeyUsage(['serverAuth'])] });
    await expect(authority.issue(request)).resolves.toBeDefined();
    expect(await codeOf(authority.issue({ ...request, profile: 'peer' }))).toBe('ISSUANCE_REFUSED');
  });

  it('does not leave the root that has signed it wrong', async () => {
    const { crypto, state } = faultyCrypto();
    const clock = new VirtualClock();
    const { root } = await OfflineRoot.create({ subject: 'CN=Faulty Root', passphrase: PASSPHRASE, clock, crypto });
    const { authority } = await createTestAuthority({ clock });
    const { csrPem } = await authority.requestIntermediate({ subject: 'CN=Sub CA' });
    state.isFaulty = true;
    const { revision } = root;
    expect(await rejection(root.signIntermediate(csrPem))).toMatchObject({
      code: 'ISSUANCE_REFUSED',
      violations: [{ rule: 'path.signature' }],
    });
    expect([root.revision, root.issued]).toEqual([revision, []]);
    state.isFaulty = false;
    const { certificatePem } = await root.signIntermediate(csrPem);
    expect(parseCertificate(certificatePem).subject.toString()).toBe('CN=Sub CA');
    root.close();
  });
});

it('judges every profile and every kind of key as fit for what it is for', async () => {
  const { authority, root } = await createTestAuthority();
  for (const intermediateKey of ['ECDSA-P256', 'Ed25519', 'RSA-2048'] as const) {
    await addIntermediate(authority, root, {}, intermediateKey);
    for (const profile of ['server', 'client', 'peer', 'codeSigning', 'ocspResponder'])
      for (const keyAlgorithm of ['ECDSA-P256', 'ECDSA-P384', 'Ed25519'] as const) {
        const names = profile === 'codeSigning' ? ['uri:urn:example:tool'] : ['a.example'];
        const issued = authority.issue({ profile, keyAlgorithm, subjectAltNames: names });
        await expect(issued, `${profile} ${keyAlgorithm} under ${intermediateKey}`).resolves.toBeDefined();
      }
  }
});
