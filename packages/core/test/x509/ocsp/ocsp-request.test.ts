import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/encoding/bytes.ts';
import {
  derBitString,
  derContext,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
} from '../../../src/encoding/der/writer.ts';
import { parseOcspRequest } from '../../../src/x509/ocsp/ocsp-request.ts';
import { encodeSignatureAlgorithm } from '../../../src/x509/signature-algorithm.ts';
import { rejection } from '../../support/expect-error.ts';
import { testOcspRequestOf } from '../../support/ocsp-client.ts';

const SHA1 = '1.3.14.3.2.26';
const certId = (serial: Uint8Array | number, hash = 20): Uint8Array =>
  derSequence(
    derSequence(derOid(SHA1), derNull()),
    derOctetString(new Uint8Array(hash).fill(1)),
    derOctetString(new Uint8Array(hash).fill(2)),
    derInteger(serial),
  );
const list = (...ids: Uint8Array[]): Uint8Array => derSequence(...ids.map((id) => derSequence(id)));
const critical = { oid: '1.2.3.4', critical: true, value: derNull() };
const name = derContext(1, true, derContext(2, false, new TextEncoder().encode('a.example')));

const signature = (bits = derBitString(new Uint8Array(64))): Uint8Array =>
  derContext(
    0,
    true,
    derSequence(encodeSignatureAlgorithm('ECDSA-SHA256'), bits, derContext(0, true, derSequence(derSequence()))),
  );

async function refusal(der: Uint8Array): Promise<string> {
  const error = await rejection(() => parseOcspRequest(der));
  expect(error.code).toBe('OCSP_INVALID');
  return error.message;
}

describe('an OCSP request', () => {
  it('is read with all that it asks, in order', () => {
    const ids = [certId(0x1234), certId(7), certId(0x1234)];
    const { queries, nonce } = parseOcspRequest(testOcspRequestOf(ids));
    expect(queries.map(({ certId: id }) => id.serialNumber)).toEqual(['1234', '07', '1234']);
    expect(queries.map(({ der }) => der)).toEqual(ids);
    expect(queries[0]?.certId).toMatchObject({ hashAlgorithm: SHA1, issuerNameHash: new Uint8Array(20).fill(1) });
    expect(nonce).toBeUndefined();
  });

  it('may say its version, who asks, and be signed, which nobody verifies', () => {
    const version = derContext(0, true, derInteger(0));
    const tbs = derSequence(version, name, list(certId(5)));
    for (const request of [derSequence(tbs), derSequence(tbs, signature())])
      expect(parseOcspRequest(request).queries).toHaveLength(1);
  });

  it('shares nothing with the bytes that were given', () => {
    const der = testOcspRequestOf([certId(5)], { nonce: Uint8Array.of(1, 2, 3) });
    const { nonce } = parseOcspRequest(der);
    der.fill(0);
    expect(nonce).toEqual(Uint8Array.of(4, 3, 1, 2, 3));
  });

  it.each([1, 16, 32, 128])('may have a nonce of %d octets', (length) => {
    const nonce = new Uint8Array(length).fill(9);
    const request = parseOcspRequest(testOcspRequestOf([certId(5)], { nonce }));
    expect(request.nonce).toEqual(derOctetString(nonce));
  });

  it.each([0, 129, 4096])('with a nonce of %d octets is refused (RFC 9654)', async (length) => {
    expect(await refusal(testOcspRequestOf([certId(5)], { nonce: new Uint8Array(length) }))).toContain(
      `A nonce has ${length} octets`,
    );
  });

  it('with a nonce that is no OCTET STRING is refused', async () => {
    const nonce = { oid: '1.3.6.1.5.5.7.48.1.2', critical: false, value: derInteger(5) };
    await refusal(testOcspRequestOf([certId(5)], { extensions: [nonce] }));
    const trailing = { ...nonce, value: concatBytes([derOctetString(Uint8Array.of(1)), derNull()]) };
    await refusal(testOcspRequestOf([certId(5)], { extensions: [trailing] }));
  });

  it('with an extension that is not understood is read, unless it is critical', async () => {
    const harmless = { ...critical, critical: false };
    const ids = [certId(5)];
    expect(parseOcspRequest(testOcspRequestOf(ids, { extensions: [harmless] })).queries).toHaveLength(1);
    expect(parseOcspRequest(testOcspRequestOf(ids, { singleExtensions: [harmless] })).queries).toHaveLength(1);
    expect(await refusal(testOcspRequestOf(ids, { extensions: [critical] }))).toContain('1.2.3.4');
    expect(await refusal(testOcspRequestOf(ids, { singleExtensions: [critical] }))).toContain('1.2.3.4');
    // A nonce belongs to the request as a whole, where it may be critical.
    const nonce = { oid: '1.3.6.1.5.5.7.48.1.2', critical: true, value: derOctetString(Uint8Array.of(1)) };
    expect(parseOcspRequest(testOcspRequestOf(ids, { extensions: [nonce] })).nonce).toEqual(nonce.value);
    expect(await refusal(testOcspRequestOf(ids, { singleExtensions: [nonce] }))).toContain(nonce.oid);
  });

  it('may ask about 100 certificates, and no more', async () => {
    const ids = Array.from({ length: 101 }, (_, at) => certId(at + 1));
    expect(parseOcspRequest(testOcspRequestOf(ids.slice(1))).queries).toHaveLength(100);
    expect(await refusal(testOcspRequestOf(ids))).toContain('more than 100');
    expect(await refusal(testOcspRequestOf([]))).toContain('no certificate');
  });

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['an empty SEQUENCE', derSequence()],
    ['something behind it', concatBytes([testOcspRequestOf([certId(5)]), Uint8Array.of(0)])],
    ['a version of the future', derSequence(derSequence(derContext(0, true, derInteger(1)), list(certId(5))))],
    [
      'a version with something behind it',
      derSequence(derSequence(derContext(0, true, derInteger(0), derNull()), list(certId(5)))),
    ],
    ['two requestors', derSequence(derSequence(name, name, list(certId(5))))],
    ['a serial number of 21 octets', testOcspRequestOf([certId(new Uint8Array(21).fill(1))])],
    [
      'a signature of odd bits',
      derSequence(derSequence(list(certId(5))), signature(derBitString(Uint8Array.of(2), 1))),
    ],
    ['a signature that is none', derSequence(derSequence(list(certId(5))), derContext(0, true, derSequence()))],
    [
      'a digest with parameters',
      testOcspRequestOf([
        derSequence(
          derSequence(derOid(SHA1), derInteger(1)),
          derOctetString(new Uint8Array(20)),
          derOctetString(new Uint8Array(20)),
          derInteger(1),
        ),
      ]),
    ],
  ])('that is %s is refused', async (_, der) => {
    await refusal(der);
  });

  it('of more than 64 KiB is refused before it is read', async () => {
    const error = await rejection(() => parseOcspRequest(new Uint8Array(64 * 1024 + 1)));
    expect(error.code).toBe('DER_TOO_LARGE');
  });
});
