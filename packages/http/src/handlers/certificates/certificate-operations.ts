import type { CertificateManager } from '@chancery/core';
import { z } from 'zod';
import { noContent } from '../../exchange/answer.ts';
import { KeptJson } from '../../exchange/kept-json.ts';
import { pageAnswer, pageOf, pageOptions, pageQuery } from '../../pagination/page.ts';
import { holderOf, ownerOr } from '../../routing/access.ts';
import type { Call } from '../../routing/call.ts';
import { MERGE_PATCH_TYPES, type Operation, operation } from '../../routing/operation.ts';
import { booleanParameter, instantParameter } from '../../routing/parameters.ts';
import { defined } from '../defined.ts';
import {
  certificateAgain,
  certificateAnswer,
  certificateAnswerSpec,
  certificateId,
  changeCertificate,
  issuingAnswer,
  issuingAnswers,
  ownCertificate,
} from './certificate-answer.ts';
import {
  certificateSchema,
  certificateStatus,
  createCertificateBody,
  importCertificateBody,
  patchCertificateBody,
  renewCertificateBody,
  revokeCertificateBody,
  showCertificate,
} from './certificate-schemas.ts';

const tag = 'certificates';
const LARGE_BODY = 1_048_576;
const conditional = ['if-match'] as const;
const created = {
  201: {
    ...certificateAnswerSpec,
    headers: { ...certificateAnswerSpec.headers, Location: 'Where the certificate is.' },
  },
};

/** Certificates: create, import, read, serve, renew, revoke, delete. */
export function certificateOperations(certificates: CertificateManager, basePath: string): Operation[] {
  const locationOf = (id: string) => `${basePath}/certificates/${id}`;
  const kept = new KeptJson();
  return [
    operation({
      id: 'listCertificates',
      tag,
      method: 'GET',
      path: '/certificates',
      summary: 'Lists certificates, soonest expiry first. Without the permission: one’s own.',
      access: ownerOr('certificates.read'),
      query: z.strictObject({
        ...pageQuery,
        accountId: z.string().max(64).optional(),
        status: certificateStatus.optional(),
        active: booleanParameter.optional(),
        expiresBefore: instantParameter.optional(),
      }),
      answers: { 200: { description: 'A page of certificates.', schema: pageOf(certificateSchema) } },
      async handle(call) {
        const { accountId, status, active, expiresBefore, ...page } = call.query;
        const scope = call.scope(accountId === 'me' ? call.principal.accountId : accountId);
        const selection = defined({ accountId: scope, status, active, expiresBefore });
        const reading = certificates.list({ ...pageOptions(page), ...selection, signal: call.signal });
        return pageAnswer(call.incoming, reading, showCertificate);
      },
    }),
    operation({
      id: 'createCertificate',
      tag,
      method: 'POST',
      path: '/certificates',
      summary: 'Makes a certificate: key and request here, the signature by an issuer.',
      access: ownerOr('certificates.write'),
      idempotent: 'stepwise',
      body: { kind: 'json', schema: createCertificateBody, limit: LARGE_BODY },
      answers: { ...created, 202: issuingAnswers[202] },
      async handle(call) {
        const options = defined({ ...call.body, accountId: recipient(call, call.body.accountId) });
        const { subjectAltNames } = call.body;
        const certificate = await certificates.create({ ...options, subjectAltNames, signal: call.signal });
        return issuingAnswer(certificate, 201, locationOf(certificate.id));
      },
    }),
    operation({
      id: 'importCertificate',
      tag,
      method: 'POST',
      path: '/certificates/import',
      summary: 'Takes over a certificate that was issued elsewhere, key included.',
      access: holderOf('certificates.write'),
      idempotent: 'stepwise',
      body: { kind: 'json', schema: importCertificateBody, limit: LARGE_BODY },
      answers: created,
      async handle(call) {
        const { chainPem, privateKeyPem } = call.body;
        const options = defined({ ...call.body, accountId: recipient(call, call.body.accountId) });
        const certificate = await certificates.import({ ...options, chainPem, privateKeyPem, signal: call.signal });
        return certificateAnswer(certificate, { status: 201, location: locationOf(certificate.id) });
      },
    }),
    operation({
      id: 'getCertificate',
      tag,
      method: 'GET',
      path: '/certificates/{certificateId}',
      summary: 'Reads a certificate.',
      access: ownerOr('certificates.read'),
      tagged: true,
      params: certificateId,
      answers: { 200: certificateAnswerSpec },
      async handle(call) {
        return certificateAgain(await ownCertificate(certificates, call), kept);
      },
    }),
    operation({
      id: 'updateCertificate',
      tag,
      method: 'PATCH',
      path: '/certificates/{certificateId}',
      summary: 'Changes what takes no new certificate: its name, whether it is renewed, and how.',
      description: 'Profile, validity and key algorithm are those of the generations to come.',
      access: ownerOr('certificates.write'),
      conditional,
      params: certificateId,
      body: { kind: 'json', schema: patchCertificateBody, types: MERGE_PATCH_TYPES },
      answers: { 200: certificateAnswerSpec },
      async handle(call) {
        const patch = defined(call.body);
        return certificateAnswer(
          await changeCertificate(certificates, call, (id, options) => certificates.update(id, patch, options)),
        );
      },
    }),
    switchOperation('activate', 'Serves the certificate’s names by it from now on.', certificates),
    switchOperation('deactivate', 'Stops serving the certificate; it is renewed as before.', certificates),
    operation({
      id: 'renewCertificate',
      tag,
      method: 'POST',
      path: '/certificates/{certificateId}/renew',
      summary: 'Issues the next generation, whether it is due or not. The old one goes on serving until then.',
      access: ownerOr('certificates.write'),
      idempotent: 'stepwise',
      conditional,
      params: certificateId,
      body: { kind: 'json', schema: renewCertificateBody, optional: true, limit: LARGE_BODY },
      answers: issuingAnswers,
      async handle(call) {
        const wish = defined(call.body);
        return issuingAnswer(
          await changeCertificate(certificates, call, (id, options) => certificates.renew(id, { ...wish, ...options })),
        );
      },
    }),
    operation({
      id: 'revokeCertificate',
      tag,
      method: 'POST',
      path: '/certificates/{certificateId}/revoke',
      summary: 'Revokes a certificate: it is out of service at once, and its issuers are told.',
      access: ownerOr('certificates.write'),
      conditional,
      params: certificateId,
      body: { kind: 'json', schema: revokeCertificateBody, optional: true },
      answers: { 200: certificateAnswerSpec },
      async handle(call) {
        const why = defined(call.body);
        return certificateAnswer(
          await changeCertificate(certificates, call, (id, options) => certificates.revoke(id, { ...why, ...options })),
        );
      },
    }),
    operation({
      id: 'deleteCertificate',
      tag,
      method: 'DELETE',
      path: '/certificates/{certificateId}',
      summary: 'Forgets a certificate with all its generations and keys. It is not revoked by that.',
      access: ownerOr('certificates.write'),
      conditional,
      params: certificateId,
      answers: { 204: { description: 'It is gone.' } },
      async handle(call) {
        await changeCertificate(certificates, call, (id, options) => certificates.delete(id, options));
        return noContent();
      },
    }),
    operation({
      id: 'removeCertificateName',
      tag,
      method: 'DELETE',
      path: '/certificates/{certificateId}/names/{name}',
      summary: 'Takes a name out of a certificate, and issues a generation without it.',
      access: ownerOr('certificates.write'),
      conditional,
      params: certificateId.extend({ name: z.string().min(1).max(1_024) }),
      answers: { ...issuingAnswers, 204: { description: 'It was the last name: the certificate is gone.' } },
      async handle(call) {
        const { name } = call.params;
        const left = await changeCertificate(certificates, call, (id, options) =>
          certificates.removeName(id, name, options),
        );
        return left === undefined ? noContent() : issuingAnswer(left);
      },
    }),
  ];
}

/** Whose a certificate will be: who asks may say so of themselves, and holders of the permission of anybody, and of nobody. */
function recipient(call: Call, wanted: string | undefined): string | undefined {
  const accountId = wanted === 'me' || (wanted === undefined && !call.isHolder) ? call.principal.accountId : wanted;
  call.judge(accountId);
  return accountId;
}

function switchOperation(
  verb: 'activate' | 'deactivate',
  summary: string,
  certificates: CertificateManager,
): Operation {
  return operation({
    id: `${verb}Certificate`,
    tag,
    method: 'POST',
    path: `/certificates/{certificateId}/${verb}`,
    summary,
    access: ownerOr('certificates.write'),
    conditional,
    params: certificateId,
    answers: { 200: certificateAnswerSpec },
    async handle(call) {
      return certificateAnswer(
        await changeCertificate(certificates, call, (id, options) => certificates[verb](id, options)),
      );
    },
  });
}
