import { beforeAll, describe, expect, it } from 'vitest';
import { derContext, derInteger, derOid, derSequence, derSet } from '../../../src/encoding/der/writer.ts';
import { decodeCertificates, encodeCertificates } from '../../../src/index.ts';
import { parseCertificate } from '../../../src/x509/certificate/certificate.ts';
import { codeOf } from '../../support/expect-error.ts';
import { seed } from '../../support/soak.ts';
import { testCertificate } from '../../support/test-ca.ts';
import { FUZZ_ITERATIONS, fuzz } from '../fuzz.ts';

const SEED = seed(20_261_122);
let certificates: string[];
let pem: string;

beforeAll(async () => {
  certificates = [await testCertificate({ subject: 'CN=B' }), await testCertificate({ subject: 'CN=A' })];
  pem = certificates.join('');
});

describe('certificates', () => {
  it('go from every format to every other, in their order', () => {
    const forms = [pem, encodeCertificates(pem, 'pkcs7'), encodeCertificates(pem, 'pkcs7-pem')];
    for (const form of forms) {
      expect(decodeCertificates(form)).toEqual(certificates);
      expect(encodeCertificates(form, 'pem')).toBe(pem);
      expect(encodeCertificates(form, 'pkcs7')).toEqual(forms[1]);
      expect(encodeCertificates(form, 'pkcs7-pem')).toBe(forms[2]);
    }
    const der = encodeCertificates(certificates[0] as string, 'der');
    expect(der).toEqual(parseCertificate(certificates[0] as string).der);
    expect(decodeCertificates(der)).toEqual([certificates[0]]);
  });

  it('are one alone in DER', async () => {
    expect(await codeOf(() => encodeCertificates(pem, 'der'))).toBe('INVALID_ARGUMENT');
  });

  const bundle = (...parts: Uint8Array[]) =>
    derSequence(
      derOid('1.2.840.113549.1.7.2'),
      derContext(
        0,
        true,
        derSequence(derInteger(1), derSet(), derSequence(derOid('1.2.840.113549.1.7.1')), ...parts, derSet()),
      ),
    );

  it.each<[string, string | Uint8Array, string]>([
    ['nothing', '', 'PEM_INVALID'],
    ['no bytes', new Uint8Array(), 'CERTIFICATE_INVALID'],
    ['a number', 7 as never, 'INVALID_ARGUMENT'],
    ['a bundle of nothing', bundle(), 'PKCS7_INVALID'],
    ['a bundle of an empty list', bundle(derContext(0, true)), 'PKCS7_INVALID'],
    ['a bundle of junk', bundle(derContext(0, true, derSequence())), 'CERTIFICATE_INVALID'],
    ['content of another type', derSequence(derOid('1.2.840.113549.1.7.1'), derContext(0, true)), 'PKCS7_INVALID'],
    ['too much', new Uint8Array(9 * 1024 * 1024).fill(0x30), 'DER_TOO_LARGE'],
  ])('that are %s are refused', async (_, input, code) => {
    expect(await codeOf(() => decodeCertificates(input))).toBe(code);
  });

  it('are written in no format that is unknown', async () => {
    expect(await codeOf(() => encodeCertificates(pem, 'p7b' as 'pem'))).toBe('INVALID_ARGUMENT');
  });

  it(`are read or refused, whatever is changed in a bundle (CHANCERY_SEED=${SEED})`, () => {
    const corpus = [encodeCertificates(pem, 'pkcs7')];
    const iterations = Math.min(FUZZ_ITERATIONS, 10_000);
    const result = fuzz({ corpus, read: (input) => void decodeCertificates(input) }, iterations, SEED);
    expect(result.accepted).toBeGreaterThan(0);
    expect(result.refused.size).toBeGreaterThan(0);
  });
});
