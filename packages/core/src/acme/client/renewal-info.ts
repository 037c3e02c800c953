import { toBase64Url } from '../../encoding/base64.ts';
import { fromHex } from '../../encoding/hex.ts';
import { AcmeError } from '../../errors/acme-error.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { RenewalInfo } from '../../ports/issuer.ts';
import { parseCertificate } from '../../x509/certificate/certificate.ts';
import { type ClientContext, requireResource } from './client-context.ts';
import { renewalInfoObject } from './objects.ts';

/** What RFC 9773 section 4.3.2 recommends where the server does not say. */
const DEFAULT_POLL_MS = 6 * 3_600_000;
/** RFC 9773 section 4.3.1: no more often than once a minute, no more seldom than once a day. */
const MIN_POLL_MS = 60_000;
const MAX_POLL_MS = 24 * 3_600_000;

/**
 * Names a certificate as RFC 9773 section 4.1 does: by the key identifier of its issuer and its serial number.
 *
 * @param certificate - PEM or DER
 * @returns base64url of both, with a full stop between
 * @throws {InvalidInputError} CERTIFICATE_INVALID: malformed, or without authorityKeyIdentifier
 */
export function acmeCertificateId(certificate: string | Uint8Array): string {
  const { authorityKeyIdentifier, serialNumber } = parseCertificate(certificate);
  const issuer = authorityKeyIdentifier?.keyIdentifier;
  if (issuer === undefined)
    throw new InvalidInputError('CERTIFICATE_INVALID', 'The certificate does not name the key of its issuer');
  const magnitude = fromHex(serialNumber);
  // The content octets of an INTEGER: a first bit of 1 would make it negative.
  const octets = (magnitude[0] as number) > 0x7f ? Uint8Array.of(0, ...magnitude) : magnitude;
  return `${toBase64Url(issuer)}.${toBase64Url(octets)}`;
}

/** Asks when a certificate is best renewed (RFC 9773 section 4). The request is not signed. */
export async function renewalInfo(
  context: Pick<ClientContext, 'session' | 'clock'>,
  certificateDer: Uint8Array,
  options: Abortable,
): Promise<RenewalInfo> {
  const { signal } = signalOf(options);
  const { session, clock } = context;
  const id = acmeCertificateId(certificateDer);
  const base = await requireResource(context, 'renewalInfo', signal);
  const response = await session.get(`${base.replace(/\/$/, '')}/${id}`, 'the renewal information', signal);
  const { suggestedWindow, explanationURL } = session.parse(response, renewalInfoObject, 'renewal information');
  if (suggestedWindow.end <= suggestedWindow.start)
    throw new AcmeError('ACME_PROTOCOL', "The renewal information's window ends before it starts");
  const wait = session.retryAfter(response) ?? DEFAULT_POLL_MS;
  return {
    windowStart: suggestedWindow.start,
    windowEnd: suggestedWindow.end,
    retryAt: new Date(clock.now() + Math.min(Math.max(wait, MIN_POLL_MS), MAX_POLL_MS)),
    ...(explanationURL !== undefined && { explanationUrl: explanationURL }),
  };
}
