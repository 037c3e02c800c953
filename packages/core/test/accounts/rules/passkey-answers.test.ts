import 'reflect-metadata';
import { KeyObject } from 'node:crypto';
import { BasicConstraintsExtension, X509CertificateGenerator } from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import type { PasskeyOptions } from '../../../src/index.ts';
import {
  type MakersKey,
  PASSKEYS,
  SoftwareAuthenticator,
  type Twist,
} from '../../support/authenticators/software-authenticator.ts';
import { codeOf } from '../../support/expect-error.ts';
import { bed, logIn, reasonOf, register, registered } from '../support/passkey-bed.ts';
import { createTestAccounts } from '../support/test-accounts.ts';

/** A key with a certificate as WebAuthn Level 3 section 8.2.1 wants it: nothing but that it was not asked for speaks against it. */
async function makersKey(): Promise<MakersKey> {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: 'C=US,O=Maker,OU=Authenticator Attestation,CN=Device',
      keys,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      extensions: [new BasicConstraintsExtension(false)],
    },
    crypto,
  );
  return { certificate: new Uint8Array(certificate.rawData), privateKey: KeyObject.from(keys.privateKey) };
}

describe('an answer is refused', () => {
  const DISHONEST: readonly (readonly [string, Twist])[] = [
    ['from another origin', { origin: 'https://app.example.evil.test' }],
    ['from a subdomain that was not named', { origin: 'https://other.app.example' }],
    ['from the origin at another port', { origin: 'https://app.example:8443' }],
    ['for another relying party', { rpId: 'evil.test' }],
    ['from a frame of another origin', { crossOrigin: true }],
    ['of a device that did not ask its owner', { userVerified: false }],
    ['to the other ceremony', { ceremony: 'webauthn.other' }],
  ];

  it.each(DISHONEST)('%s', async (_, twist) => {
    const { accounts, id, login, device } = await registered();
    expect(await reasonOf(login(twist))).toBe('response');
    expect(await reasonOf(register(accounts, id, new SoftwareAuthenticator(), twist))).toBe('response');
    expect((await accounts.passkeys(id)).items).toHaveLength(1);
    await logIn(accounts, device);
  });

  it('signed by another key, or changed after it was signed', async () => {
    const { accounts, device } = await registered();
    const impostor = new SoftwareAuthenticator();
    impostor.credentialId = device.credentialId;
    expect(await reasonOf(logIn(accounts, impostor))).toBe('response');
    const answer = device.get(await accounts.beginPasskeyAuthentication());
    const data = Buffer.from(answer.response.authenticatorData, 'base64url');
    data.writeUInt32BE(1_000, 33);
    const changed = { ...answer.response, authenticatorData: data.toString('base64url') };
    expect(await reasonOf(accounts.loginWithPasskey({ passkey: { ...answer, response: changed } }))).toBe('response');
    await accounts.loginWithPasskey({ passkey: answer });
  });

  it('that names another account than the passkey is of', async () => {
    const { login, add } = await registered();
    const bob = await add('bob');
    expect(await reasonOf(login({ userHandle: Buffer.from(bob.id).toString('base64url') }))).toBe('credential');
  });

  it('with an attestation by certificate, which was not asked for', async () => {
    const { accounts, id } = await bed();
    await register(accounts, id, new SoftwareAuthenticator(), { attestation: 'self' });
    const attestation = await makersKey();
    expect(await reasonOf(register(accounts, id, new SoftwareAuthenticator(), { attestation }))).toBe('response');
  });

  it('that is malformed, by name', async () => {
    const { accounts, id, device } = await registered();
    const answer = device.get(await accounts.beginPasskeyAuthentication());
    const wrong = [
      undefined,
      {},
      { ...answer, id: 5 },
      { ...answer, type: 'password' },
      { ...answer, response: { ...answer.response, signature: 'not base64url!' } },
      { ...answer, response: { ...answer.response, clientDataJSON: 'A'.repeat(10_000) } },
    ];
    for (const passkey of wrong) {
      expect(await codeOf(accounts.loginWithPasskey({ passkey } as never))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(accounts.finishPasskeyRegistration(id, passkey as never))).toBe('INVALID_ARGUMENT');
    }
    for (const clientDataJSON of ['AAAA', 'W10', 'e30', 'bnVsbA']) {
      const passkey = { ...answer, response: { ...answer.response, clientDataJSON } };
      expect(await reasonOf(accounts.loginWithPasskey({ passkey }))).toBe('response');
    }
    await accounts.loginWithPasskey({ passkey: answer });
  });
});

describe('the option passkeys', () => {
  it('is needed', async () => {
    const { accounts, add } = createTestAccounts();
    const { id } = await add('ann');
    expect(await codeOf(accounts.beginPasskeyRegistration(id))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(accounts.beginPasskeyAuthentication())).toBe('INVALID_ARGUMENT');
  });

  it.each<[string, unknown]>([
    ['origins.0', { origins: ['http://app.example'] }],
    ['origins.0', { origins: ['https://notapp.example'] }],
    ['origins.1', { origins: ['https://app.example', 'https://app.example/'] }],
    ['origins.0', { origins: ['app.example'] }],
    ['origins', { origins: [] }],
    ['rpId', { rpId: 'https://app.example' }],
    ['rpId', { rpId: 'App.Example' }],
    ['rpName', { rpName: '' }],
  ])('names %s where it is malformed', (path, wrong) => {
    const passkeys = { ...PASSKEYS, ...(wrong as Partial<PasskeyOptions>) };
    expect(() => createTestAccounts({ passkeys })).toThrow(path);
  });

  it('takes subdomains, localhost and Android apps', async () => {
    const app = `android:apk-key-hash:${'A'.repeat(43)}`;
    const origins = ['https://app.example', 'https://login.app.example', app];
    for (const passkeys of [
      { ...PASSKEYS, origins },
      { ...PASSKEYS, rpId: 'localhost', origins: ['http://localhost:3000'] },
    ]) {
      createTestAccounts({ passkeys });
    }
    const { accounts, id } = await bed({ passkeys: { ...PASSKEYS, origins } });
    const device = new SoftwareAuthenticator();
    await register(accounts, id, device, { origin: 'https://login.app.example' });
    await logIn(accounts, device, { origin: app });
  });
});
