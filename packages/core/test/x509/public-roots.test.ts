import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../src/errors/families.ts';
import { type Certificate, parseCertificate } from '../../src/x509/certificate/certificate.ts';

describe('the public roots that Node ships', () => {
  it('are read as OpenSSL reads them, but for key usages that are no DER', () => {
    let read = 0;
    for (const pem of rootCertificates) {
      const certificate = parseUnlessKeyUsage(pem);
      if (certificate === undefined) continue;
      const openssl = new X509Certificate(pem);
      // OpenSSL prints zero as "00" or "0", depending on its version.
      expect(BigInt(`0x${certificate.serialNumber}`)).toBe(BigInt(`0x${openssl.serialNumber}`));
      expect(certificate.notBefore).toEqual(new Date(openssl.validFrom));
      expect(certificate.notAfter).toEqual(new Date(openssl.validTo));
      expect(certificate.basicConstraints?.cA ?? false).toBe(openssl.ca);
      expect(Buffer.from(certificate.spki)).toEqual(openssl.publicKey.export({ format: 'der', type: 'spki' }));
      expect(certificate.issuer.equals(certificate.subject)).toBe(true);
      expect(certificate.toPem()).toBe(openssl.toString());
      read++;
    }
    expect(read).toBeGreaterThan(rootCertificates.length * 0.95);
  });
});

/** Two roots write the key usage with trailing zero bits, against X.690 section 11.2.2. */
function parseUnlessKeyUsage(pem: string): Certificate | undefined {
  try {
    return parseCertificate(pem);
  } catch (error) {
    if (error instanceof InvalidInputError && error.facts.field === 'tbsCertificate.extensions.keyUsage')
      return undefined;
    throw error;
  }
}
