import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { decodeJwt } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { authenticate } from '../../../src/accounts/sessions/authenticate.ts';
import { KEY_RING_ID, signingKeys } from '../../../src/accounts/signing-keys/signing-key-record.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { type ForgedSignature, forge } from '../support/forge.ts';
import { addAccount, createSessionBed, ISSUER, MINUTE, open, type SessionBed } from '../support/session-bed.ts';

type Claims = Record<string, unknown>;

interface Target {
  readonly bed: SessionBed;
  readonly token: string;
  readonly header: { typ: string; alg: string; kid: string };
  readonly claims: Claims;
  readonly publicJwk: JsonWebKey;
  /** Signs what it is told with the manager's own key: what follows of a signature alone must not let anything in. */
  readonly own: ForgedSignature;
}

async function target(signingAlgorithm: 'ES256' | 'Ed25519' = 'ES256'): Promise<Target> {
  const bed = createSessionBed({ signingAlgorithm });
  const { context } = bed;
  const { accessToken: token } = await open(context, await addAccount(context, ['reader']));
  const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
  const [publicJwk] = (await context.signingKeys.jwks()).keys;
  return { bed, token, header, claims: decodeJwt(token), publicJwk: publicJwk as JsonWebKey, own: await ownKey(bed) };
}

async function ownKey({ context, keyring }: SessionBed): Promise<ForgedSignature> {
  const [key] = (await context.store.get(signingKeys, KEY_RING_ID))?.value.keys ?? [];
  const place = { namespace: context.store.namespace, collection: signingKeys.name, id: KEY_RING_ID };
  const sealed = Buffer.from(key?.sealed ?? '', 'base64');
  const pkcs8 = await keyring.open(sealed, { ...place, field: `privateKey:${key?.kid}` });
  const digest = key?.algorithm === 'ES256' ? 'sha256' : null;
  return { key: createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' }), digest };
}

const judge = (given: Target, token: string) => authenticate(given.bed.context, token, { mode: 'offline' });

describe.each(['ES256', 'Ed25519'] as const)('forged access tokens of %s', (algorithm) => {
  let given: Target;
  let mallory: { privateKey: KeyObject; publicKey: KeyObject };
  beforeAll(async () => {
    given = await target(algorithm);
    mallory = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  });

  it('are told from the real one, which a forger with the key could make', async () => {
    const { header, claims, own, token } = given;
    await judge(given, token);
    await judge(given, forge(header, claims, own));
  });

  it.each(['none', 'None', 'NONE', 'nOnE', ''])('with alg %j', async (alg) => {
    const { header, claims, own } = given;
    for (const signature of [{ none: true } as const, own]) {
      expect(await codeOf(judge(given, forge({ ...header, alg }, claims, signature)))).toBe('TOKEN_INVALID');
    }
  });

  it('by a MAC under the public key in every form that it is published in', async () => {
    const { header, claims, publicJwk } = given;
    const publicKey = createPublicKey({ key: publicJwk, format: 'jwk' });
    const forms: (string | Uint8Array)[] = [
      publicKey.export({ format: 'pem', type: 'spki' }),
      publicKey.export({ format: 'pem', type: 'spki' }).toString().trim(),
      publicKey.export({ format: 'der', type: 'spki' }),
      JSON.stringify(publicJwk),
      Buffer.from(publicJwk.x ?? '', 'base64url'),
      '',
    ];
    for (const alg of ['HS256', header.alg]) {
      for (const hmac of forms) {
        expect(await codeOf(judge(given, forge({ ...header, alg }, claims, { hmac })))).toBe('TOKEN_INVALID');
      }
    }
  });

  it('with a key, or the address of one, in the header', async () => {
    const { header, claims } = given;
    const jwk = mallory.publicKey.export({ format: 'jwk' });
    const forger: ForgedSignature = { key: mallory.privateKey, digest: 'sha256' };
    for (const extra of [
      { jwk },
      { jwk: { ...jwk, kid: header.kid } },
      { jku: 'https://evil.example/jwks.json' },
      { x5u: 'https://evil.example/cert.pem' },
      { x5c: ['MIIB'] },
      { x5t: 'AAAA' },
    ]) {
      for (const kid of [header.kid, 'mallory']) {
        const token = forge({ ...header, alg: 'ES256', kid, ...extra }, claims, forger);
        expect((await rejection(judge(given, token))).message).toContain(`header holds "${Object.keys(extra)[0]}"`);
      }
    }
  });

  it.each([
    ['a path', '../../../../dev/null'],
    ['SQL', "x' UNION SELECT 'key' --"],
    ['a member of every object', '__proto__'],
    ['a method of every object', 'constructor'],
    ['nothing', ''],
    ['NUL', 'a\0b'],
    ['a lone surrogate', '\ud800'],
    ['a number', 7],
    ['null', null],
    ['a list', ['kid']],
    ['an object', { kid: 'kid' }],
  ])('whose kid is %s', async (_, kid) => {
    const { header, claims, own } = given;
    expect(await codeOf(judge(given, forge({ ...header, kid }, claims, own)))).toBe('TOKEN_INVALID');
  });

  it.each([
    ['crit', { crit: ['exp'] }],
    ['an empty crit', { crit: [] }],
    ['b64', { b64: false, crit: ['b64'] }],
    ['b64 alone', { b64: false }],
    ['zip', { zip: 'DEF' }],
    ['cty', { cty: 'JWT' }],
    ['a parameter of its own', { admin: true }],
  ])('with %s in the header, even rightly signed', async (_, extra) => {
    const { header, claims, own } = given;
    expect(await codeOf(judge(given, forge({ ...header, ...extra }, claims, own)))).toBe('TOKEN_INVALID');
  });

  it.each(['JWT', 'dpop+jwt', 'AT+JWT', 'application/at+jwt', '', undefined, null])('of type %j', async (typ) => {
    const { header, claims, own } = given;
    expect(await codeOf(judge(given, forge({ ...header, typ }, claims, own)))).toBe('TOKEN_INVALID');
  });

  it('of another algorithm than their key, even rightly signed', async () => {
    const { header, claims, own } = given;
    for (const alg of [
      'ES384',
      'ES512',
      'EdDSA',
      'RS256',
      'PS256',
      'HS256',
      algorithm === 'ES256' ? 'Ed25519' : 'ES256',
      7,
    ]) {
      expect(await rejection(judge(given, forge({ ...header, alg }, claims, own)))).toMatchObject({
        code: 'TOKEN_INVALID',
        message: 'The access token is refused: its alg is not that of its key',
      });
    }
  });

  it('that name a member twice', async () => {
    const { header, claims, own } = given;
    const twice = (value: object, extra: string) => `${JSON.stringify(value).slice(0, -1)},${extra}}`;
    const tokens = [
      forge(twice(header, `"alg":"${algorithm}"`), claims, own),
      forge(twice(header, '"\\u0061lg":"none"'), claims, own),
      forge(header, twice(claims, `"sub":${JSON.stringify(claims.sub)}`), own),
      forge(header, twice(claims, '"r\\u006fles":["admin"]'), own),
      forge(header, twice(claims, '"other":{"a":1,"b":[{"c":1,"c":2}]}'), own),
    ];
    for (const token of tokens) expect(await codeOf(judge(given, token))).toBe('TOKEN_INVALID');
    // The same names in different objects are nothing special.
    await judge(given, forge(header, twice(claims, '"a":{"a":{"a":1}},"b":[{"a":"}"},{"a":"\\"a\\":"}]'), own));
  });

  it.each<[string, Claims, string]>([
    ['another issuer', { iss: 'https://other.example' }, 'TOKEN_INVALID'],
    ['an issuer that begins the same', { iss: `${ISSUER}.evil.example` }, 'TOKEN_INVALID'],
    ['an issuer with a slash', { iss: `${ISSUER}/` }, 'TOKEN_INVALID'],
    ['another audience', { aud: 'https://api.example' }, 'TOKEN_INVALID'],
    ['a list of audiences', { aud: [ISSUER] }, 'TOKEN_INVALID'],
    ['no audience', { aud: undefined }, 'TOKEN_INVALID'],
    ['no subject', { sub: undefined }, 'TOKEN_INVALID'],
    ['no end', { exp: undefined }, 'TOKEN_INVALID'],
    ['an end as text', { exp: '9999999999' }, 'TOKEN_INVALID'],
    ['an end that is no number', { exp: null }, 'TOKEN_INVALID'],
    ['an end in the past', { exp: 1 }, 'TOKEN_EXPIRED'],
    ['a beginning in the future', { iat: 9_999_999_999 }, 'TOKEN_INVALID'],
    ['no id', { jti: undefined }, 'TOKEN_INVALID'],
    ['no session', { sid: '' }, 'TOKEN_INVALID'],
    ['roles as text', { roles: 'admin' }, 'TOKEN_INVALID'],
    ['a binding that is none', { cnf: null }, 'TOKEN_INVALID'],
    ['a binding of an unknown kind', { cnf: { kid: 'x' } }, 'TOKEN_INVALID'],
  ])('with %s, even rightly signed', async (_, change, code) => {
    const { header, claims, own } = given;
    expect(await codeOf(judge(given, forge(header, { ...claims, ...change }, own)))).toBe(code);
  });

  it('whose signature was made of nothing', async () => {
    const { header, claims, token } = given;
    const [head = '', payload = '', signature = ''] = token.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    const raw = [
      new Uint8Array(64),
      new Uint8Array(64).fill(255),
      Uint8Array.from([...new Uint8Array(31), 1, ...new Uint8Array(31), 1]),
      bytes.subarray(0, 63),
      Buffer.concat([bytes, Buffer.of(0)]),
      Buffer.concat([Buffer.of(0), bytes]),
      Buffer.from([...bytes.subarray(32), ...bytes.subarray(0, 32)]),
      new Uint8Array(1),
    ];
    for (const each of raw)
      expect(await codeOf(judge(given, forge(header, claims, { raw: each })))).toBe('TOKEN_INVALID');
    for (const each of raw) {
      const text = `${head}.${payload}.${Buffer.from(each).toString('base64url')}`;
      expect(await codeOf(judge(given, text))).toBe('TOKEN_INVALID');
    }
  });

  it('changed in a single character, anywhere', async () => {
    const { token } = given;
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (let at = 0; at < token.length; at++) {
      if (token[at] === '.') continue;
      const other = alphabet[(alphabet.indexOf(token[at] as string) + 1) % 64];
      expect(await codeOf(judge(given, token.slice(0, at) + other + token.slice(at + 1)))).toBe('TOKEN_INVALID');
    }
  });

  it('of another form', async () => {
    const { token } = given;
    const [head = '', payload = '', signature = ''] = token.split('.');
    const texts: unknown[] = [
      `${token}=`,
      ` ${token}`,
      `${token}\n`,
      `${token}.`,
      `${head}.${payload}`,
      `${head}.${payload}.`,
      `.${payload}.${signature}`,
      `${head}..${signature}`,
      `${head}.${payload}.${signature}.${signature}.${signature}`,
      token.replaceAll('.', '\u3002'),
      JSON.stringify({ protected: head, payload, signature }),
      `Bearer ${token}`,
      `${token}${'A'.repeat(20_000)}`,
      `${head}.${'A'.repeat(10_000_000)}.${signature}`,
      '..',
      '',
      undefined,
      null,
      7,
      { toString: () => token },
      [token],
    ];
    for (const text of texts) expect(await codeOf(judge(given, text as string))).toBe('TOKEN_INVALID');
  });

  it('are refused in words that hold nothing of them', async () => {
    const { header, own } = given;
    const secret = 'correct-horse-battery-staple';
    const tokens = [
      forge(header, { secret }, own),
      forge({ ...header, kid: secret }, { secret }, own),
      forge(header, secret, own),
      forge(header, { iss: secret, sub: secret }, own),
    ];
    for (const token of tokens) {
      const error = await rejection(judge(given, token));
      expect(`${error.message} ${JSON.stringify(error.facts)} ${error.cause}`).not.toContain(secret);
    }
  });
});

it('a token outlives neither its key nor its end for being verified before', async () => {
  const given = await target();
  await judge(given, given.token);
  given.bed.clock.advance(6 * MINUTE);
  expect(await codeOf(judge(given, given.token))).toBe('TOKEN_EXPIRED');
});
