import type { Certificate, CertificateManager } from '@chancery/core';
import { z } from 'zod';
import { entityTag } from '../../conditional/entity-tag.ts';
import { type Answer, json } from '../../exchange/answer.ts';
import { type Call, noSuchCertificate } from '../../routing/call.ts';
import { certificateSchema, showCertificate } from './certificate-schemas.ts';

/** The parameter that names a certificate. */
export const certificateId = z.object({ certificateId: z.string().describe('The certificate’s id.') });

const headers = { ETag: 'The version of the certificate, for If-None-Match.' };

/** The answer that is a certificate. */
export const certificateAnswerSpec = { description: 'The certificate.', schema: certificateSchema, headers };

/** The answers of what may take an issuer its time. */
export const issuingAnswers = {
  200: certificateAnswerSpec,
  202: { ...certificateAnswerSpec, description: 'The issuer is at work: ask again.' },
};

/** Tells of a certificate. The status is part of its tag: it changes by the clock alone. */
export function certificateAnswer(certificate: Certificate, { status = 200, location = '' } = {}): Answer {
  const tag = entityTag(`${certificate.revision}-${certificate.status}`);
  return json(showCertificate(certificate), {
    status,
    headers: ['etag', tag, ...(location === '' ? [] : ['location', location])],
  });
}

/** 202 where a generation has been asked for that is not there yet. */
export function issuingAnswer(certificate: Certificate, issued = 200, location = ''): Answer {
  const isPending = certificate.state === 'pending' || certificate.renewing;
  return certificateAnswer(certificate, { status: isPending ? 202 : issued, location });
}

/**
 * Reads the certificate that a call names, for its owner and for holders of the permission.
 *
 * @throws {NotFoundError} CERTIFICATE_NOT_FOUND: there is none, or it is another's
 */
export async function ownCertificate(
  certificates: CertificateManager,
  call: Call<{ certificateId: string }>,
): Promise<Certificate> {
  const { certificateId: id } = call.params;
  const certificate = await certificates.get(id, { signal: call.signal }).catch((error: unknown) => {
    // Whose it is must not show by which words say that there is none.
    call.judge(call.principal.accountId);
    throw (error as { code?: unknown }).code === 'CERTIFICATE_NOT_FOUND' ? noSuchCertificate(id) : error;
  });
  call.judge(certificate.accountId, () => noSuchCertificate(id));
  return certificate;
}
