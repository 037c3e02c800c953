import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import { jwkFromSpki, jwkThumbprint, readPublicJwk, spkiFromJwk } from '../../src/crypto/jwk.ts';
import { nodeCrypto } from '../../src/index.ts';
import { codeOf } from '../support/expect-error.ts';

const PAIRS = {
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'P-521': () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  Ed25519: () => generateKeyPairSync('ed25519'),
  'RSA-2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
};

describe('a JSON Web Key', () => {
  it.each(Object.entries(PAIRS))('of %s is the same key as SubjectPublicKeyInfo', async (_, generate) => {
    const { publicKey } = generate();
    const expected = publicKey.export({ format: 'jwk' }) as JsonWebKey;
    const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
    const jwk = jwkFromSpki(spki);
    expect(jwk).toEqual(expected);
    expect(Buffer.from(spkiFromJwk(jwk)).equals(spki)).toBe(true);
    expect(createPublicKey({ key: Buffer.from(spkiFromJwk(jwk)), format: 'der', type: 'spki' }).equals(publicKey)).toBe(
      true,
    );
    expect(readPublicJwk({ ...expected, kid: 'x', use: 'sig' })).toEqual(jwk);
    expect(await jwkThumbprint(nodeCrypto(), jwk)).toBe(await calculateJwkThumbprint(expected));
  });

  it('has the thumbprint of RFC 7638 section 3.1 and of RFC 8037 appendix A.3', async () => {
    const rsa = readPublicJwk({
      kty: 'RSA',
      n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
      e: 'AQAB',
      alg: 'RS256',
      kid: '2011-04-29',
    });
    expect(await jwkThumbprint(nodeCrypto(), rsa)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
    const edwards = readPublicJwk({ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' });
    expect(await jwkThumbprint(nodeCrypto(), edwards)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'KEY_INVALID'],
    ['null', null, 'KEY_INVALID'],
    ['a list', [], 'KEY_INVALID'],
    ['no type', {}, 'KEY_UNSUPPORTED'],
    ['a symmetric key', { kty: 'oct', k: 'AAAA' }, 'KEY_INVALID'],
    ['another type', { kty: 'AKP' }, 'KEY_UNSUPPORTED'],
    ['another curve', { kty: 'EC', crv: 'secp256k1' }, 'KEY_UNSUPPORTED'],
    ['the curve of an agreement', { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) }, 'KEY_UNSUPPORTED'],
    ['no coordinate', { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43) }, 'KEY_INVALID'],
    ['a short coordinate', { kty: 'OKP', crv: 'Ed25519', x: 'AAAA' }, 'KEY_INVALID'],
    ['padding', { kty: 'OKP', crv: 'Ed25519', x: `${'A'.repeat(43)}=` }, 'KEY_INVALID'],
    ['a leading zero', { kty: 'RSA', n: 'AAEA', e: 'AQAB' }, 'KEY_INVALID'],
    ['an empty number', { kty: 'RSA', n: 'AQAB', e: '' }, 'KEY_INVALID'],
    ['a private half', { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), d: 'A'.repeat(43) }, 'KEY_INVALID'],
  ])('is none with %s', async (_, value, code) => {
    expect(await codeOf(() => readPublicJwk(value))).toBe(code);
  });
});
