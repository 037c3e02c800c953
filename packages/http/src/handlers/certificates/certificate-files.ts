import type { CertificateAuthority, CertificateManager } from '@chancery/core';
import { z } from 'zod';
import { content, json } from '../../exchange/answer.ts';
import { HttpProblem } from '../../problems/http-problem.ts';
import { ownerOr } from '../../routing/access.ts';
import { type Operation, operation } from '../../routing/operation.ts';
import { certificateId, ownCertificate } from './certificate-answer.ts';
import { exportCertificateBody, exportedPemSchema } from './certificate-schemas.ts';

const tag = 'certificates';

/** The one door through which a private key leaves. By POST: what it gives lies in no cache, and its password in no URL. */
export function exportOperation(certificates: CertificateManager): Operation {
  return operation({
    id: 'exportCertificate',
    tag,
    method: 'POST',
    path: '/certificates/{certificateId}/export',
    summary: 'Hands out a certificate with its private key. An event tells of it.',
    access: ownerOr('certificates.export'),
    params: certificateId,
    body: { kind: 'json', schema: exportCertificateBody },
    answers: {
      200: {
        description: 'As `pem`: chain and key as JSON. As `pkcs12`: one file.',
        schema: exportedPemSchema,
        type: 'application/x-pkcs12',
      },
    },
    async handle(call) {
      const { id } = await ownCertificate(certificates, call);
      const { body, signal } = call;
      if (body.format === 'pem') {
        const { chainPem, privateKeyPem } = await certificates.export(id, { format: 'pem', signal });
        return json({ chainPem, privateKeyPem });
      }
      const { pkcs12 } = await certificates.export(id, { ...body, signal });
      return content('application/x-pkcs12', pkcs12, {
        headers: ['content-disposition', `attachment; filename="${id}.p12"`],
      });
    },
  });
}

/** Every field of a certificate, for people. */
export function inspectionOperation(certificates: CertificateManager, authority: CertificateAuthority): Operation {
  return operation({
    id: 'inspectCertificate',
    tag,
    method: 'GET',
    path: '/certificates/{certificateId}/inspection',
    summary: 'Every field of the certificate in force, for people.',
    access: ownerOr('certificates.read'),
    params: certificateId,
    answers: { 200: { description: 'The fields.', schema: z.looseObject({ kind: z.string() }) } },
    async handle(call) {
      const { chainPem } = await ownCertificate(certificates, call);
      if (chainPem === undefined) throw new HttpProblem('ROUTE_NOT_FOUND', 'The certificate has no generation yet');
      const [leaf = ''] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(chainPem) ?? [];
      return json(await authority.inspect(leaf));
    },
  });
}
