import type { CertificateAuthority } from '@chancery/core';
import { z } from 'zod';
import { content, json } from '../../exchange/answer.ts';
import { named } from '../../openapi/named-schema.ts';
import { HttpProblem } from '../../problems/http-problem.ts';
import { anybody } from '../../routing/access.ts';
import { type Operation, operation } from '../../routing/operation.ts';
import { instant } from '../accounts/account-schemas.ts';
import { caFile } from './ca-files.ts';

const tag = 'pki';
const PEM = 'application/x-pem-file';
const serialNumber = z.object({ serialNumber: z.string().max(64).describe('Lower-case hex.') });

const statusSchema = named(
  'CertificateStatus',
  z.strictObject({
    serialNumber: z.string(),
    status: z.enum(['valid', 'expired', 'revoked', 'onHold']),
    notBefore: instant,
    notAfter: instant,
    revokedAt: instant.optional(),
    reason: z.string().optional(),
  }),
);

const intermediateSchema = named(
  'Intermediate',
  z.strictObject({
    id: z.string(),
    state: z.enum(['requested', 'active', 'retired', 'revoked', 'onHold']),
    subject: z.string(),
    certificatePem: z.string().optional(),
    keyIdentifier: z.string().optional().describe('Names its CRLs: `<keyIdentifier>.crl`.'),
    serialNumber: z.string().optional(),
    crlShards: z.number().int().optional(),
    notBefore: instant.optional(),
    notAfter: instant.optional(),
    revokedAt: instant.optional(),
    reason: z.string().optional(),
    createdAt: instant,
  }),
);

/** What relying parties ask of a certificate authority: public, as its certificates are. */
export function pkiOperations(authority: CertificateAuthority): Operation[] {
  return [
    operation({
      id: 'getTrustAnchors',
      tag,
      method: 'GET',
      path: '/pki/trust-anchors.pem',
      summary: 'The roots.',
      access: anybody,
      answers: { 200: { description: 'PEM.', type: PEM } },
      async handle({ signal }) {
        return content(PEM, await authority.trustAnchorsPem({ signal }), { headers: cached(3_600) });
      },
    }),
    operation({
      id: 'getCrlBundle',
      tag,
      method: 'GET',
      path: '/pki/crls.pem',
      summary: 'Every CRL that it takes to check a path: the roots’ and the intermediates’.',
      access: anybody,
      answers: { 200: { description: 'PEM.', type: PEM } },
      async handle({ signal }) {
        return content(PEM, await authority.crlBundlePem({ signal }), { headers: cached(60) });
      },
    }),
    operation({
      id: 'listIntermediates',
      tag,
      method: 'GET',
      path: '/pki/intermediates',
      summary: 'The intermediates, oldest first.',
      access: anybody,
      answers: { 200: { description: 'All of them.', schema: z.strictObject({ items: z.array(intermediateSchema) }) } },
      async handle({ signal }) {
        const items = await authority.intermediates({ signal });
        return json({
          items: items.map((each) => ({
            id: each.id,
            state: each.state,
            subject: each.subject,
            certificatePem: each.certificatePem,
            keyIdentifier: each.keyIdentifier,
            serialNumber: each.serialNumber,
            crlShards: each.crlShards,
            notBefore: each.notBefore,
            notAfter: each.notAfter,
            revokedAt: each.revokedAt,
            reason: each.reason,
            createdAt: each.createdAt,
          })),
        });
      },
    }),
    operation({
      id: 'getCertificateStatus',
      tag,
      method: 'GET',
      path: '/pki/certificates/{serialNumber}',
      summary: 'Whether a certificate of this authority stands.',
      access: anybody,
      params: serialNumber,
      answers: { 200: { description: 'Its status at this instant.', schema: statusSchema } },
      async handle({ params, signal }) {
        const record = await authority.get(params.serialNumber, { signal });
        const { serialNumber: serial, status, notBefore, notAfter, revokedAt, reason } = record;
        return json({ serialNumber: serial, status, notBefore, notAfter, revokedAt, reason });
      },
    }),
    operation({
      id: 'getChain',
      tag,
      method: 'GET',
      path: '/pki/certificates/{serialNumber}/chain.pem',
      summary: 'A certificate and the intermediate that signed it, without the root.',
      access: anybody,
      params: serialNumber,
      answers: { 200: { description: 'PEM, end-entity certificate first.', type: PEM } },
      async handle({ params, signal }) {
        return content(PEM, await authority.chainPem(params.serialNumber, { signal }), { headers: cached(3_600) });
      },
    }),
    operation({
      id: 'getCaFile',
      tag,
      method: 'GET',
      path: '/pki/{file}',
      summary: 'A CRL or an issuer’s certificate, by the name that `baseUrl` makes certificates point to.',
      description: '`<keyIdentifier>[-<shard>][-delta].crl`, `<keyIdentifier>.cer`, `root.crl`, `root.cer`.',
      access: anybody,
      params: z.object({ file: z.string().max(128) }),
      answers: {
        200: { description: 'DER (RFC 5280, RFC 2585).', type: ['application/pkix-crl', 'application/pkix-cert'] },
      },
      async handle({ params, signal }) {
        const file = await caFile(authority, params.file, { signal });
        if (file === undefined) throw new HttpProblem('ROUTE_NOT_FOUND', 'There is no file of this name');
        return file;
      },
    }),
  ];
}

/** Public, and no secret: what it costs to be late is bounded by the age. */
function cached(seconds: number): string[] {
  return ['cache-control', `public, max-age=${seconds}`];
}
