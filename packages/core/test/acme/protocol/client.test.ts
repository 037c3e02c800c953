import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AcmeFetchInit } from '../../../src/acme/http/acme-fetch.ts';
import { encodePem } from '../../../src/encoding/pem.ts';
import {
  AcmeClient,
  type AcmeClientOptions,
  type AcmeFetch,
  AcmeIssuer,
  acmeCertificateId,
  http01,
  type KeyAlgorithm,
  LocalKeyring,
  nodeCrypto,
} from '../../../src/index.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { ScriptedAcme } from '../../support/scripted-acme.ts';
import { testCsr, testKey } from '../../support/test-keys.ts';
import { createTestStorage, overriding } from '../../support/test-storage.ts';

type Jws = Record<'protected' | 'payload' | 'signature', string>;
const SPACES = new Uint8Array(64 * 1024).fill(0x20);
const decode = (text: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>;
const bodyOf = (init: AcmeFetchInit | undefined): Jws => JSON.parse(init?.body ?? '') as Jws;

async function recorded(
  options: Partial<AcmeClientOptions> = {},
): Promise<{ client: AcmeClient; server: ScriptedAcme; sent: AcmeFetchInit[] }> {
  const server = new ScriptedAcme(new VirtualClock());
  const sent: AcmeFetchInit[] = [];
  const fetch: AcmeFetch = (url, init) => {
    if (init.method === 'POST') sent.push(init);
    return server.fetch(url, init);
  };
  const client = new AcmeClient({ directory: server.directory, accountKey: await testKey(), fetch, ...options });
  return { client, server, sent };
}

describe('a signed request', () => {
  const HASH = { 'ECDSA-P256': 'sha256', 'ECDSA-P384': 'sha384', 'RSA-2048': 'sha256', Ed25519: null } as const;

  it.each(Object.entries({ 'ECDSA-P256': 'ES256', 'ECDSA-P384': 'ES384', 'RSA-2048': 'RS256', Ed25519: 'EdDSA' }))(
    'by %s is verified by Node as %s',
    async (algorithm, alg) => {
      const { client, server, sent } = await recorded({ accountKey: await testKey(algorithm as KeyAlgorithm) });
      server.intercept = ({ path }) => (path === '/new-account' ? server.problem('serverInternal', 500) : undefined);
      await client.createAccount().catch(() => undefined);
      const jws = bodyOf(sent[0]);
      const header = decode(jws.protected);
      expect(header).toEqual({ alg, jwk: expect.anything(), nonce: 'nonce0', url: 'https://acme.test/new-account' });
      expect(sent[0]?.headers['content-type']).toBe('application/jose+json');
      const key = createPublicKey({ key: header.jwk as never, format: 'jwk' });
      const input = Buffer.from(`${jws.protected}.${jws.payload}`);
      const signature = Buffer.from(jws.signature, 'base64url');
      const hash = HASH[algorithm as keyof typeof HASH];
      expect(verify(hash, input, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
    },
  );

  it('names the account once it is known, and has an empty payload where it only reads', async () => {
    const { client, sent } = await recorded();
    await client.createAccount({ termsOfServiceAgreed: true });
    await client.getAccount();
    const jws = bodyOf(sent[1]);
    expect(decode(jws.protected)).toMatchObject({ kid: 'https://acme.test/account/1' });
    expect(decode(jws.protected)).not.toHaveProperty('jwk');
    expect(jws.payload).toBe('');
  });

  it('spends no nonce twice, however many go at once', async () => {
    const { client, sent } = await recorded();
    await client.createAccount();
    await Promise.all(Array.from({ length: 20 }, () => client.getAccount()));
    const nonces = sent.map((init) => decode(bodyOf(init).protected).nonce);
    expect(new Set(nonces).size).toBe(21);
  });

  it('binds an external account by HMAC over the account’s own key', async () => {
    const crypto = nodeCrypto();
    const macKey = crypto.randomBytes(32);
    for (const hmacKey of [macKey, Buffer.from(macKey).toString('base64url'), Buffer.from(macKey).toString('base64')]) {
      const { client, sent } = await recorded();
      await client.createAccount({ externalAccountBinding: { kid: 'kid-1', hmacKey } });
      const outer = bodyOf(sent[0]);
      const binding = decode(outer.payload).externalAccountBinding as Jws;
      expect(decode(binding.protected)).toEqual({ alg: 'HS256', kid: 'kid-1', url: 'https://acme.test/new-account' });
      expect(decode(binding.payload)).toEqual(decode(outer.protected).jwk);
      const mac = await crypto.hmac(
        'SHA-256',
        macKey,
        new TextEncoder().encode(`${binding.protected}.${binding.payload}`),
      );
      expect(binding.signature).toBe(Buffer.from(mac).toString('base64url'));
    }
  });

  it('changes the key by a request of the new one within one of the old (RFC 8555 section 7.3.5)', async () => {
    const { client, sent } = await recorded();
    await client.createAccount();
    await client.changeKey(await testKey('RSA-2048'));
    const outer = bodyOf(sent[1]);
    const inner = JSON.parse(Buffer.from(outer.payload, 'base64url').toString()) as Jws;
    expect(decode(inner.protected)).toEqual({
      alg: 'RS256',
      jwk: expect.objectContaining({ kty: 'RSA' }),
      url: 'https://acme.test/key-change',
    });
    expect(decode(inner.payload)).toEqual({
      account: client.accountUrl,
      oldKey: decode(bodyOf(sent[0]).protected).jwk,
    });
  });
});

describe('AcmeClient', () => {
  it('names a certificate as the example of RFC 9773 does', () => {
    // Appendix A of the RFC: the AKI 69:88:5B:6B:87:46:40:41:E1:B3:7B:84:7B:A0:AE:2C:DE:01:C8:D4, and the serial 00:87:65:43:21.
    const der = Buffer.from(
      'MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFtcGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDASBgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4ByNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK'.replaceAll(
        ' ',
        '',
      ),
      'base64',
    );
    expect(acmeCertificateId(encodePem('CERTIFICATE', der))).toBe('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
  });

  it.each([
    ['no directory', { directory: 'nobody' }],
    ['a directory without TLS', { directory: 'http://acme.test/directory' }],
    ['a directory with credentials', { directory: 'https://user:secret@acme.test/directory' }],
    ['no key', { accountKey: undefined }],
    ['no time', { timeoutMs: 0 }],
    ['trust anchors beside a fetch', { trustAnchorsPem: 'PEM' }],
    ['a fetch that is none', { fetch: 'curl' }],
  ])('refuses %s', async (_, changed) => {
    const error = await rejection(recorded(changed as unknown as Partial<AcmeClientOptions>));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).not.toContain('secret');
  });

  it('refuses keys that servers do not take, and what needs an account without one', async () => {
    const { client } = await recorded();
    expect(await codeOf(client.getAccount())).toBe('INVALID_ARGUMENT');
    expect(await codeOf(client.revoke({ certificateDer: 'PEM' as never }))).toBe('INVALID_ARGUMENT');
    await client.createAccount();
    expect(await codeOf(client.revoke({ certificateDer: new Uint8Array(1), reason: 'boredom' as never }))).toBe(
      'INVALID_ARGUMENT',
    );
    for (const externalAccountBinding of [
      { kid: '', hmacKey: 'AAAA' },
      { kid: 'k', hmacKey: 'not base64!' },
      { kid: 'k', hmacKey: '' },
    ])
      expect(await codeOf(client.createAccount({ externalAccountBinding }))).toBe('INVALID_ARGUMENT');
  });

  it('cuts an answer off that does not end, however well it begins', async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode('{"newNonce":"https://acme.test/nonce",');
      for (; given < 4 * 1024 * 1024; given += SPACES.length) yield SPACES;
      yield new TextEncoder().encode('"newAccount":"https://acme.test/a","newOrder":"https://acme.test/o"}');
    }
    const headers = { get: (name: string) => (name === 'content-type' ? 'application/json' : null) };
    const { client } = await recorded({ fetch: async () => ({ status: 200, headers, body: endless() }) });
    const error = await rejection(client.directory());
    expect(error).toMatchObject({ code: 'ACME_PROTOCOL', message: expect.stringContaining('longer than') });
    expect(given).toBeLessThan(2 * 1024 * 1024);
  });

  it('does not follow pages of orders for ever', async () => {
    const { client, server } = await recorded();
    server.listsOrders = true;
    await client.createAccount();
    let page = 0;
    server.intercept = ({ path }) =>
      /^\/(account-orders|page)\//.test(path) && page < 5_000
        ? { headers: { link: `</page/${++page}>;rel="next"` }, body: { orders: [] } }
        : undefined;
    await client.listOrders();
    expect(page).toBeLessThanOrEqual(1_000);
  });

  it('reads pages of orders to their end, and a list that runs in a circle once', async () => {
    const { client, server } = await recorded();
    server.listsOrders = true;
    await client.createAccount();
    const page = (orders: readonly string[], next: string) => ({
      headers: { link: `<https://acme.test/directory>;rel="index", <${next}>; title="x"; rel="next"` },
      body: { orders },
    });
    server.intercept = ({ path }) => {
      if (path === '/account-orders/1') return page(['https://acme.test/order/1'], '/page/2');
      return path === '/page/2' ? page(['https://acme.test/order/2'], '/account-orders/1') : undefined;
    };
    expect(await client.listOrders()).toEqual(['https://acme.test/order/1', 'https://acme.test/order/2']);
  });

  it.each([
    [{ suggestedWindow: { start: '2026-02-01T00:00:00Z', end: '2026-01-01T00:00:00Z' } }],
    [{ suggestedWindow: { start: 'soon', end: 'later' } }],
    [{}],
  ])('takes no window that is none: %j', async (body) => {
    const { client, server } = await recorded();
    server.renewalInfo = true;
    server.intercept = ({ path }) => (path.startsWith('/renewal-info') ? { body } : undefined);
    const chain = await server.certify(Buffer.from(await testCsr({ names: ['a.example'] })).toString('base64url'), [
      { type: 'dns', value: 'a.example' },
    ]);
    const der = Buffer.from(chain.split('-----')[2] as string, 'base64');
    expect(await codeOf(client.renewalInfo(new Uint8Array(der)))).toBe('ACME_PROTOCOL');
  });
});

describe('AcmeIssuer', () => {
  const good = () => ({
    storage: createTestStorage(new VirtualClock()).storage,
    keyring: LocalKeyring.generate(),
    directory: 'letsencrypt',
    email: 'ops@example.com',
    termsOfServiceAgreed: true,
    solvers: [http01()],
  });

  it.each([
    ['email', 'nobody'],
    ['email', 'a@b.example,c@d.example'],
    ['termsOfServiceAgreed', undefined],
    ['solvers', []],
    ['solvers', [http01(), http01()]],
    ['solvers', [{ type: 'dns-01', present: () => undefined }]],
    ['solvers', [{ type: 'DNS 01' }]],
    ['storage', undefined],
    ['keyring', null],
    ['waitMs', -1],
    ['profile', ''],
    ['accountKeyAlgorithm', 'DSA'],
    ['externalAccountBinding', { kid: 'k', hmacKey: 7 }],
    ['requireDurability', 'very'],
  ])('refuses the option %s: %j', (name, value) => {
    expect(() => new AcmeIssuer({ ...good(), [name]: value } as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  it('refuses a storage that forgets where durability is required', () => {
    expect(() => new AcmeIssuer({ ...good(), requireDurability: 'durable' } as never)).toThrow(
      expect.objectContaining({ code: 'STORAGE_UNSAFE_CONFIG' }),
    );
  });

  it('answers for no token and no host that cannot be, without a read', async () => {
    const { storage, ...rest } = good();
    const touched: string[] = [];
    const spy = overriding(storage, {
      get: (refs) => {
        touched.push('get');
        return storage.get(refs);
      },
    });
    const respond = new AcmeIssuer({ ...rest, storage: spy } as never).http01Responder();
    const token = 'a'.repeat(43);
    const hosts = [
      undefined,
      '',
      'a b',
      'a.example:port',
      '../x',
      '[::1',
      'x'.repeat(400),
      'a.example/',
      '[]',
      '1.2.3',
    ];
    for (const host of hosts) expect(await respond(token, host)).toBeUndefined();
    for (const bad of ['', 'short', `${token}/..`, `${token}%2e`, 'ä'.repeat(43), 'a'.repeat(300)])
      expect(await respond(bad, 'a.example')).toBeUndefined();
    expect(touched).toEqual([]);
    expect(await respond(token, 'a.example:8080')).toBeUndefined();
    expect(touched).toContain('get');
  });
});
