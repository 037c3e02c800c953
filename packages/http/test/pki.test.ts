import { beforeAll, describe, expect, it } from 'vitest';
import { callApi, createTestApi, type TestApi } from './support/test-api.ts';

let api: TestApi;
let serialNumber: string;
let certificatePem: string;

beforeAll(async () => {
  api = await createTestApi();
  ({ serialNumber, certificatePem } = await api.authority.issue({ subjectAltNames: ['a.example'] }));
});

describe('the public part of an authority', () => {
  it('gives roots, chains and the status of a certificate to anybody', async () => {
    const anchors = await api.call('GET', '/pki/trust-anchors.pem');
    expect(anchors.text).toBe(await api.authority.trustAnchorsPem());
    const chain = await api.call('GET', `/pki/certificates/${serialNumber}/chain.pem`);
    expect(chain.text).toBe(await api.authority.chainPem(serialNumber));
    const status = await api.call('GET', `/pki/certificates/${serialNumber}`);
    expect(status.body).toMatchObject({ serialNumber, status: 'valid' });
    expect((await api.call('GET', '/pki/certificates/00ff')).body.code).toBe('CERTIFICATE_NOT_FOUND');
  });

  it('serves what certificates point to: CRL, delta CRL and the issuer’s certificate, by the URLs that stand in them', async () => {
    const inspection = await api.authority.inspect(certificatePem);
    const urls = [...JSON.stringify(inspection).matchAll(/https:\/\/app\.example(\/pki\/[^"]+)/g)].map(
      ([, path]) => path ?? '',
    );
    expect(urls.map((url) => url.replace(/[0-9a-f]{40}/, 'id')).sort()).toEqual(['/pki/id.cer', '/pki/id.crl']);
    for (const url of urls) {
      const { status, headers, body } = await api.call('GET', url);
      expect([url, status]).toEqual([url, 200]);
      const der = new Uint8Array(await body.arrayBuffer());
      const { kind } = await api.authority.inspect(der);
      expect(kind).toBe(url.endsWith('.crl') ? 'crl' : 'certificate');
      expect(headers.get('cache-control')).toMatch(/^public, max-age=/);
    }
    const delta = urls.find((url) => url.endsWith('.crl'))?.replace('.crl', '-delta.crl') ?? '';
    expect((await api.call('GET', delta)).headers.get('content-type')).toBe('application/pkix-crl');
    expect((await api.call('GET', '/pki/root.cer')).status).toBe(200);
  });

  it('shows a revocation in the CRL, in the status and by OCSP', async () => {
    const revoked = await api.authority.issue({ subjectAltNames: ['b.example'] });
    await api.authority.revoke(revoked.serialNumber, { reason: 'keyCompromise' });
    const status = await api.call('GET', `/pki/certificates/${revoked.serialNumber}`);
    expect(status.body).toMatchObject({ status: 'revoked', reason: 'keyCompromise' });
    const bundle = await api.call('GET', '/pki/crls.pem');
    expect(bundle.text).toBe(await api.authority.crlBundlePem());
    const { body } = await api.call('GET', '/pki/intermediates');
    const file = await api.call('GET', `/pki/${body.items[0].keyIdentifier}.crl`);
    const crl = await api.authority.inspect(new Uint8Array(await file.body.arrayBuffer()));
    expect(JSON.stringify(crl)).toContain(revoked.serialNumber);
  });

  it.each(['/pki/nothing', `/pki/${'0'.repeat(40)}.crl`, '/pki/..%2f..%2fetc%2fpasswd', '/pki/root.crl.crl'])(
    'has no file %s',
    async (path) => {
      expect((await api.call('GET', path)).status).toBe(404);
    },
  );

  it('answers OCSP by GET and POST, and tells by an OCSP response what is wrong', async () => {
    const request = await ocspRequest();
    const headers = { 'content-type': 'application/ocsp-request' };
    const posted = await api.call('POST', '/pki/ocsp', { body: request as BodyInit, headers });
    expect(posted.headers.get('content-type')).toBe('application/ocsp-response');
    expect(statusByte(await posted.body.arrayBuffer())).toBe(0);
    const base64 = encodeURIComponent(Buffer.from(request).toString('base64'));
    const got = await api.call('GET', `/pki/ocsp/${base64}`);
    expect(statusByte(await got.body.arrayBuffer())).toBe(0);
    expect(got.headers.get('cache-control')).toMatch(/max-age=\d+/);
    const malformed = await api.call('POST', '/pki/ocsp', { body: 'nonsense', headers });
    expect(statusByte(await malformed.body.arrayBuffer())).toBe(1);
    expect((await api.call('GET', '/pki/ocsp/***')).body.code).toBe('TARGET_INVALID');
    expect((await api.call('POST', '/pki/ocsp', { body: 'x' })).status).toBe(415);
    const long = await api.call('POST', '/pki/ocsp', { body: 'x'.repeat(70_000), headers });
    expect(long.status).toBe(413);
  });
});

/** S4-14 */
describe('the challenge endpoint', () => {
  it('answers for a token and a host, and for nothing else', async () => {
    const asked: [string, string][] = [];
    const handlers = api.another({
      acme: {
        http01Responder: () => async (token, host) => {
          asked.push([token, host]);
          return token === 'known' && host === 'app.example' ? 'known.thumbprint' : undefined;
        },
      },
    });
    const path = '/.well-known/acme-challenge/';
    const ask = (token: string, host: string) => callApi(handlers, 'GET', path + token, { headers: { host } });
    const answer = await ask('known', 'APP.example:80');
    expect([answer.status, answer.text]).toEqual([200, 'known.thumbprint']);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect((await ask('other', 'app.example')).status).toBe(404);
    expect((await ask('known', 'other.example')).status).toBe(404);
    expect((await ask('..%2f..%2fkey', 'app.example')).status).toBe(404);
    expect(asked).toContainEqual(['../../key', 'app.example']);
  });
});

describe('the keys of the tokens', () => {
  it('are public, and are only the public keys', async () => {
    const { body, headers } = await api.call('GET', '/.well-known/jwks.json');
    expect(body.keys.length).toBeGreaterThan(0);
    expect(JSON.stringify(body)).not.toContain('"d":');
    expect(headers.get('cache-control')).toBe('public, max-age=300');
  });
});

/** S1-18, S4-16 */
describe('health', () => {
  it('is 200 while every dependency works, and 503 while one does not', async () => {
    let isDown = false;
    const readiness = {
      scheduler: async () => {
        if (isDown) throw new Error('the password of the database is hunter2');
        return { running: true };
      },
      certificates: async () => ({ loaded: 3 }),
    };
    api = await createTestApi({ readiness });
    expect((await api.call('GET', '/healthz')).body).toEqual({ status: 'ok' });
    const up = await api.call('GET', '/readyz');
    expect(up.status).toBe(200);
    expect(up.body.checks).toMatchObject({
      storage: { status: 'ok' },
      scheduler: { status: 'ok', running: true },
      certificates: { loaded: 3 },
    });
    isDown = true;
    expect((await api.call('GET', '/readyz')).status).toBe(200);
    api.clock.advance(1_000);
    const down = await api.call('GET', '/readyz');
    expect(down.status).toBe(503);
    expect(down.body).toMatchObject({
      status: 'unavailable',
      checks: { storage: { status: 'ok' }, scheduler: { status: 'unavailable' } },
    });
    expect(down.text).not.toContain('hunter2');
    expect((await api.call('GET', '/healthz')).status).toBe(200);
  });

  it('does not wait for a dependency that does not answer', async () => {
    const timer = (_: number, callback: () => void) => {
      queueMicrotask(callback);
      return () => undefined;
    };
    const readiness = { stuck: () => new Promise<void>(() => undefined) };
    api = await createTestApi({ readiness, timer });
    expect((await api.call('GET', '/readyz')).body.checks.stuck).toEqual({ status: 'unavailable' });
  });

  it('tells by its code that the storage is gone', async () => {
    api = await createTestApi();
    await api.storage.close();
    const { status, body } = await api.call('GET', '/readyz');
    expect([status, body.checks.storage]).toEqual([503, { status: 'unavailable', code: 'STORAGE_CLOSED' }]);
    const failing = await api.call('GET', '/pki/certificates/00ff');
    expect([failing.status, failing.body.code, failing.body.detail]).toEqual([503, 'STORAGE_CLOSED', undefined]);
    expect(failing.headers.get('retry-after')).toBe('1');
  });
});

/** An OCSPRequest for the certificate, by SHA-1 (RFC 6960), written byte by byte. */
async function ocspRequest(): Promise<Uint8Array> {
  const { createHash } = await import('node:crypto');
  const { X509Certificate } = await import('node:crypto');
  const chain = await api.authority.chainPem(serialNumber);
  const issuer = new X509Certificate(chain.slice(chain.lastIndexOf('-----BEGIN')));
  const leaf = await api.authority.inspect(certificatePem);
  expect(leaf.kind).toBe('certificate');
  const spki = issuer.publicKey.export({ type: 'spki', format: 'der' });
  // The key of a P-256 or P-384 point is what follows the unused-bits octet of the BIT STRING.
  const point = issuer.publicKey.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 97 : 65;
  const keyHash = createHash('sha1').update(spki.subarray(-point)).digest();
  const nameHash = createHash('sha1').update(subjectOf(issuer.raw)).digest();
  const serial = Buffer.from(serialNumber, 'hex');
  const certId = der(0x30, [
    der(0x30, [der(0x06, [Buffer.from('2b0e03021a', 'hex')]), der(0x05, [])]),
    der(0x04, [nameHash]),
    der(0x04, [keyHash]),
    der(0x02, [serial]),
  ]);
  return new Uint8Array(der(0x30, [der(0x30, [der(0x30, [der(0x30, [certId])])])]));
}

function der(tag: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

/** The subject of a certificate: the sixth element of its TBSCertificate, the version being the first. */
function subjectOf(certificate: Buffer): Buffer {
  let at = inside(certificate, 0);
  at = inside(certificate, at);
  for (let element = 0; element < 5; element++) at = end(certificate, at);
  return certificate.subarray(at, end(certificate, at));
}

function inside(bytes: Buffer, at: number): number {
  const first = bytes[at + 1] as number;
  return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
}

function end(bytes: Buffer, at: number): number {
  const start = inside(bytes, at);
  const first = bytes[at + 1] as number;
  const length = first < 0x80 ? first : bytes.readUIntBE(at + 2, first & 0x7f);
  return start + length;
}

/** The responseStatus of an OCSPResponse: 30 .. 0a 01 xx. */
function statusByte(response: ArrayBuffer): number {
  const bytes = Buffer.from(response);
  return bytes[inside(bytes, 0) + 2] as number;
}
