import { equalBytes } from '../../encoding/bytes.ts';
import { derOctetString } from '../../encoding/der/writer.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Certificate } from '../certificate/certificate.ts';
import type { Extension } from '../extensions/extension.ts';
import { isCertIdOf } from '../ocsp/cert-id.ts';
import { OCSP_NONCE } from '../ocsp/ocsp-oids.ts';
import type { OcspResponse, OcspSingleResponse } from '../ocsp/ocsp-response.ts';
import type { RevocationStatus } from './revocation-status.ts';

/** Says whether a response was signed by someone who may speak for an issuer: undefined, or why not. */
export type OcspSignerCheck = (response: OcspResponse, issuer: Certificate) => Promise<string | undefined>;

/** What is asked of responses besides the certificate. */
export interface OcspQuestion {
  /** The instant, in epoch milliseconds. */
  readonly at: number;
  /** The nonce that was sent; undefined when none was. */
  readonly nonce: Uint8Array | undefined;
  readonly crypto: CryptoProvider;
  readonly checkSigner: OcspSignerCheck;
}

/**
 * Determines a certificate's status by OCSP responses (RFC 6960 section 3.2).
 *
 * @param certificate whose status
 * @param issuer its issuer's certificate
 * @param responses whatever responses there are
 * @param question instant, nonce, and who may sign
 */
export async function statusByOcsp(
  certificate: Certificate,
  issuer: Certificate,
  responses: readonly OcspResponse[],
  question: OcspQuestion,
): Promise<RevocationStatus> {
  const reasons: string[] = [];
  let isGood = false;
  for (const response of responses) {
    for (const single of response.responses) {
      if (!(await isCertIdOf(single.certId, certificate, issuer, question.crypto))) continue;
      const refusal = refuse(response, single, question) ?? (await question.checkSigner(response, issuer));
      if (refusal !== undefined) reasons.push(refusal);
      else if (single.status === 'unknown') reasons.push('The OCSP responder does not know the certificate');
      else if (single.status === 'good') isGood = true;
      else return revoked(single);
    }
  }
  return isGood ? { status: 'good', source: 'ocsp' } : { status: 'unknown', reasons };
}

function revoked({ revokedAt, reason = 'unspecified' }: OcspSingleResponse): RevocationStatus {
  return { status: 'revoked', source: 'ocsp', revokedAt: revokedAt as Date, reason };
}

function refuse(response: OcspResponse, single: OcspSingleResponse, { at, nonce }: OcspQuestion): string | undefined {
  const critical = [...response.extensions, ...single.extensions].find((one) => one.critical && one.oid !== OCSP_NONCE);
  if (critical !== undefined)
    return `The OCSP response has the critical extension ${critical.oid}, which is not processed`;
  const hasNonce = nonce !== undefined;
  if (hasNonce && !isNonce(response.extensions, nonce))
    return 'The OCSP response does not have the nonce that was sent';
  const { thisUpdate, nextUpdate } = single;
  if (thisUpdate.getTime() > at) return `The OCSP response is of ${thisUpdate.toISOString()}, later than the instant`;
  if (nextUpdate === undefined) {
    // The nonce shows that the response was made for this question.
    return hasNonce
      ? undefined
      : 'The OCSP response has neither nextUpdate nor nonce, so that it cannot be told to be fresh';
  }
  return nextUpdate.getTime() < at ? `The OCSP response is out of date since ${nextUpdate.toISOString()}` : undefined;
}

/** RFC 9654 has the nonce in an OCTET STRING; some responders leave that out. */
function isNonce(extensions: readonly Extension[], nonce: Uint8Array): boolean {
  const value = extensions.find(({ oid }) => oid === OCSP_NONCE)?.value;
  if (value === undefined) return false;
  return equalBytes(value, derOctetString(nonce)) || equalBytes(value, nonce);
}
