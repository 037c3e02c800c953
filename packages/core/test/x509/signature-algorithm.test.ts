import { describe, expect, it } from 'vitest';
import { SIGNATURE_SCHEMES } from '../../src/crypto/algorithms.ts';
import { derContext, derInteger, derNull, derOid, derSequence } from '../../src/encoding/der/writer.ts';
import { fromHex, toHex } from '../../src/encoding/hex.ts';
import type { SignatureAlgorithm } from '../../src/ports/crypto.ts';
import { encodeSignatureAlgorithm, readSignatureAlgorithm } from '../../src/x509/signature-algorithm.ts';

const algorithms = Object.keys(SIGNATURE_SCHEMES) as SignatureAlgorithm[];
const PSS = '1.2.840.113549.1.1.10';

const MGF1 = '1.2.840.113549.1.1.8';
const SHA256 = derSequence(derOid('2.16.840.1.101.3.4.2.1'), derNull());

describe('signature algorithm identifiers', () => {
  it.each(algorithms)('%s reads back as what was written', (algorithm) => {
    expect(readSignatureAlgorithm(encodeSignatureAlgorithm(algorithm)).algorithm).toBe(algorithm);
  });

  // RFC 5758 section 3.2, RFC 4055 section 5, RFC 8410 section 3.
  it.each<[SignatureAlgorithm, string]>([
    ['ECDSA-SHA256', '300a06082a8648ce3d040302'],
    ['RSA-PKCS1-SHA256', '300d06092a864886f70d01010b0500'],
    ['Ed25519', '300506032b6570'],
  ])('%s is %s', (algorithm, hex) => {
    expect(toHex(encodeSignatureAlgorithm(algorithm))).toBe(hex);
  });

  it('of RSASSA-PSS may leave the NULL of the digest out', () => {
    const sha256 = derSequence(derOid('2.16.840.1.101.3.4.2.1'));
    expect(readSignatureAlgorithm(pss(sha256, 32))).toEqual({ oid: PSS, algorithm: 'RSA-PSS-SHA256' });
  });

  it('of RSASSA-PSS with another salt length tells it', () => {
    const sha256 = derSequence(derOid('2.16.840.1.101.3.4.2.1'), derNull());
    const expected = { oid: PSS, algorithm: 'RSA-PSS-SHA256', saltLength: 20 };
    expect(readSignatureAlgorithm(pss(sha256, 20))).toEqual(expected);
    const withoutSalt = derSequence(
      derOid(PSS),
      derSequence(derContext(0, true, sha256), derContext(1, true, derSequence(derOid(MGF1), sha256))),
    );
    expect(readSignatureAlgorithm(withoutSalt)).toEqual(expected);
  });

  it.each([
    ['SHA-224', pss(derSequence(derOid('2.16.840.1.101.3.4.2.4'), derNull()), 28)],
    ['a mask of another digest', pss(SHA256, 32, derSequence(derOid('2.16.840.1.101.3.4.2.3'), derNull()))],
    ['a salt longer than any key', pss(SHA256, 4096)],
    ['the defaults, which are SHA-1', derSequence(derOid(PSS), derSequence())],
  ])('of RSASSA-PSS with %s is not known', (_, der) => {
    expect(readSignatureAlgorithm(der)).toEqual({ oid: PSS, algorithm: undefined });
  });

  it.each([
    ['MD5 with RSA', '300d06092a864886f70d0101040500', '1.2.840.113549.1.1.4'],
    ['SHA-1 with RSA', '300d06092a864886f70d0101050500', '1.2.840.113549.1.1.5'],
    ['ECDSA with a NULL that does not belong there', '300c06082a8648ce3d0403020500', '1.2.840.10045.4.3.2'],
  ])('of %s is not known', (_, hex, oid) => {
    expect(readSignatureAlgorithm(fromHex(hex))).toEqual({ oid, algorithm: undefined });
  });

  it.each([
    ['no OID', derSequence()],
    ['two parameters', derSequence(derOid('1.2.3'), derNull(), derNull())],
    ['another type', derNull()],
  ])('with %s is refused', (_, der) => {
    expect(() => readSignatureAlgorithm(der)).toThrow(expect.objectContaining({ code: 'DER_INVALID' }));
  });
});

function pss(digest: Uint8Array, saltLength: number, maskDigest = digest): Uint8Array {
  const mask = derSequence(derOid(MGF1), maskDigest);
  const parts = [derContext(0, true, digest), derContext(1, true, mask), derContext(2, true, derInteger(saltLength))];
  return derSequence(derOid(PSS), derSequence(...parts));
}
