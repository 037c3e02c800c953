import { describe, expect, it } from 'vitest';
import { DistinguishedName } from '../../src/x509/name/distinguished-name.ts';
import { parseGeneralNameText, parseSubtreeText } from '../../src/x509/name/general-name.ts';
import { checkNameConstraints } from '../../src/x509/name/name-constraints.ts';

interface Case {
  readonly permitted?: readonly string[];
  readonly excluded?: readonly string[];
  readonly names?: readonly string[];
  readonly subject?: string;
}

const judge = ({ permitted = [], excluded = [], names = [], subject = '' }: Case) =>
  checkNameConstraints(
    { permitted: permitted.map(parseSubtreeText), excluded: excluded.map(parseSubtreeText) },
    names.map(parseGeneralNameText),
    DistinguishedName.parse(subject),
  );

const permits = (subtree: string, name: string) => judge({ permitted: [subtree], names: [name] }) === undefined;
const excludes = (subtree: string, name: string) => judge({ excluded: [subtree], names: [name] }) !== undefined;

describe('a subtree', () => {
  it.each([
    // RFC 5280: zero or more labels on the left.
    ['example.com', 'example.com', true],
    ['example.com', 'host.example.com', true],
    ['example.com', 'a.b.EXAMPLE.com', true],
    ['Example.COM', 'host.example.com', true],
    ['example.com', 'badexample.com', false],
    ['example.com', 'example.com.evil', false],
    ['host.example.com', 'example.com', false],
    ['.example.com', 'host.example.com', true],
    ['.example.com', 'example.com', false],
    ['dns:', 'anything', true],
    ['example.com', '*.example.com', true],
    ['host.example.com', '*.example.com', false],

    ['email:a@host.example', 'email:a@HOST.example', true],
    ['email:a@host.example', 'email:A@host.example', false],
    ['email:a@host.example', 'email:b@host.example', false],
    ['email:host.example', 'email:any@host.example', true],
    ['email:host.example', 'email:any@sub.host.example', false],
    ['email:.host.example', 'email:any@sub.host.example', true],
    ['email:.host.example', 'email:any@host.example', false],
    ['email:', 'email:any@where', true],
    ['email:host.example', 'email:"odd@other.example"@host.example', true],

    ['uri:host.example', 'uri:https://host.example/path', true],
    ['uri:host.example', 'uri:https://HOST.example:8443', true],
    ['uri:host.example', 'uri:https://sub.host.example', false],
    ['uri:.host.example', 'uri:https://sub.host.example/?q#f', true],
    ['uri:.host.example', 'uri:https://host.example', false],
    ['uri:host.example', 'uri:https://user:x@host.example', true],
    ['uri:host.example', 'uri:https://host.example@evil.example', false],
    ['uri:td', 'uri:spiffe://td/workload', true],

    ['ip:10.0.0.0/8', 'ip:10.1.2.3', true],
    ['ip:10.0.0.0/8', 'ip:11.1.2.3', false],
    ['ip:2001:db8::/32', 'ip:2001:db8:ffff::1', true],
    ['ip:2001:db8::/32', 'ip:2001:db9::1', false],
    ['ip:0.0.0.0/0', 'ip:::1', false],

    ['directoryName:O=Example', 'directoryName:CN=a,O=EXAMPLE', true],
    ['directoryName:O=Example', 'directoryName:O=Example', true],
    ['directoryName:O=Example', 'directoryName:CN=a,O=Other', false],
    ['directoryName:O=Example', 'directoryName:O=Example,C=DE', false],
  ])('%s holds %s: %s', (subtree, name, expected) => {
    expect(permits(subtree, name)).toBe(expected);
    if (!name.includes('*')) expect(excludes(subtree, name)).toBe(expected);
  });

  it.each([
    // A wildcard is excluded as soon as one of the hosts that it stands for is.
    ['host.example.com', '*.example.com', true],
    ['example.com', '*.example.com', true],
    ['.example.com', '*.example.com', true],
    ['a.host.example.com', '*.example.com', false],
    ['.host.example.com', '*.example.com', false],
    ['other.com', '*.example.com', false],
  ])('%s excludes %s: %s', (subtree, name, expected) => {
    expect(excludes(subtree, name)).toBe(expected);
  });
});

describe('names that cannot be judged', () => {
  it.each([
    ['example.com', 'host.example.com.'],
    ['example.com', 'a..example.com'],
    ['example.com', 'f*.example.com'],
    ['example.com', '*'],
    ['email:example.com', 'email:no-at-sign'],
    ['email:example.com', 'email:@example.com'],
    ['uri:example.com', 'uri:urn:uuid:1'],
    ['uri:example.com', 'uri:https://10.0.0.1/'],
    ['uri:example.com', 'uri:https://[::1]/'],
    ['uri:example.com', 'uri:/relative'],
    ['uri:example.com', 'uri:https://example.com\\@evil.example/'],
    ['uri:example.com', 'uri:https://a@evil.example@example.com/'],
    ['registeredId:1.2.3', 'registeredId:1.2.3'],
    ['otherName:1.2.3;0500', 'otherName:1.2.3;0500'],
    ['x400Address:0500', 'x400Address:0500'],
    ['ediPartyName:0500', 'ediPartyName:0500'],
  ])('under %s, %s is refused either way', (subtree, name) => {
    for (const constraints of [{ permitted: [subtree] }, { excluded: [subtree] }]) {
      expect(judge({ ...constraints, names: [name] })).toMatchObject({ rule: 'name-constraints.unsupported' });
    }
  });

  it('are no concern of constraints of another kind', () => {
    expect(
      judge({ permitted: ['example.com'], names: ['registeredId:1.2.3', 'uri:urn:x', 'ip:1.2.3.4'] }),
    ).toBeUndefined();
  });

  it('an SmtpUTF8Mailbox is refused where mailboxes are constrained', () => {
    const names = ['otherName:1.3.6.1.5.5.7.8.9;0c0161'];
    expect(judge({ excluded: ['email:evil.example'], names })).toMatchObject({ rule: 'name-constraints.unsupported' });
    expect(judge({ excluded: ['evil.example'], names })).toBeUndefined();
  });
});

describe('permitted and excluded together', () => {
  it('exclusion wins', () => {
    const constraints = { permitted: ['example.com'], excluded: ['secret.example.com'] };
    expect(judge({ ...constraints, names: ['a.example.com'] })).toBeUndefined();
    expect(judge({ ...constraints, names: ['a.example.com', 'x.secret.example.com'] })).toEqual({
      rule: 'name-constraints.excluded',
      value: 'x.secret.example.com',
      message: 'the name x.secret.example.com lies in the excluded subtree secret.example.com',
    });
  });

  it('one permitted subtree is enough, and only of the same kind', () => {
    const permitted = ['a.example', 'b.example', 'ip:10.0.0.0/8'];
    expect(judge({ permitted, names: ['x.b.example', 'ip:10.0.0.1', 'email:a@c.example'] })).toBeUndefined();
    expect(judge({ permitted, names: ['x.c.example'] })).toMatchObject({
      rule: 'name-constraints.not-permitted',
      message: 'the name x.c.example lies in none of the permitted subtrees (a.example, b.example)',
    });
    expect(judge({ permitted, names: ['ip:2001:db8::1'] })).toMatchObject({ value: 'ip:2001:db8::1' });
  });

  it('bind the subject: its name, and the e-mail addresses in it', () => {
    expect(judge({ permitted: ['directoryName:O=Example'], subject: 'CN=a,O=Other' })).toMatchObject({
      value: 'directoryName:CN=a,O=Other',
    });
    expect(judge({ permitted: ['directoryName:O=Example'], subject: 'CN=a,O=Example' })).toBeUndefined();
    expect(judge({ permitted: ['directoryName:O=Example'], subject: '' })).toBeUndefined();
    expect(judge({ excluded: ['email:evil.example'], subject: 'emailAddress=a@evil.example,O=x' })).toMatchObject({
      value: 'email:a@evil.example',
    });
    // RFC 5280 does not take a common name for a host name.
    expect(judge({ permitted: ['example.com'], subject: 'CN=other.example' })).toBeUndefined();
  });
});

describe('the budget', () => {
  const many = (count: number, suffix: string) => Array.from({ length: count }, (_, index) => `h${index}.${suffix}`);

  it('stops 2,000 names under 2,000 subtrees', () => {
    expect(judge({ excluded: many(2000, 'x.example'), names: many(2000, 'y.example') })).toMatchObject({
      rule: 'name-constraints.too-many',
    });
  });

  it('bounds the time of the worst that it lets through', () => {
    const subtrees = Array.from({ length: 1000 }, (_, index) => `ip:10.${index >> 8}.${index & 255}.0/24`);
    const names = Array.from({ length: 1000 }, (_, index) => `ip:11.${index >> 8}.${index & 255}.1`);
    const start = performance.now();
    expect(judge({ excluded: subtrees, names })).toBeUndefined();
    expect(judge({ excluded: many(1000, 'x.example'), names: many(1000, 'y.example') })).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it('is shared by the evaluations of one path', () => {
    const budget = { remaining: 3 };
    const constraints = { permitted: [], excluded: many(2, 'x.example').map(parseSubtreeText) };
    const names = [parseGeneralNameText('a.example')];
    const subject = DistinguishedName.parse('');
    expect(checkNameConstraints(constraints, names, subject, budget)).toBeUndefined();
    expect(checkNameConstraints(constraints, names, subject, budget)).toMatchObject({
      rule: 'name-constraints.too-many',
    });
  });

  it('refuses a host name of megabytes without trying', () => {
    const name = { kind: 'dns', value: 'a.'.repeat(4_000_000) } as const;
    const constraints = { permitted: [parseSubtreeText('example')], excluded: [] };
    const violation = checkNameConstraints(constraints, [name], DistinguishedName.parse(''));
    expect(violation?.rule).toBe('name-constraints.unsupported');
    expect(violation?.message.length).toBeLessThan(300);
  });
});
