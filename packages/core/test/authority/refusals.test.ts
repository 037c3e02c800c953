import { generateKeyPairSync } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { derBitString, derInteger, derNull, derOid, derSequence } from '../../src/encoding/der/writer.ts';
import { encodePem } from '../../src/encoding/pem.ts';
import type { IssueOptions } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { codeOf, violationsOf } from '../support/expect-error.ts';
import { createTestAuthority } from '../support/test-authority.ts';
import { rsaKey, testCsr } from '../support/test-keys.ts';
import { createTestStorage, recordCommits } from '../support/test-storage.ts';

const clock = new VirtualClock();
const { storage, commits } = recordCommits(createTestStorage(clock).storage);
const { authority } = await createTestAuthority({ clock, storage });
const writtenBefore = commits.length;
const csr = await testCsr({ names: ['a.example'] });
const issue = (options: IssueOptions) => authority.issue({ subjectAltNames: ['a.example'], ...options });

/** Every refusal of this file is followed by this: not one commit. */
afterAll(async () => {
  expect(commits.slice(writtenBefore)).toEqual([]);
  expect((await authority.list({ limit: 1 })).items).toEqual([]);
});

describe('malformed input is refused with its own code', () => {
  const der = (change: (bytes: number[]) => number[]) => Uint8Array.from(change([...csr]));
  const deep = new Uint8Array(20_000).fill(0x30).map((byte, at) => (at % 2 === 0 ? byte : 0x80));

  it.each<[string, string | Uint8Array, string]>([
    ['truncated', csr.subarray(0, csr.length - 10), 'CSR_INVALID'],
    ['cut to nothing', new Uint8Array(), 'CSR_INVALID'],
    ['over-long', der((bytes) => [0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, ...bytes.slice(4)]), 'CSR_INVALID'],
    ['followed by garbage', der((bytes) => [...bytes, 0]), 'CSR_INVALID'],
    ['of indefinite length', der((bytes) => [0x30, 0x80, ...bytes.slice(4), 0, 0]), 'CSR_INVALID'],
    ['nested without end', deep, 'CSR_INVALID'],
    ['of 10 MB', new Uint8Array(10_000_000), 'DER_TOO_LARGE'],
    ['PEM of 10 MB', encodePem('CERTIFICATE REQUEST', new Uint8Array(10_000_000)), 'DER_TOO_LARGE'],
    ['PEM with junk inside', encodePem('CERTIFICATE REQUEST', csr).replace('\n', '\n*junk*\n'), 'PEM_INVALID'],
    ['PEM without an end', encodePem('CERTIFICATE REQUEST', csr).slice(0, -20), 'PEM_INVALID'],
    ['PEM of another kind', encodePem('CERTIFICATE', csr), 'PEM_INVALID'],
    ['two in one', encodePem('CERTIFICATE REQUEST', csr).repeat(2), 'PEM_INVALID'],
    ['a broken signature', der((bytes) => bytes.with(-1, (bytes.at(-1) as number) ^ 1)), 'CSR_SIGNATURE_INVALID'],
    [
      'another name under the signature',
      der((bytes) => bytes.with(Buffer.from(csr).indexOf('a.example'), 0x62)),
      'CSR_SIGNATURE_INVALID',
    ],
  ])('a CSR %s', async (_, given, code) => {
    expect(await codeOf(issue({ csr: given }))).toBe(code);
  });

  it('a point that is not on its curve, in a CSR and as a key', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
    spki[spki.length - 1] = (spki[spki.length - 1] as number) ^ 1;
    expect(await codeOf(issue({ publicKey: spki }))).toBe('KEY_INVALID');
    const at = csr.findIndex((_, index) => spki.subarray(0, 26).every((byte, offset) => csr[index + offset] === byte));
    const moved = Uint8Array.from(csr);
    moved[at + 90] = (moved[at + 90] as number) ^ 1;
    expect(await codeOf(issue({ csr: moved }))).toBe('KEY_INVALID');
  });

  it('a curve, a kind of key and a file that are not taken', async () => {
    const spki = (type: 'ec' | 'dsa' | 'x25519') => {
      const { publicKey } =
        type === 'ec'
          ? generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
          : type === 'dsa'
            ? generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 })
            : generateKeyPairSync('x25519');
      return new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
    };
    expect(await codeOf(issue({ publicKey: spki('ec') }))).toBe('KEY_UNSUPPORTED');
    expect(await codeOf(issue({ publicKey: spki('x25519') }))).toBe('KEY_UNSUPPORTED');
    expect(await codeOf(issue({ publicKey: new Uint8Array([1, 2, 3]) }))).toBe('KEY_INVALID');
    expect(await codeOf(issue({ publicKey: 'junk' }))).toBe('PEM_INVALID');
    expect(await codeOf(issue({ publicKey: encodePem('PRIVATE KEY', csr) }))).toBe('PEM_INVALID');
  });

  it.each([
    ['no list', { subjectAltNames: 'a.example' as unknown as string[] }, 'INVALID_ARGUMENT'],
    ['no text', { subjectAltNames: [5 as unknown as string] }, 'INVALID_ARGUMENT'],
    ['an empty name', { subjectAltNames: [''] }, 'GENERAL_NAME_INVALID'],
    ['an unknown prefix', { subjectAltNames: ['upn:ann'] }, 'GENERAL_NAME_INVALID'],
    ['an address range', { subjectAltNames: ['ip:10.0.0.0/8'] }, 'GENERAL_NAME_INVALID'],
    ['a bad address', { subjectAltNames: ['ip:10.0.0.256'] }, 'GENERAL_NAME_INVALID'],
    ['a newline', { subjectAltNames: ['a.example\n'] }, 'GENERAL_NAME_INVALID'],
    ['NUL', { subjectAltNames: ['a.example\0.evil'] }, 'GENERAL_NAME_INVALID'],
  ])('names: %s', async (_, options, code) => {
    expect(await codeOf(issue(options))).toBe(code);
  });
});

describe('what must not be certified is refused with rule and value', () => {
  it.each([
    [1024, 65537, 'key.rsa.too-small=RSA-1024'],
    [2047, 65537, 'key.rsa.too-small=RSA-2047'],
    [2048, 3, 'key.rsa.exponent=3'],
  ])('an RSA key of %i bits with exponent %i', async (bits, exponent, violation) => {
    const key = await rsaKey(bits, exponent);
    expect(await violationsOf(issue({ publicKey: key.publicKey.spki }))).toEqual([violation]);
    expect(await violationsOf(issue({ csr: await testCsr({ key, names: ['a.example'] }) }))).toEqual([violation]);
  });

  it.each([1, 2, 65536])('an RSA key with exponent %i', async (exponent) => {
    const { n = '' } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
    const rsaPublicKey = derSequence(derInteger(new Uint8Array(Buffer.from(n, 'base64url'))), derInteger(exponent));
    const spki = derSequence(derSequence(derOid('1.2.840.113549.1.1.1'), derNull()), derBitString(rsaPublicKey));
    expect(await violationsOf(issue({ publicKey: spki }))).toEqual([`key.rsa.exponent=${exponent}`]);
  });

  it.each([
    ['*.com', 'name.wildcard.public'],
    ['*', 'name.wildcard.public'],
    ['a.*.example', 'name.wildcard.inner'],
    ['a*.b.example', 'name.wildcard.inner'],
    ['*.*.b.example', 'name.wildcard.inner'],
    ['bücher.example', 'name.dns.ulabel'],
    ['xn--zzzzzzz99999.example', 'name.dns.alabel'],
    ['10.0.0.1', 'name.ip-as-dns'],
    ['0x7f.1', 'name.ip-as-dns'],
    ['a.example.', 'name.dns.trailing-dot'],
    ['a_b.example', 'name.dns.underscore'],
    ['-a.example', 'name.dns.label'],
    ['a..example', 'name.dns.label'],
    [`${'x'.repeat(64)}.example`, 'name.dns.length'],
    ['ip:0.0.0.0', 'name.ip.unspecified'],
    ['ip:224.0.0.1', 'name.ip.multicast'],
    ['email:ann@example.com', 'name.kind'],
    ['directoryName:CN=x', 'name.kind'],
  ])('the name %s', async (name, rule) => {
    const [refused, ...more] = await violationsOf(issue({ subjectAltNames: [name] }));
    expect(refused).toBe(`${rule}=${name.replace(/^ip:/, '')}`);
    expect(more).toEqual([]);
  });

  it('neither subject nor name; a common name that is no name; no name where one is due', async () => {
    expect(await violationsOf(authority.issue({}))).toEqual(['name.none=']);
    expect(await violationsOf(authority.issue({ profile: 'client', subjectAltNames: [] }))).toEqual(['name.none=']);
    expect(await violationsOf(issue({ commonName: 'b.example' }))).toEqual(['name.cn-not-in-san=b.example']);
    expect(await violationsOf(issue({ subject: 'CN=b.example,O=E' }))).toEqual(['name.cn-not-in-san=b.example']);
    expect(await violationsOf(authority.issue({ subject: 'O=Example' }))).toEqual(['name.san-required=O=Example']);
  });

  it('wildcards where the profile has none', async () => {
    expect(await violationsOf(issue({ profile: 'peer', subjectAltNames: ['*.a.example'] }))).toEqual([
      'name.wildcard.not-allowed=*.a.example',
    ]);
  });

  it('everything at once, each rule named', async () => {
    const refused = await violationsOf(
      authority.issue({
        publicKey: (await rsaKey(1024, 65537)).publicKey.spki,
        subjectAltNames: ['*.com', 'a_b.example'],
        commonName: 'c.example',
        validity: { days: 5000 },
      }),
    );
    expect(refused.map((violation) => violation.split('=')[0])).toEqual([
      'key.rsa.too-small',
      'name.wildcard.public',
      'name.dns.underscore',
      'name.cn-not-in-san',
      'validity.beyond-profile',
      'validity.beyond-issuer',
    ]);
  });
});

describe('no request at all', () => {
  it.each([undefined, null, 5, 'a.example', []])('%j', async (options) => {
    expect(await codeOf(authority.issue(options as unknown as IssueOptions))).toBe('INVALID_ARGUMENT');
  });
});
