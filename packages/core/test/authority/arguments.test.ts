import { MemoryStorage } from '@chancery/storage-memory';
import { beforeAll, describe, expect, it } from 'vitest';
import { CertificateAuthority, LocalKeyring, OfflineRoot } from '../../src/index.ts';
import { codeOf } from '../support/expect-error.ts';
import { createTestAuthority, type TestAuthority } from '../support/test-authority.ts';

let test: TestAuthority;
beforeAll(async () => {
  test = await createTestAuthority();
});

/** What a caller in JavaScript may give where the types ask for something else. */
const given = (value: unknown) => value as never;

describe('an argument that is missing', () => {
  it.each([
    ['bootstrap()', () => test.authority.bootstrap(given(undefined))],
    ['requestIntermediate()', () => test.authority.requestIntermediate(given(undefined))],
    ['installIntermediate(id)', () => test.authority.installIntermediate('x', given(undefined))],
    ['requestCertificate()', () => test.authority.requestCertificate(given(undefined))],
    ['issueMany()', () => test.authority.issueMany(given(undefined))],
    ['issue()', () => test.authority.issue(given(undefined))],
    ['revoke(serial, null)', () => test.authority.revoke('01', given(null))],
    ['crl(null)', () => test.authority.crl(given(null))],
    ['list()', () => test.authority.list(given(undefined))],
    ['OfflineRoot.create()', () => OfflineRoot.create(given(undefined))],
    ['LocalKeyring.fromPassphrase(p)', () => LocalKeyring.fromPassphrase('correct horse battery', given(undefined))],
    ['new CertificateAuthority()', () => new CertificateAuthority(given(undefined))],
    ['without a keyring', () => new CertificateAuthority(given({ storage: new MemoryStorage() }))],
    ['without a storage', () => new CertificateAuthority(given({ keyring: LocalKeyring.generate() }))],
  ])('%s is an invalid argument', async (_, call) => {
    expect(await codeOf(async () => call())).toBe('INVALID_ARGUMENT');
  });
});

it.each(['http://pki.example/?a=b', 'http://pki.example/#x', 'http://user:secret@pki.example/', 'ftp://pki.example/'])(
  'refuses the baseUrl %s',
  async (baseUrl) => {
    const make = () =>
      new CertificateAuthority({ storage: new MemoryStorage(), keyring: LocalKeyring.generate(), baseUrl });
    expect(await codeOf(async () => make())).toBe('INVALID_ARGUMENT');
  },
);

it.each([{ delta: 1 }, { shard: 'first' }, { shard: 7 }])('refuses crl(%j)', async (options) => {
  expect(await codeOf(test.authority.crl(given(options)))).toBe('INVALID_ARGUMENT');
});
