import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createTlsResolver } from '../../src/index.ts';
import { leaf, rootPem } from './support/certificates.ts';
import { choose, contextId, createScene, PATIENCE } from './support/scene.ts';
import { TestSource } from './support/test-source.ts';

const certificates = new TestSource();
const acceptable = { certificates };
const anyName = (): boolean => true;

describe('the options', () => {
  it.each([
    [undefined, ''],
    [null, ''],
    [{}, 'certificates'],
    [{ certificates: {} }, 'certificates'],
    [{ ...acceptable, fallback: 'selfsigned' }, 'fallback'],
    [{ ...acceptable, fallback: { certPem: 'x' } }, 'fallback'],
    [{ ...acceptable, maxContexts: 0 }, 'maxContexts'],
    [{ ...acceptable, maxContexts: 1.5 }, 'maxContexts'],
    [{ ...acceptable, lookupsPerSecond: 0 }, 'lookupsPerSecond'],
    [{ ...acceptable, checkIntervalMs: 10 }, 'checkIntervalMs'],
    [{ ...acceptable, onDemand: {} }, 'onDemand.allow'],
    [{ ...acceptable, onDemand: { allow: anyName, maxPending: 0 } }, 'onDemand.maxPending'],
    [{ ...acceptable, onDemand: { allow: anyName, perMinute: 0 } }, 'onDemand.perMinute'],
    [{ ...acceptable, acme: {} }, 'acme'],
    [{ ...acceptable, clientTrust: {} }, 'clientTrust.trustAnchorsPem'],
    [{ ...acceptable, clock: 5 }, 'clock'],
    [{ ...acceptable, timer: {} }, 'timer'],
    [{ ...acceptable, logger: {} }, 'logger'],
    [{ ...acceptable, unknown: 1 }, 'unknown'],
  ])('%j are refused by name', (given, name) => {
    const refusal = expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(name) });
    expect(() => createTlsResolver(given as never)).toThrow(refusal);
  });

  it('refuse on-demand certificates from where there are none', () => {
    const { served, versions, on } = certificates;
    const given = { certificates: { served, versions, on }, onDemand: { allow: () => true } };
    expect(() => createTlsResolver(given)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('refuse a fallback whose key is not its own, and show nothing of it', async () => {
    const own = await leaf({ id: 'own', names: ['own.example'] });
    const rsa = await leaf({ id: 'rsa', names: ['rsa.example'], keyAlgorithm: 'RSA-2048' });
    for (const keyPem of [rsa.privateKeyPem, 'no key', own.chainPem]) {
      const given = { certificates, fallback: { certPem: own.chainPem, keyPem } };
      expect(() => createTlsResolver(given)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
      expect(() => createTlsResolver(given)).not.toThrow(/BEGIN|no key/);
    }
  });

  it('refuse trust in clients that cannot be read', async () => {
    const anchor = await rootPem();
    const block = (label: string) => `-----BEGIN ${label}-----\nMAA=\n-----END ${label}-----\n`;
    for (const [clientTrust, code] of [
      [{ trustAnchorsPem: block('CERTIFICATE') }, 'CERTIFICATE_INVALID'],
      [{ trustAnchorsPem: '' }, 'PEM_INVALID'],
      [{ trustAnchorsPem: [] }, 'INVALID_ARGUMENT'],
      [{ trustAnchorsPem: anchor, crlPem: block('X509 CRL') }, 'CRL_INVALID'],
      [{ trustAnchorsPem: anchor, crlPem: '' }, 'CRL_INVALID'],
    ] as const) {
      expect(() => createTlsResolver({ certificates, clientTrust })).toThrow(expect.objectContaining({ code }));
    }
  });
});

describe('the self-signed fallback', () => {
  it('is made once, whatever the number of names, for localhost and 365 days', async () => {
    const { tls, clock } = createScene({ fallback: 'self-signed' });
    const choices = await Promise.all(Array.from({ length: 20 }, (_, at) => choose(tls, `x${at}.example`)));
    expect(new Set(choices.map(({ context }) => context)).size).toBe(1);
    const { cert = '' } = await tls.serverOptions();
    const made = new X509Certificate(cert);
    expect(made.subject).toBe('CN=localhost');
    expect(made.verify(made.publicKey)).toBe(true);
    expect(made.checkHost('localhost')).toBe('localhost');
    expect(made.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(Date.parse(made.validTo)).toBe(clock.now() + 365 * 86_400_000);
    const another = await createScene({ fallback: 'self-signed' }).tls.serverOptions();
    expect(another.key).not.toBe((await tls.serverOptions()).key);
  });

  it('is made anew before it expires, while the one before serves', async () => {
    const { tls, time } = createScene({ fallback: 'self-signed' });
    const first = contextId(await tls.secureContext('192.0.2.1'));
    await time.pass(180 * 86_400_000);
    expect((await choose(tls, '192.0.2.1')).context).toBe(first);
    await time.pass(5 * 86_400_000);
    expect(await choose(tls, '192.0.2.1')).toMatchObject({ context: first, isAtOnce: true });
    await expect.poll(async () => (await choose(tls, '192.0.2.1')).context, PATIENCE).not.toBe(first);
  });
});
