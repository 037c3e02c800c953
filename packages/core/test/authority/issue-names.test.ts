import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/index.ts';
import { parseCertificate } from '../../src/x509/certificate/certificate.ts';
import { encodeBasicConstraints } from '../../src/x509/extensions/basic-constraints.ts';
import { formatGeneralName } from '../../src/x509/name/general-name.ts';
import { codeOf, rejection, violationsOf } from '../support/expect-error.ts';
import { createTestAuthority } from '../support/test-authority.ts';
import { testCsr } from '../support/test-keys.ts';

const made = createTestAuthority();
const SAN = '2.5.29.17';

describe('the names of a certificate', () => {
  it.each([
    ['a host name', 'server', 'a.example', 'a.example'],
    ['a host name in capitals', 'server', 'WWW.Example.COM', 'www.example.com'],
    ['an A-label', 'server', 'xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['a wildcard', 'server', '*.a.example', '*.a.example'],
    ['one label', 'server', 'localhost', 'localhost'],
    ['an IPv4 address', 'server', 'ip:10.0.0.1', 'ip:10.0.0.1'],
    ['an IPv6 address', 'server', 'ip:2001:DB8:0:0::1', 'ip:2001:db8::1'],
    ['a SPIFFE ID', 'peer', 'uri:spiffe://td.example/ns/x', 'uri:spiffe://td.example/ns/x'],
    ['a mailbox', 'client', 'email:Ann@Example.COM', 'email:Ann@example.com'],
  ])('may be %s', async (_, profile, asked, certified) => {
    const { authority } = await made;
    const issued = await authority.issue({ profile, subjectAltNames: [asked] });
    expect(issued.subjectAltNames).toEqual([certified]);
    const names = parseCertificate(issued.certificatePem).subjectAltNames ?? [];
    expect(names.map(formatGeneralName)).toEqual([certified]);
  });

  it('keep their order, and lose what occurs twice', async () => {
    const { authority } = await made;
    const issued = await authority.issue({
      subjectAltNames: ['b.example', 'ip:10.0.0.1', 'A.example', 'B.EXAMPLE', 'a.example'],
    });
    expect(issued.subjectAltNames).toEqual(['b.example', 'ip:10.0.0.1', 'a.example']);
  });

  it('may be 100, not 101', async () => {
    const { authority } = await made;
    const names = Array.from({ length: 101 }, (_, at) => `host-${at}.example`);
    expect((await authority.issue({ subjectAltNames: names.slice(1) })).subjectAltNames).toHaveLength(100);
    expect(await violationsOf(authority.issue({ subjectAltNames: names }))).toEqual(['name.too-many=101']);
  });

  it('are critical exactly where the subject is empty', async () => {
    const { authority } = await made;
    const isCritical = async (commonName?: string) => {
      const issued = await authority.issue({
        subjectAltNames: ['a.example'],
        ...(commonName === undefined ? {} : { commonName }),
      });
      return parseCertificate(issued.certificatePem).extensions.find(({ oid }) => oid === SAN)?.critical;
    };
    expect(await isCritical()).toBe(true);
    expect(await isCritical('a.example')).toBe(false);
  });
});

describe('the subject of a certificate', () => {
  it('is empty, the common name, or a whole subject, as asked', async () => {
    const { authority } = await made;
    const subjectAltNames = ['a.example'];
    expect((await authority.issue({ subjectAltNames })).subject).toBe('');
    expect((await authority.issue({ subjectAltNames, commonName: 'A.example' })).subject).toBe('CN=A.example');
    const subject = 'CN=a.example,OU=Pay\\, Roll,O=Example,C=DE';
    const issued = await authority.issue({ subjectAltNames, subject });
    expect(issued.subject).toBe(subject);
    expect(parseCertificate(issued.certificatePem).subject.toString()).toBe(subject);
  });

  it('takes the common name of a CSR where it is among the names asked for, and nothing else of it', async () => {
    const { authority } = await made;
    const csr = await testCsr({ subject: 'CN=a.example,O=Someone Else,C=DE' });
    expect((await authority.issue({ csr, subjectAltNames: ['a.example'] })).subject).toBe('CN=a.example');
  });

  it('may be free text where the profile says so', async () => {
    const { authority } = await made;
    const issued = await authority.issue({ profile: 'client', commonName: 'Ann Müller 😀' });
    expect(parseCertificate(issued.certificatePem).subject.commonNames).toEqual(['Ann Müller 😀']);
    expect(parseCertificate(issued.certificatePem).subjectAltNames).toBeUndefined();
  });

  it('is not both a common name and a whole subject', async () => {
    const { authority } = await made;
    const both = { subjectAltNames: ['a.example'], commonName: 'a.example', subject: 'CN=a.example' };
    expect(await codeOf(authority.issue(both))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(authority.issue({ profile: 'client', commonName: '' }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(authority.issue({ profile: 'client', commonName: 'x'.repeat(65) }))).toBe('NAME_INVALID');
    expect(await codeOf(authority.issue({ profile: 'client', commonName: 'lone \ud800' }))).toBe('NAME_INVALID');
    expect(await codeOf(authority.issue({ profile: 'client', subject: 'no subject' }))).toBe('NAME_INVALID');
  });
});

describe('a CSR', () => {
  it('may hold fewer names than are asked for, in other spellings, but none beyond', async () => {
    const { authority } = await made;
    const subjectAltNames = ['a.example', 'b.example', 'email:ann@example.com', 'ip:::1'];
    const issue = async (names: string[], subject = '') =>
      authority.issue({ profile: 'client', csr: await testCsr({ subject, names }), subjectAltNames });
    await expect(issue([])).resolves.toMatchObject({
      subjectAltNames: ['a.example', 'b.example', 'email:ann@example.com', 'ip:::1'],
    });
    await expect(issue(['B.EXAMPLE', 'email:ann@EXAMPLE.com', 'ip:0:0:0:0:0:0:0:1'])).resolves.toBeDefined();
    expect(await violationsOf(issue(['b.example', 'c.example', 'email:Ann@example.com']))).toEqual([
      'csr.name-not-requested=c.example',
      'csr.name-not-requested=email:Ann@example.com',
    ]);
    expect(await violationsOf(issue([], 'CN=evil.example'))).toEqual(['csr.common-name=evil.example']);
    expect(await violationsOf(issue([], 'CN=a.example+CN=evil.example'))).toEqual(['csr.common-name=evil.example']);
  });

  it('that asks for a CA is refused', async () => {
    const { authority } = await made;
    const csr = await testCsr({ names: ['a.example'], extensions: [encodeBasicConstraints({ cA: true })] });
    expect(await violationsOf(authority.issue({ csr, subjectAltNames: ['a.example'] }))).toEqual(['csr.ca=cA TRUE']);
  });

  it('with thousands of names is refused in few words', async () => {
    const { authority } = await made;
    const names = Array.from({ length: 3_000 }, (_, at) => `host-${at}.${'x'.repeat(60)}.example`);
    const csr = await testCsr({ names });
    expect(await violationsOf(authority.issue({ csr, subjectAltNames: ['a.example'] }))).toEqual([
      'csr.too-many-names=3000',
    ]);
  });

  it('past 1 MiB is not read at all', async () => {
    const { authority } = await made;
    expect(
      await codeOf(authority.issue({ csr: new Uint8Array(10 * 1024 * 1024), subjectAltNames: ['a.example'] })),
    ).toBe('DER_TOO_LARGE');
    expect(nodeCrypto().name).toBe('node');
  });
});

describe('name constraints of the intermediate', () => {
  const constrained = createTestAuthority({
    intermediate: {
      nameConstraints: {
        permitted: ['example.com', 'ip:10.0.0.0/8', 'email:example.com'],
        excluded: ['secret.example.com'],
      },
    },
  });

  it('let pass what they permit', async () => {
    const { authority } = await constrained;
    const issued = await authority.issue({
      profile: 'client',
      subjectAltNames: ['a.example.com', 'example.com', 'ip:10.1.2.3', 'email:ann@example.com'],
    });
    expect(issued.subjectAltNames).toHaveLength(4);
  });

  it.each([
    ['a.example.org', 'name-constraints.not-permitted=a.example.org'],
    ['notexample.com', 'name-constraints.not-permitted=notexample.com'],
    ['a.secret.example.com', 'name-constraints.excluded=a.secret.example.com'],
    ['ip:11.0.0.1', 'name-constraints.not-permitted=ip:11.0.0.1'],
    ['ip:2001:db8::1', 'name-constraints.not-permitted=ip:2001:db8::1'],
    ['email:ann@example.org', 'name-constraints.not-permitted=email:ann@example.org'],
  ])('refuse %s', async (name, violation) => {
    const { authority } = await constrained;
    expect(
      await violationsOf(authority.issue({ profile: 'client', subjectAltNames: ['a.example.com', name] })),
    ).toEqual([violation]);
  });
});

describe('the text of a subject', () => {
  it.each([
    ['NUL', 'admin\0.example'],
    ['a line feed', 'admin\nO=Other'],
    ['DEL', 'admin\u007f'],
    ['a C1 control', 'admin\u0085x'],
    ['a line separator', 'admin\u2028x'],
    ['an override of the direction', 'ad\u202enim'],
    ['an isolate', 'ad\u2066min'],
  ])('holds no %s, whatever the profile', async (_, text) => {
    const { authority } = await made;
    expect(await violationsOf(authority.issue({ profile: 'client', commonName: text }))).toEqual([
      `name.subject.characters=${text}`,
    ]);
  });

  it('is judged in every attribute, and also where it came as DER', async () => {
    const { authority } = await made;
    const subjectAltNames = ['a.example'];
    expect(await violationsOf(authority.issue({ subject: 'CN=a.example,O=x\\00y', subjectAltNames }))).toEqual([
      'name.subject.characters=x\0y',
    ]);
    expect(await violationsOf(authority.issue({ profile: 'client', subject: 'CN=#0c03610062' }))).toEqual([
      'name.subject.characters=a\0b',
    ]);
    const long = 'a'.repeat(65);
    expect(await violationsOf(authority.issue({ profile: 'client', subject: `CN=#0c41${'61'.repeat(65)}` }))).toEqual([
      `name.subject.length=${long}`,
    ]);
  });

  it('may be in any script', async () => {
    const { authority } = await made;
    for (const commonName of ['Zoë Müller', 'Ἀθηνᾶ', '日本 太郎', 'דוד', 'نور', '👩‍💻']) {
      const { certificatePem } = await authority.issue({ profile: 'client', commonName });
      expect(parseCertificate(certificatePem).subject.commonNames).toEqual([commonName]);
    }
  });

  it('of a CSR is not taken for a name that only looks alike', async () => {
    const { authority } = await made;
    const kelvin = '\u212aevin@a.example';
    const csr = await testCsr({ subject: `CN=${kelvin}` });
    expect(
      await violationsOf(authority.issue({ csr, profile: 'client', subjectAltNames: ['email:kevin@a.example'] })),
    ).toEqual([`csr.common-name=${kelvin}`]);
  });

  it('of a CSR must be asked for, also where it reads "undefined"', async () => {
    const { authority } = await made;
    const csr = await testCsr({ subject: 'CN=undefined' });
    expect(await violationsOf(authority.issue({ csr, subjectAltNames: ['a.example'] }))).toEqual([
      'csr.common-name=undefined',
    ]);
  });

  it('of a CSR with more common names than 100 is refused at once', async () => {
    const { authority } = await made;
    const subject = Array.from({ length: 101 }, (_, at) => `CN=${at}`).join(',');
    const csr = await testCsr({ subject });
    expect(await violationsOf(authority.issue({ csr, subjectAltNames: ['a.example'] }))).toEqual([
      'csr.too-many-names=101',
    ]);
  });
});

it('a name of megabytes gets an error with a code, whatever its kind', async () => {
  const { authority } = await made;
  const long = 'a.'.repeat(4_000_000);
  for (const name of [long, `email:a@${long}`, `uri:https://${long}`, `registeredId:1${'.1'.repeat(4_000_000)}`]) {
    const error = await rejection(authority.issue({ subjectAltNames: [name] }));
    expect(error.code).toBe('GENERAL_NAME_INVALID');
    expect(error.message.length).toBeLessThan(300);
  }
  const subject = `${'1.'.repeat(4_000_000)}1=x`;
  expect(await codeOf(authority.issue({ subject, subjectAltNames: ['a.example'] }))).toBe('NAME_INVALID');
});
