import { toBase64Url } from '../../encoding/base64.ts';
import { fromUtf8 } from '../../encoding/bytes.ts';
import { AcmeError } from '../../errors/acme-error.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { PrivateKey } from '../../ports/crypto.ts';
import type { CrlReasonName } from '../../ports/issuer.ts';
import { parseCertificates } from '../../x509/certificate/certificate.ts';
import { crlReasonCode, crlReasons } from '../../x509/crl/crl-reason.ts';
import { linksOf } from '../http/links.ts';
import { isProblem } from '../http/problem.ts';
import { AcmeAccountKey } from '../jws/account-key.ts';
import { type ClientContext, postAsAccount, requireResource } from './client-context.ts';
import type { AcmeCertificate } from './types.ts';

/** What is revoked, and by whom (RFC 8555 section 7.6). */
export interface RevokeAcmeCertificateOptions extends Abortable {
  readonly certificateDer: Uint8Array;
  readonly reason?: CrlReasonName;
  /** The certificate's own key, which may revoke it as well. Default: the account's. */
  readonly certificateKey?: PrivateKey;
}

const CHAIN = 'application/pem-certificate-chain';
const MAX_ALTERNATES = 10;

/** Downloads a certificate and its chain (RFC 8555 section 7.4.2). */
export async function getCertificate(
  context: ClientContext,
  url: string,
  options: Abortable,
): Promise<AcmeCertificate> {
  const { signal } = signalOf(options);
  const request = { url, what: 'to hand out the certificate', accept: CHAIN, signal };
  const response = await postAsAccount(context, request);
  const type = response.header('content-type') ?? '';
  if (!type.toLowerCase().startsWith(CHAIN))
    throw new AcmeError(
      'ACME_PROTOCOL',
      `The certificate comes as ${JSON.stringify(type.slice(0, 100))}, not as ${CHAIN}`,
    );
  try {
    // Written anew: comments and whatever else stood between the blocks are left behind.
    const chainPem = parseCertificates(fromUtf8(response.body))
      .map((each) => each.toPem())
      .join('');
    return { chainPem, alternates: linksOf(response, 'alternate').slice(0, MAX_ALTERNATES) };
  } catch (cause) {
    throw new AcmeError('ACME_PROTOCOL', 'The certificate chain that the ACME server sent is malformed', { cause });
  }
}

/** Revokes a certificate; one that is revoked already stays so. */
export async function revokeCertificate(
  context: ClientContext,
  { certificateDer, reason, certificateKey, signal }: RevokeAcmeCertificateOptions,
): Promise<void> {
  if (reason !== undefined && !crlReasons.includes(reason))
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `reason must be one of ${crlReasons.join(', ')}, not ${quote(reason)}`,
    );
  const url = await requireResource(context, 'revokeCert', signal);
  const payload = {
    certificate: toBase64Url(certificateDer),
    ...(reason !== undefined && { reason: crlReasonCode(reason) }),
  };
  const request = { url, payload, what: 'the revocation', signal };
  try {
    if (certificateKey === undefined) await postAsAccount(context, request);
    else await context.session.post({ ...request, key: await AcmeAccountKey.of(certificateKey, context.crypto) });
  } catch (error) {
    if (!isProblem(error, 'alreadyRevoked')) throw error;
  }
}
