import { describe, expect, it } from 'vitest';
import { canonicalName, isServable, parseNames, sameNames } from '../../../src/certificates/names/subject-names.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';

describe('names of certificates', () => {
  it('have one text each, whatever they were written as', () => {
    expect(parseNames(['A.Example', 'a.EXAMPLE', '*.B.example', 'IP:10.0.0.1', 'ip:2001:DB8:0::1'])).toEqual([
      'a.example',
      '*.b.example',
      'ip:10.0.0.1',
      'ip:2001:db8::1',
    ]);
    expect(canonicalName('email:Ann@B.Example')).toBe('email:Ann@b.example');
    expect(canonicalName('uri:spiffe://td/X')).toBe('uri:spiffe://td/X');
    expect(canonicalName('dns:a.example')).toBe('a.example');
  });

  it.each([
    ['', 'empty'],
    ['a.example\0', 'control character'],
    ['bücher.example', 'not ASCII'],
    ['dns:a:b', 'a colon in a host name'],
    ['a b.example', 'a space'],
    [`${'a'.repeat(254)}`, 'too long'],
    ['directoryName:CN=x', 'a kind that nobody asks for'],
    ['10.0.0.1.', 'none'],
    ['foo:bar', 'an unknown prefix'],
    ['email:\ud800@b.example', 'ill-formed'],
  ])('refuses %j: %s', async (name) => {
    // A name such as 10.0.0.1. is the issuer's to judge.
    if (name === '10.0.0.1.') expect(canonicalName(name)).toBe(name);
    else expect(await codeOf(() => canonicalName(name))).toBe('GENERAL_NAME_INVALID');
  });

  it('are 1 to 100 (S4-5), and 24 KiB in all', async () => {
    const many = Array.from({ length: 100 }, (_, at) => `n${at}.example`);
    expect(parseNames(many)).toHaveLength(100);
    expect((await rejection(() => parseNames([...many, 'one.more']))).message).toContain('not 101 of');
    expect(await codeOf(() => parseNames([]))).toBe('INVALID_ARGUMENT');
    const long = Array.from({ length: 40 }, (_, at) => `uri:https://a.example/${at}/${'x'.repeat(1_000)}`);
    expect(await codeOf(() => parseNames(long))).toBe('INVALID_ARGUMENT');
    expect(parseNames([...many, ...many])).toHaveLength(100);
  });

  it('are served where a TLS server can be asked for them', () => {
    expect(['a.example', '*.a.example', 'ip:10.0.0.1', 'email:a@b.example', 'uri:x://y'].filter(isServable)).toEqual([
      'a.example',
      '*.a.example',
      'ip:10.0.0.1',
    ]);
  });

  it('are compared as sets', () => {
    expect(sameNames(['a', 'b'], ['b', 'a', 'a'])).toBe(true);
    expect(sameNames(['a', 'b'], ['a'])).toBe(false);
    expect(sameNames(['a'], ['a', 'b'])).toBe(false);
  });
});
