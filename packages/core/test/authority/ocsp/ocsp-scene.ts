import { type CertificateAuthority, type Intermediate, validatePath } from '../../../src/index.ts';
import type { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { parseCertificate } from '../../../src/x509/certificate/certificate.ts';
import type { OcspSingleResponse } from '../../../src/x509/ocsp/ocsp-response.ts';
import { onlyAnswer, successful, testOcspRequest } from '../../support/ocsp-client.ts';
import { sharedRoot } from '../../support/test-authority.ts';

export const HOUR = 3_600_000;
export const request = { subjectAltNames: ['a.example'] };

/** The issuer's certificate, PEM. */
export function pemOf({ certificatePem }: Intermediate): string {
  if (certificatePem === undefined) throw new Error('The intermediate is not installed');
  return certificatePem;
}

/** Asks about one certificate, without a nonce. */
export async function ask(
  authority: CertificateAuthority,
  intermediate: Intermediate,
  serialNumber: string,
): Promise<OcspSingleResponse> {
  const asked = await testOcspRequest(pemOf(intermediate), { serialNumbers: [serialNumber] });
  return onlyAnswer(await authority.ocsp(asked));
}

/** What a relying party makes of a certificate whose only evidence is a response. */
export async function judge(
  certificatePem: string,
  intermediate: Intermediate,
  response: Uint8Array,
  at: number,
  ocspNonce?: Uint8Array,
): Promise<string> {
  const root = await sharedRoot();
  const result = await validatePath({
    certificate: certificatePem,
    intermediates: pemOf(intermediate),
    trustAnchors: root.certificatePem,
    at: new Date(at),
    ocspResponses: [response],
    ...(ocspNonce === undefined ? {} : { ocspNonce }),
  });
  return result.valid ? `${result.revocation[0]?.status}` : result.error.code;
}

/** The serial number of the certificate that came along with a response. */
export function responderOf(response: Uint8Array): string | undefined {
  const [certificate] = successful(response).certificates;
  return certificate && parseCertificate(certificate).serialNumber;
}

/** Lets time pass until what was signed is too old to be given without a look at the ledger. */
export function pastStaleness(clock: VirtualClock, maxStaleMs = 1_000): void {
  clock.advance(maxStaleMs);
}
