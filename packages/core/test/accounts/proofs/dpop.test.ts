import { generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import { verifyDpopProof } from '../../../src/accounts/proofs/dpop-proof.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { DpopClient, type ProofContents } from '../support/dpop-client.ts';
import { forge } from '../support/forge.ts';
import { createSessionBed, MINUTE } from '../support/session-bed.ts';

const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((hex) => Buffer.from(hex, 'hex').toString('base64url'));

function setting(options: Parameters<typeof createSessionBed>[0] = {}) {
  const { context, clock } = createSessionBed(options);
  const client = new DpopClient(clock);
  const judge = async (contents: ProofContents = {}, accessToken?: string) =>
    verifyDpopProof(context.proofJudge, await client.prove(contents), accessToken);
  return { context, clock, client, judge, proofJudge: context.proofJudge };
}

describe('a DPoP proof', () => {
  it.each(['ES256', 'ES384', 'Ed25519', 'EdDSA', 'PS256', 'RS256'])('is good by %s', async (algorithm) => {
    const { clock, proofJudge } = setting();
    const client = new DpopClient(clock, algorithm);
    const { thumbprint } = await verifyDpopProof(proofJudge, await client.prove(), undefined);
    expect(thumbprint).toBe(await calculateJwkThumbprint(await client.jwk()));
  });

  it.each<[string, ProofContents]>([
    ['another method', { claims: { htm: 'GET' } }],
    ['the method in another case', { claims: { htm: 'post' } }],
    ['no method', { claims: { htm: undefined } }],
    ['another path', { claims: { htu: 'https://app.example/other' } }],
    ['the path in another case', { claims: { htu: 'https://app.example/Token' } }],
    ['another port', { claims: { htu: 'https://app.example:8443/token' } }],
    ['another host', { claims: { htu: 'https://app.example.evil/token' } }],
    ['no URI', { claims: { htu: undefined } }],
    ['a list of URIs', { claims: { htu: ['https://app.example/token'] } }],
    ['no jti', { claims: { jti: undefined } }],
    ['an empty jti', { claims: { jti: '' } }],
    ['a jti that is a number', { claims: { jti: 7 } }],
    ['a long jti', { claims: { jti: 'x'.repeat(257) } }],
    ['no iat', { claims: { iat: undefined } }],
    ['an iat as text', { claims: { iat: '1' } }],
    ['an iat past all numbers', { payload: '{"jti":"j","htm":"POST","htu":"https://app.example/token","iat":1e999}' }],
    ['a claim twice', { payload: '{"jti":"j","htm":"POST","htm":"POST","htu":"https://app.example/token","iat":1}' }],
    ['a payload that is no object', { payload: '[]' }],
    ['another type', { header: { typ: 'JWT' } }],
    ['the type in another case', { header: { typ: 'DPoP+JWT' } }],
    ['the type of access tokens', { header: { typ: 'at+jwt' } }],
    ['no type', { header: { typ: undefined } }],
    ['a kid', { header: { kid: 'x' } }],
    ['a crit', { header: { crit: ['exp'], exp: 1 } }],
    ['a jku', { header: { jku: 'https://evil.example' } }],
    ['an x5c', { header: { x5c: ['MIIB'] } }],
    ['no key', { header: { jwk: undefined } }],
    ['a key that is text', { header: { jwk: 'key' } }],
    ['a key of another type', { header: { jwk: { kty: 'oct', k: 'AAAA' } } }],
  ])('is none with %s', async (_, contents) => {
    const { judge } = setting();
    expect(await codeOf(judge(contents))).toBe('PROOF_INVALID');
  });

  it('may spell the URI differently, and leave out what does not count', async () => {
    const { judge } = setting();
    const url = 'https://app.example/token?page=2';
    await judge({ url, claims: { htu: 'HTTPS://APP.example:443/%74oken#x' } });
    expect(await codeOf(judge({ url: '/token', claims: { htu: '/token' } }))).toBe('PROOF_INVALID');
  });

  it('is none with a private key in it, or another key than it was signed by', async () => {
    const { judge, clock } = setting();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const other = new DpopClient(clock);
    expect((await rejection(judge({ header: { jwk: privateKey.export({ format: 'jwk' }) } }))).message).toContain(
      "member 'd'",
    );
    expect(await codeOf(judge({ header: { jwk: await other.jwk() } }))).toBe('PROOF_INVALID');
  });

  it('is none by a MAC, by nothing, or by a key of small order', async () => {
    const { context, clock, client } = setting();
    const jwk = await client.jwk();
    const claims = { jti: 'j', htm: 'POST', htu: 'https://app.example/token', iat: Math.floor(clock.now() / 1000) };
    const tokens = [
      forge({ typ: 'dpop+jwt', alg: 'none', jwk }, claims, { none: true }),
      forge({ typ: 'dpop+jwt', alg: 'HS256', jwk }, claims, { hmac: JSON.stringify(jwk) }),
      forge({ typ: 'dpop+jwt', alg: 'ES256', jwk }, claims, { raw: new Uint8Array(64) }),
    ];
    for (const x of SMALL_ORDER) {
      for (const r of SMALL_ORDER) {
        // For a key of small order R = A or R = 0 with S = 0 fits many a message.
        const raw = Buffer.concat([Buffer.from(r, 'base64url'), Buffer.alloc(32)]);
        for (const alg of ['Ed25519', 'EdDSA']) {
          tokens.push(forge({ typ: 'dpop+jwt', alg, jwk: { kty: 'OKP', crv: 'Ed25519', x } }, claims, { raw }));
        }
      }
    }
    for (const dpop of tokens) {
      const proof = { dpop, method: 'POST', url: claims.htu };
      expect(await codeOf(verifyDpopProof(context.proofJudge, proof, undefined))).toBe('PROOF_INVALID');
    }
  });

  it('is none by a weak key', async () => {
    const { context, clock } = setting();
    const claims = { jti: 'j', htm: 'POST', htu: 'https://app.example/token', iat: Math.floor(clock.now() / 1000) };
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const header = { typ: 'dpop+jwt', alg: 'RS256', jwk: publicKey.export({ format: 'jwk' }) };
    const dpop = forge(header, claims, { key: privateKey, digest: 'sha256' });
    const refused = await rejection(
      verifyDpopProof(context.proofJudge, { dpop, method: 'POST', url: claims.htu }, undefined),
    );
    expect(refused.message).toContain('1024 bits');
  });

  it('is none with a point off its curve, or in another spelling', async () => {
    const { judge, client } = setting();
    const jwk = await client.jwk();
    const x = jwk.x ?? '';
    for (const changed of [
      { ...jwk, y: x },
      { ...jwk, crv: 'P-384' },
      { ...jwk, crv: 'secp256k1' },
      { ...jwk, x: `${x}=` },
      { ...jwk, x: `AA${x}` },
      { ...jwk, x: Buffer.from(x, 'base64url').subarray(1).toString('base64url') },
      { ...jwk, kty: 'RSA' },
      { ...jwk, y: undefined },
      { ...jwk, use: 'enc' },
      { ...jwk, alg: 'ES384' },
      { ...jwk, key_ops: ['encrypt'] },
    ]) {
      expect(await codeOf(judge({ header: { jwk: changed } }))).toBe('PROOF_INVALID');
    }
    await judge({ header: { jwk: { ...jwk, use: 'sig', alg: 'ES256', key_ops: ['verify'], kid: 'mine' } } });
  });

  it('holds for the access token that it names', async () => {
    const { judge } = setting();
    await judge({ accessToken: 'one' }, 'one');
    expect(await codeOf(judge({ accessToken: 'one' }, 'two'))).toBe('PROOF_INVALID');
    expect(await codeOf(judge({}, 'one'))).toBe('PROOF_INVALID');
    expect(await codeOf(judge({ claims: { ath: '' } }, 'one'))).toBe('PROOF_INVALID');
  });

  it('is good from a little before its time until a minute after', async () => {
    const { clock, client, proofJudge } = setting({ dpop: { maxAgeMs: MINUTE, clockSkewMs: 10_000 } });
    const start = clock.now();
    const proof = await client.prove();
    const codes = async (at: number) => {
      clock.set(start + at);
      return verifyDpopProof(proofJudge, proof, undefined).then(
        () => 'good',
        ({ code }) => code,
      );
    };
    expect(await codes(-10_001)).toBe('PROOF_INVALID');
    expect(await codes(-10_000)).toBe('good');
    expect(await codes(MINUTE + 10_999)).toBe('good');
    expect(await codes(MINUTE + 11_000)).toBe('PROOF_INVALID');
  });

  it('is remembered for as long as any instance could take it', async () => {
    const maxAgeMs = MINUTE;
    const clockSkewMs = 10_000;
    const { clock, client, proofJudge } = setting({ dpop: { maxAgeMs, clockSkewMs } });
    const start = clock.now();
    const proof = await client.prove();
    for (const seenAt of [-clockSkewMs, 0, maxAgeMs]) {
      clock.set(start + seenAt);
      const { rememberUntil } = await verifyDpopProof(proofJudge, proof, undefined);
      // An instance whose clock is behind by the skew takes it last at this instant of the storage's clock.
      const lastTaken = start + 1_000 + maxAgeMs + 2 * clockSkewMs;
      expect(rememberUntil).toBeGreaterThanOrEqual(lastTaken);
    }
  });

  it.each([7, null, undefined, {}, '', 'a.b', 'a.b.c', `${'a'.repeat(9_000)}.b.c`])('is not %j', async (dpop) => {
    const { proofJudge } = setting();
    const proof = { dpop: dpop as string, method: 'POST', url: 'https://app.example/token' };
    expect(await codeOf(verifyDpopProof(proofJudge, proof, undefined))).toBe('PROOF_INVALID');
  });
});

describe('a nonce', () => {
  it('is handed out where it is required, and good on every instance', async () => {
    const { context, clock, another } = createSessionBed({ dpop: { nonce: 'required' } });
    const client = new DpopClient(clock);
    const judge = async (nonce?: unknown) =>
      verifyDpopProof(another().proofJudge, await client.prove({ claims: { nonce } }), undefined);
    const refused = await rejection(judge());
    expect(refused.code).toBe('PROOF_NONCE_REQUIRED');
    const nonce = String(refused.facts.nonce);
    expect(nonce).toBe(await context.proofJudge.nonces.current());
    await judge(nonce);
    for (const other of ['', 'x', 7, null, `${nonce}A`, nonce.slice(0, -1), Buffer.alloc(24).toString('base64url')])
      expect(await codeOf(judge(other))).toBe('PROOF_NONCE_REQUIRED');
  });

  it('is good for as long again as it is handed out, and is of this namespace alone', async () => {
    const { context, clock } = createSessionBed({ dpop: { nonceLifetimeMs: 5 * MINUTE } });
    const { nonces } = context.proofJudge;
    clock.set(Math.ceil(clock.now() / (5 * MINUTE)) * 5 * MINUTE);
    const nonce = await nonces.current();
    clock.advance(10 * MINUTE - 1);
    expect(await nonces.isCurrent(nonce)).toBe(true);
    expect(await nonces.current()).not.toBe(nonce);
    expect(await createSessionBed().context.proofJudge.nonces.isCurrent(await nonces.current())).toBe(false);
    clock.advance(1);
    expect(await nonces.isCurrent(nonce)).toBe(false);
    clock.set(clock.now() - 20 * MINUTE);
    expect(await nonces.isCurrent(nonce)).toBe(false);
  });
});
