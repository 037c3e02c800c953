import { describe, expect, it } from 'vitest';
import { Authorizations } from '../../src/authentication/authorization.ts';

const tail = 'the-end-of-a-signature-that-tells-tokens-apart';

describe('Authorization headers that were read before', () => {
  it('are read as they were the first time', () => {
    const authorizations = new Authorizations();
    for (let time = 0; time < 3; time++) {
      expect(authorizations.read(`Bearer a.${tail}`)).toEqual({ scheme: 'bearer', token: `a.${tail}` });
    }
  });

  it('are not taken for others that end alike', () => {
    const authorizations = new Authorizations();
    const headers = [`Bearer a.${tail}`, `DPoP a.${tail}`, `bearer b.${tail}`, `Bearer   a.${tail}`];
    for (const header of [...headers, ...headers]) {
      const [scheme, token] = header.split(/ +/) as [string, string];
      expect(authorizations.read(header)).toEqual({ scheme: scheme.toLowerCase(), token });
    }
    for (const header of [
      `Bearer x, Bearer a.${tail}`,
      `Basic a.${tail}`,
      `Bearer "a.${tail}`,
      `a.${tail}`,
      tail,
      '',
    ]) {
      expect(() => authorizations.read(header)).toThrow('Authorization must be one token');
      expect(authorizations.read(`Bearer a.${tail}`)).toEqual({ scheme: 'bearer', token: `a.${tail}` });
    }
  });

  it('are 1,024 at the most, none of them long', () => {
    const authorizations = new Authorizations();
    for (let number = 0; number < 3_000; number++) {
      expect(authorizations.read(`Bearer t${number}`).token).toBe(`t${number}`);
    }
    expect(authorizations.size).toBe(1_024);
    const long = 'x'.repeat(4_096);
    expect(authorizations.read(`Bearer ${long}`).token).toBe(long);
    expect(authorizations.read('Bearer t2999')).toBe(authorizations.read('Bearer t2999'));
    expect(authorizations.read(`Bearer ${long}`)).not.toBe(authorizations.read(`Bearer ${long}`));
    expect(authorizations.size).toBe(1_024);
  });
});
