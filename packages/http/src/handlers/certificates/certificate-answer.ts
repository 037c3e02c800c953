import {
  type Certificate,
  type CertificateManager,
  type ChangeCertificateOptions,
  ConflictError,
} from '@chancery/core';
import { z } from 'zod';
import { entityTag, ifMatch, preconditionFailed } from '../../conditional/entity-tag.ts';
import { type Answer, json } from '../../exchange/answer.ts';
import type { KeptJson } from '../../exchange/kept-json.ts';
import { type Call, noSuchCertificate } from '../../routing/call.ts';
import { certificateSchema, showCertificate } from './certificate-schemas.ts';

/** The parameter that names a certificate. */
export const certificateId = z.object({ certificateId: z.string().describe('The certificate’s id.') });

const headers = { ETag: 'The version of the certificate, for If-Match and If-None-Match.' };

/** The answer that is a certificate. */
export const certificateAnswerSpec = { description: 'The certificate.', schema: certificateSchema, headers };

/** The answers of what may take an issuer its time. */
export const issuingAnswers = {
  200: certificateAnswerSpec,
  202: { ...certificateAnswerSpec, description: 'The issuer is at work: ask again.' },
};

/** Tells of a certificate. */
export function certificateAnswer(certificate: Certificate, { status = 200, location = '' } = {}): Answer {
  const place = location === '' ? [] : ['location', location];
  return json(showCertificate(certificate), { status, headers: [...tagOf(certificate), ...place] });
}

/** Tells of a certificate that was told of before, and has most often not changed since: its document, or by the clock alone its status. */
export function certificateAgain(certificate: Certificate, kept: KeptJson): Answer {
  const { id, version, status } = certificate;
  return kept.answer(id, [version, status], () => certificateAnswer(certificate));
}

function tagOf(certificate: Certificate): readonly string[] {
  return ['etag', entityTag(shownVersion(certificate))];
}

/** The status is part of it: it changes by the clock alone. */
function shownVersion({ revision, status }: Certificate): string {
  return `${revision}-${status}`;
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
  let certificate: Certificate;
  try {
    // One read is over before it could be given up.
    certificate = await certificates.get(id);
  } catch (error) {
    // Whose it is must not show by which words say that there is none.
    call.judge(call.principal.accountId);
    throw (error as { code?: unknown }).code === 'CERTIFICATE_NOT_FOUND' ? noSuchCertificate(id) : error;
  }
  call.judge(certificate.accountId, () => noSuchCertificate(id));
  return certificate;
}

/**
 * Changes the certificate that a call names, for its owner and for holders of the permission: as `If-Match` names it, where there is one.
 *
 * @param change - is given the certificate's id, and the condition of the call
 * @throws {NotFoundError} CERTIFICATE_NOT_FOUND: there is none, or it is another's
 * @throws {HttpProblem} PRECONDITION_FAILED: it is at another version; HEADER_INVALID: `If-Match` is malformed
 * @throws whatever `change` throws
 */
export async function changeCertificate<T>(
  certificates: CertificateManager,
  call: Call<{ certificateId: string }>,
  change: (id: string, options: ChangeCertificateOptions) => Promise<T>,
): Promise<T> {
  const certificate = await ownCertificate(certificates, call);
  const wanted = ifMatch(call.incoming);
  if (wanted !== undefined && wanted !== shownVersion(certificate)) throw preconditionFailed();
  const condition = wanted === undefined ? {} : { ifVersion: certificate.version };
  try {
    return await change(certificate.id, { ...condition, signal: call.signal });
  } catch (error) {
    throw error instanceof ConflictError && error.code === 'CERTIFICATE_CHANGED' ? preconditionFailed() : error;
  }
}
