import { describe, expect, it } from 'vitest';
import { normalizeTargetUri } from '../../../src/accounts/proofs/target-uri.ts';

const same: [string, string, string][] = [
  ['scheme and host by case', 'HTTPS://App.Example/token', 'https://app.example/token'],
  ['the default port', 'https://app.example:443/token', 'https://app.example/token'],
  ['the default port of http', 'http://app.example:80/', 'http://app.example/'],
  ['an empty path', 'https://app.example', 'https://app.example/'],
  ['an empty port', 'https://app.example:/token', 'https://app.example/token'],
  ['the query', 'https://app.example/token?a=1&b=%2F', 'https://app.example/token'],
  ['the fragment', 'https://app.example/token#there', 'https://app.example/token'],
  ['dot segments', 'https://app.example/a/./b/../token', 'https://app.example/a/token'],
  ['encoded dot segments', 'https://app.example/a/%2e%2E/token', 'https://app.example/token'],
  ['an encoded letter', 'https://app.example/%74oken', 'https://app.example/token'],
  ['an encoded tilde', 'https://app.example/%7Euser', 'https://app.example/~user'],
  ['the case of an octet', 'https://app.example/a%2fb', 'https://app.example/a%2Fb'],
  ['an address by its form', 'https://[2001:DB8:0::1]/', 'https://[2001:db8::1]/'],
];

const different: [string, string, string][] = [
  ['the case of the path', 'https://app.example/Token', 'https://app.example/token'],
  ['a slash at the end', 'https://app.example/token/', 'https://app.example/token'],
  ['an encoded slash', 'https://app.example/a%2Fb', 'https://app.example/a/b'],
  ['an octet encoded twice', 'https://app.example/%2574oken', 'https://app.example/token'],
  ['another port', 'https://app.example:8443/token', 'https://app.example/token'],
  ['the port of the other scheme', 'https://app.example:80/token', 'https://app.example/token'],
  ['another scheme', 'http://app.example/token', 'https://app.example/token'],
  ['another host', 'https://app.example.evil/token', 'https://app.example/token'],
  ['an empty segment', 'https://app.example//token', 'https://app.example/token'],
  ['a semicolon', 'https://app.example/token;x', 'https://app.example/token'],
];

const none: [string, unknown][] = [
  ['a path', '/token'],
  ['no scheme', 'app.example/token'],
  ['another scheme', 'ftp://app.example/token'],
  ['a scheme that runs', 'javascript:alert(1)'],
  ['no host', 'https:///token'],
  ['one slash', 'https:/app.example/token'],
  ['a user', 'https://app.example@evil.example/token'],
  ['a user and a password', 'https://a:b@app.example/token'],
  ['a backslash', 'https://app.example\\token'],
  ['a blank', 'https://app.example/to ken'],
  ['a blank before', ' https://app.example/token'],
  ['a line break, which a parser would drop', 'https://app.example/tok\nen'],
  ['a tab in the scheme', 'ht\ttps://app.example/token'],
  ['Unicode', 'https://app.example/tök'],
  ['a percent sign without digits', 'https://app.example/%zz'],
  ['a percent sign at the end', 'https://app.example/%2'],
  ['a port out of range', 'https://app.example:99999/'],
  ['5,000 characters', `https://app.example/${'a'.repeat(5_000)}`],
  ['nothing', ''],
  ['undefined', undefined],
  ['a list', ['https://app.example/token']],
];

describe('the URI of a request', () => {
  it.each(same)('does not depend on %s', (_, a, b) => {
    expect(normalizeTargetUri(a)).toBe(normalizeTargetUri(b));
    expect(normalizeTargetUri(a)).toBeDefined();
  });

  it.each(different)('depends on %s', (_, a, b) => {
    expect(normalizeTargetUri(a)).not.toBe(normalizeTargetUri(b));
    expect(normalizeTargetUri(a)).toBeDefined();
  });

  it.each(none)('is none with %s', (_, value) => {
    expect(normalizeTargetUri(value)).toBeUndefined();
  });

  it('has one form, which is its own form', () => {
    for (const [, a, b] of [...same, ...different]) {
      for (const uri of [a, b]) expect(normalizeTargetUri(normalizeTargetUri(uri))).toBe(normalizeTargetUri(uri));
    }
  });
});
