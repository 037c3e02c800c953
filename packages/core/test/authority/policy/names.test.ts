import { describe, expect, it } from 'vitest';
import { checkNames, foldNames } from '../../../src/authority/policy/names.ts';
import { builtInProfiles } from '../../../src/authority/profiles.ts';
import { DistinguishedName } from '../../../src/x509/name/distinguished-name.ts';
import { formatGeneralName, parseGeneralNameText } from '../../../src/x509/name/general-name.ts';

const rules = {
  ...builtInProfiles.server,
  subjectAltNames: ['dns', 'ip', 'uri', 'email'] as const,
  subjectAltNameRequired: false,
  commonName: 'free' as const,
};

const check = (names: readonly string[], overrides: Partial<Parameters<typeof checkNames>[2]> = {}, subject = 'CN=x') =>
  checkNames(DistinguishedName.parse(subject), foldNames(names.map(parseGeneralNameText)), { ...rules, ...overrides });

const rulesBroken = (...parameters: Parameters<typeof check>) => check(...parameters).map(({ rule }) => rule);

describe('names that are certified', () => {
  it.each([
    'a.example',
    'A.EXAMPLE',
    'localhost',
    'db',
    '0a.example',
    '1.example',
    'a-b.c--d.example',
    'xn--bcher-kva.example',
    'XN--BCHER-KVA.example',
    'xn--fa-hia.example',
    '*.a.example',
    `${'a'.repeat(63)}.example`,
    `${'a.'.repeat(125)}abc`,
    'ip:10.0.0.1',
    'ip:127.0.0.1',
    'ip:::1',
    'ip:fe80::1',
    'ip:2001:db8::1',
    'email:first.last+tag@mail.example',
    "email:o'neil@localhost",
    'uri:spiffe://example.org/ns/prod/sa/db',
    'uri:spiffe://trust_domain-1.x',
    'uri:https://a.example:8443/path?query#fragment',
    'uri:https://[2001:db8::1]/',
    'uri:https://10.0.0.1/',
    'uri:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
    'uri:https://a.example/%C3%BC',
  ])('%s', (name) => {
    expect(check([name])).toEqual([]);
  });
});

describe('names that are refused', () => {
  it.each([
    ['a..example', 'name.dns.label'],
    ['.example', 'name.dns.label'],
    ['-a.example', 'name.dns.label'],
    ['a-.example', 'name.dns.label'],
    ['a b.example', 'name.dns.label'],
    ['a@b.example', 'name.dns.label'],
    ['a/b.example', 'name.dns.label'],
    ['dns:a:80', 'name.dns.label'],
    ['a_b.example', 'name.dns.underscore'],
    ['_acme-challenge.example', 'name.dns.underscore'],
    ['a.example.', 'name.dns.trailing-dot'],
    ['.', 'name.dns.trailing-dot'],
    [`${'a'.repeat(64)}.example`, 'name.dns.length'],
    [`${'a.'.repeat(126)}ab`, 'name.dns.length'],
    ['bücher.example', 'name.dns.ulabel'],
    ['a。example', 'name.dns.ulabel'],
    ['\u212aelvin.example', 'name.dns.ulabel'],
    ['xn--a.example', 'name.dns.alabel'],
    ['xn--abc-.example', 'name.dns.label'],
    ['xn--.example', 'name.dns.label'],
    // Punycode of what no U-label may hold: an upper-case letter, a ligature, a decomposed letter, a zero-width joiner.
    ['xn--7ba.example', 'name.dns.alabel'],
    ['xn--jm6c.example', 'name.dns.alabel'],
    ['xn--e-xbb.example', 'name.dns.alabel'],
    ['xn--ab-m1t.example', 'name.dns.alabel'],
    ['ab--cd.example', 'name.dns.alabel'],
    ['10.0.0.1', 'name.ip-as-dns'],
    ['10.0.0.1.', 'name.ip-as-dns'],
    ['1.2.3', 'name.ip-as-dns'],
    ['127.1', 'name.ip-as-dns'],
    ['2130706433', 'name.ip-as-dns'],
    ['0x7f.1', 'name.ip-as-dns'],
    ['a.0x7f', 'name.ip-as-dns'],
    ['a.example.1', 'name.ip-as-dns'],
    ['dns:::1', 'name.ip-as-dns'],
    ['dns:[::1]', 'name.ip-as-dns'],
    ['dns:[10.0.0.1]', 'name.ip-as-dns'],
    ['0X7F', 'name.ip-as-dns'],
    ['a.example.1.', 'name.ip-as-dns'],
    ['*', 'name.wildcard.public'],
    ['*.com', 'name.wildcard.public'],
    ['*.', 'name.wildcard.public'],
    ['*.com.', 'name.wildcard.public'],
    ['a.*.example', 'name.wildcard.inner'],
    ['*.*.example', 'name.wildcard.inner'],
    ['f*.a.example', 'name.wildcard.inner'],
    ['*f.a.example', 'name.wildcard.inner'],
    ['**.a.example', 'name.wildcard.inner'],
    ['*.a_b.example', 'name.dns.underscore'],
    ['*.10.0.0.1', 'name.ip-as-dns'],

    ['ip:0.0.0.0', 'name.ip.unspecified'],
    ['ip:0.1.2.3', 'name.ip.unspecified'],
    ['ip:::', 'name.ip.unspecified'],
    ['ip:224.0.0.1', 'name.ip.multicast'],
    ['ip:239.255.255.255', 'name.ip.multicast'],
    ['ip:ff02::1', 'name.ip.multicast'],
    ['ip:255.255.255.255', 'name.ip.broadcast'],
    ['ip:::ffff:10.0.0.1', 'name.ip.v4-mapped'],

    ['email:nobody', 'name.email'],
    ['email:@a.example', 'name.email.local-part'],
    ['email:.a@b.example', 'name.email.local-part'],
    ['email:a..b@b.example', 'name.email.local-part'],
    ['email:"a b"@b.example', 'name.email.local-part'],
    ['email:ü@b.example', 'name.email.local-part'],
    ['email:a@b@c.example', 'name.email.local-part'],
    ['email:a@', 'name.email.host'],
    ['email:a@bücher.example', 'name.email.host'],
    ['email:a@10.0.0.1', 'name.email.host'],
    ['email:a@*.b.example', 'name.email.host'],
    [`email:${'a'.repeat(65)}@b.example`, 'name.email.length'],
    [`email:a@${'b.'.repeat(126)}c`, 'name.email.length'],

    ['uri:a.example/path', 'name.uri.relative'],
    ['uri://a.example', 'name.uri.relative'],
    ['uri:https:', 'name.uri.relative'],
    ['uri:https://user:password@a.example', 'name.uri.userinfo'],
    ['uri:https:///path', 'name.uri.host'],
    ['uri:https://a_b.example', 'name.uri.host'],
    ['uri:https://*.a.example', 'name.uri.host'],
    ['uri:https://a.example:port/', 'name.uri.host'],
    ['uri:https://1.2.3/', 'name.uri.host'],
    ['uri:https://a.example/ü', 'name.uri.characters'],
    ['uri:https://a.example/a b', 'name.uri.characters'],
    ['uri:https://a.example/%zz', 'name.uri.characters'],
    [`uri:https://a.example/${'a'.repeat(2048)}`, 'name.uri.length'],
    ['uri:spiffe://Example.org/x', 'name.uri.spiffe'],
    ['uri:SPIFFE://example.org/x', 'name.uri.spiffe'],
    ['uri:spiffe:///x', 'name.uri.spiffe'],
    ['uri:spiffe:x', 'name.uri.spiffe'],
    ['uri:spiffe://example.org:443/x', 'name.uri.spiffe'],
    ['uri:spiffe://user@example.org/x', 'name.uri.spiffe'],
    ['uri:spiffe://example.org/x?y', 'name.uri.spiffe'],
    ['uri:spiffe://example.org/x#y', 'name.uri.spiffe'],
    ['uri:spiffe://example.org/', 'name.uri.spiffe'],
    ['uri:spiffe://example.org/a//b', 'name.uri.spiffe'],
    ['uri:spiffe://example.org/a/../b', 'name.uri.spiffe'],
    ['uri:spiffe://example.org/a%20b', 'name.uri.spiffe'],
    [`uri:spiffe://${'a'.repeat(256)}/x`, 'name.uri.spiffe'],
    ['registeredId:1.2.3', 'name.kind'],
    ['directoryName:CN=a', 'name.kind'],
  ])('%s breaks %s', (name, rule) => {
    const [violation, ...more] = check([name]);
    expect(more).toEqual([]);
    expect(violation?.rule).toBe(rule);
    // Each violation names the value at fault.
    expect(name.toLowerCase()).toContain(violation?.value.toLowerCase().split('…').at(-1));
    expect(violation?.message).toContain(JSON.stringify(violation?.value).slice(1, 60));
  });

  it.each([[{}], [{ subjectAltNames: ['dns'] as const }]])('no violation repeats a password', (overrides) => {
    const [violation] = check(['uri:https://user:hunter2@a.example/?q@x'], overrides);
    expect(violation?.value).toContain('https://…@a.example/?q@x');
    expect(JSON.stringify(violation)).not.toMatch(/user:|hunter2/);
  });

  it('a U-label is answered with the A-label to ask for', () => {
    expect(check(['bücher.example'])).toEqual([
      {
        rule: 'name.dns.ulabel',
        value: 'bücher.example',
        message: 'the host name "bücher.example" is not ASCII; ask for "xn--bcher-kva.example"',
      },
    ]);
  });

  it('every bad name is told of, once', () => {
    expect(rulesBroken(['*.com', 'a.example', 'ip:0.0.0.0', '*.COM'])).toEqual([
      'name.wildcard.public',
      'name.ip.unspecified',
    ]);
  });
});

describe('what the profile says', () => {
  it('kinds of names', () => {
    expect(check(['email:a@b.example'], builtInProfiles.server, '')).toEqual([
      {
        rule: 'name.kind',
        value: 'email:a@b.example',
        message: 'the name "email:a@b.example" is of the kind email, the profile allows dns, ip, uri',
      },
    ]);
  });

  it('wildcards and names of one label', () => {
    expect(rulesBroken(['*.a.example'], { wildcards: false })).toEqual(['name.wildcard.not-allowed']);
    expect(rulesBroken(['db', 'email:a@db', 'uri:https://db/'], { singleLabelNames: false })).toEqual([
      'name.dns.single-label',
      'name.email.host',
      'name.uri.host',
    ]);
  });

  it('a subjectAltName is required, or a subject', () => {
    expect(rulesBroken([], {}, '')).toEqual(['name.none']);
    expect(rulesBroken([], builtInProfiles.server, '')).toEqual(['name.none']);
    expect(rulesBroken([], {}, 'CN=alice')).toEqual([]);
    expect(rulesBroken([], { subjectAltNameRequired: true }, 'CN=alice')).toEqual(['name.san-required']);
  });

  it.each([
    ['CN=a.example', ['A.example']],
    ['CN=A.EXAMPLE', ['a.example']],
    ['CN=10.0.0.1', ['ip:10.0.0.1']],
    ['CN=2001:DB8::0:1', ['ip:2001:db8::1']],
    ['CN=a@b.example', ['email:a@b.example']],
    ['CN=spiffe://td/x', ['uri:spiffe://td/x']],
    ['O=Example', ['a.example']],
    ['CN=*.a.example', ['*.a.example']],
  ])('%s is among %s', (subject, names) => {
    expect(check(names, { commonName: 'among-names' }, subject)).toEqual([]);
  });

  it.each([
    ['CN=b.example', ['a.example'], 'b.example'],
    ['CN=www.a.example', ['*.a.example'], 'www.a.example'],
    ['CN=a.example+CN=b.example', ['a.example'], 'b.example'],
    ['CN=ip:10.0.0.1', ['ip:10.0.0.1'], 'ip:10.0.0.1'],
  ])('%s is not among %s', (subject, names, value) => {
    expect(check(names, { commonName: 'among-names' }, subject)).toEqual([
      { rule: 'name.cn-not-in-san', value, message: `the common name "${value}" is not among the subjectAltNames` },
    ]);
    expect(check(names, { commonName: 'free' }, subject)).toEqual([]);
  });
});

describe('many names', () => {
  const hosts = (count: number) => Array.from({ length: count }, (_, index) => `h${index}.example`);

  it('a hundred are certified, one more is refused at once', () => {
    expect(check(hosts(100))).toEqual([]);
    expect(check([...hosts(100), '*.com'])).toEqual([
      { rule: 'name.too-many', value: '101', message: '101 subjectAltNames are more than 100' },
    ]);
  });

  it('a SPIFFE ID stands alone among URIs, not among names', () => {
    expect(rulesBroken(['uri:spiffe://td/x', 'a.example'])).toEqual([]);
    expect(rulesBroken(['uri:spiffe://td/x', 'uri:https://a.example/'])).toEqual(['name.uri.spiffe-not-alone']);
    expect(rulesBroken(['uri:spiffe://td/x', 'uri:spiffe://td/y'])).toEqual(['name.uri.spiffe-not-alone']);
  });
});

describe('foldNames', () => {
  const fold = (...names: string[]) => foldNames(names.map(parseGeneralNameText)).map(formatGeneralName);

  it('folds the case of hosts and drops what occurs twice, in order', () => {
    expect(
      fold('B.example', 'a.example', 'b.EXAMPLE', 'email:Me@A.Example', 'email:Me@a.example', 'email:me@a.example'),
    ).toEqual(['b.example', 'a.example', 'email:Me@a.example', 'email:me@a.example']);
  });

  it('keeps kinds apart, knows an address however it is written, and leaves URIs alone', () => {
    expect(
      fold(
        'dns:10.0.0.1',
        'ip:10.0.0.1',
        'ip:2001:db8::1',
        'ip:2001:DB8:0::1',
        'uri:HTTPS://A.example/',
        'uri:https://a.example/',
      ),
    ).toEqual(['10.0.0.1', 'ip:10.0.0.1', 'ip:2001:db8::1', 'uri:HTTPS://A.example/', 'uri:https://a.example/']);
  });

  it('does not turn Unicode into ASCII', () => {
    expect(fold('\u212aELVIN.example')).toEqual(['\u212aelvin.example']);
  });
});
