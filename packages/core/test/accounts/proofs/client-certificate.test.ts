import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { certificateThumbprint, clientCertificateDer } from '../../../src/accounts/proofs/client-certificate.ts';
import {
  type ClientCertificateFormat,
  clientCertificateFromHeader,
} from '../../../src/accounts/proofs/client-certificate-header.ts';
import { nodeCrypto, OfflineRoot } from '../../../src/index.ts';
import { codeOf } from '../../support/expect-error.ts';

let pem: string;
let der: Uint8Array;

beforeAll(async () => {
  const passphrase = 'correct horse battery staple';
  const { root } = await OfflineRoot.create({ subject: 'CN=Client', passphrase });
  pem = root.certificatePem;
  der = new X509Certificate(pem).raw;
});

const lines = () => pem.replace(/-----[A-Z ]+-----|\n/g, '');

describe('a client certificate', () => {
  it('is DER or PEM, and has one thumbprint', async () => {
    const thumbprint = Buffer.from(new X509Certificate(pem).fingerprint256.replaceAll(':', ''), 'hex').toString(
      'base64url',
    );
    for (const given of [der, pem, Buffer.from(der)]) {
      expect(await certificateThumbprint(nodeCrypto(), clientCertificateDer(given))).toBe(thumbprint);
    }
  });

  it('is nothing else', async () => {
    const bad: unknown[] = [
      undefined,
      null,
      7,
      '',
      'certificate',
      new Uint8Array(),
      der.subarray(1),
      der.subarray(0, -1),
      Buffer.concat([der, Buffer.of(0)]),
      Buffer.alloc(70_000, 0x30),
      pem + pem,
      pem.replaceAll('CERTIFICATE', 'PRIVATE KEY'),
      Buffer.from(pem),
    ];
    for (const given of bad) expect(await codeOf(() => clientCertificateDer(given))).toBe('PROOF_INVALID');
  });

  it.each<[ClientCertificateFormat, () => string]>([
    ['rfc9440', () => `:${lines()}:`],
    ['nginx', () => encodeURIComponent(pem)],
    ['traefik', () => lines()],
    ['traefik', () => encodeURIComponent(lines())],
    ['traefik', () => `${lines()},${lines()}`],
    ['base64', () => lines()],
  ])('comes in a header as %s writes it', (format, value) => {
    const { certificate } = clientCertificateFromHeader(value(), format) ?? {};
    expect(Buffer.from(certificate as Uint8Array).equals(der)).toBe(true);
    expect(clientCertificateFromHeader(undefined, format)).toBeUndefined();
    expect(clientCertificateFromHeader('', format)).toBeUndefined();
  });

  it.each<[ClientCertificateFormat, string, () => unknown]>([
    ['rfc9440', 'without colons', () => lines()],
    ['rfc9440', 'of two headers', () => `:${lines()}:, :${lines()}:`],
    ['rfc9440', 'with parameters', () => `:${lines()}:;a=1`],
    ['rfc9440', 'of nothing', () => '::'],
    ['nginx', 'of bare PEM that was cut', () => encodeURIComponent(pem.slice(0, -30))],
    ['nginx', 'with a stray percent sign', () => `${encodeURIComponent(pem)}%`],
    ['nginx', 'of two certificates', () => encodeURIComponent(pem + pem)],
    ['traefik', 'of two headers', () => `${lines()}, ${lines()}`],
    ['base64', 'of two headers', () => `${lines()}, ${lines()}`],
    ['base64', 'of a list', () => [lines(), lines()]],
    ['base64', 'of something else', () => Buffer.from('hello').toString('base64')],
    ['base64', 'of a megabyte', () => 'A'.repeat(1_000_000)],
  ])('is refused in a %s header %s', async (format, _, value) => {
    expect(await codeOf(() => clientCertificateFromHeader(value() as string, format))).toBe('PROOF_INVALID');
  });

  it.each(['apache', 'constructor', Object.create(null), undefined])(
    'has a known format, or the host is told so, header or no header',
    async (format) => {
      for (const value of [undefined, lines()]) {
        expect(await codeOf(() => clientCertificateFromHeader(value, format))).toBe('INVALID_ARGUMENT');
      }
    },
  );
});
