import type { Certificate } from '@chancery/core';
import { z } from 'zod';
import { named } from '../../openapi/named-schema.ts';
import { plainText } from '../../routing/parameters.ts';
import { instant } from '../accounts/account-schemas.ts';

const keyAlgorithm = z.enum(['ECDSA-P256', 'ECDSA-P384', 'RSA-2048', 'RSA-3072', 'RSA-4096', 'Ed25519']);
const pem = z.string().min(1).max(262_144);
const csr = pem.describe('A PKCS#10 request in PEM, where the key is kept elsewhere.');

/** Why a certificate may be revoked through the API. */
export const revocationReason = z.enum([
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
  'aACompromise',
]);

/** How far a certificate has come, as a list may be narrowed to it. */
export const certificateStatus = z.enum(['pending', 'valid', 'expired', 'revoked', 'failed']);

/** A certificate as the API shows it. The private key is never part of it. */
export const certificateSchema = named(
  'Certificate',
  z.strictObject({
    id: z.uuid(),
    name: z.string().optional(),
    accountId: z.string().optional(),
    issuer: z.string().optional(),
    profile: z.string().optional(),
    state: z.enum(['pending', 'issued', 'revoked', 'failed']),
    status: certificateStatus.describe('The state; or, of what is issued, by the clock valid or expired.'),
    active: z.boolean().describe('Whether its names are served.'),
    autoRenew: z.boolean(),
    hasPrivateKey: z.boolean(),
    keyAlgorithm: keyAlgorithm.optional(),
    subjectAltNames: z.array(z.string()),
    generation: z.number().int().describe('Counts up from 1 with each issue; 0 before the first.'),
    renewing: z.boolean(),
    notBefore: instant.optional(),
    notAfter: instant.optional(),
    renewAt: instant.optional(),
    sha256Fingerprint: z.string().optional().describe('Lower-case hex.'),
    serialNumber: z.string().optional().describe('Lower-case hex.'),
    chainPem: z.string().optional().describe('End-entity certificate first, without the root.'),
    failure: z.strictObject({ code: z.string(), message: z.string(), at: instant }).optional(),
    revokedAt: instant.optional(),
    revocationReason: z.string().optional(),
    revision: z.number().int(),
    createdAt: instant,
    updatedAt: instant,
  }),
);

const names = z
  .array(z.string().min(1).max(1_024))
  .min(1)
  .max(100)
  .describe('`a.example`, `*.a.example`, `ip:10.0.0.1`, `email:a@b.example`, `uri:spiffe://…`');
const name = plainText(128).describe('What people call it: unique.');
const issuer = plainText(40).describe('The default issuer otherwise.');
const profile = plainText(64);
const validity = z.union([
  z.strictObject({ days: z.number().positive().max(36_500) }),
  z.strictObject({ hours: z.number().positive().max(876_000) }),
]);
const accountId = z
  .string()
  .max(64)
  .describe('Whose it is. Left out, it is nobody’s, which takes the permission; `me` is who asks.');

/** What to make a certificate of. */
export const createCertificateBody = named(
  'CertificateCreation',
  z.strictObject({
    subjectAltNames: names,
    name: name.optional(),
    accountId: accountId.optional(),
    issuer: issuer.optional(),
    profile: profile.optional(),
    validity: validity.optional(),
    keyAlgorithm: keyAlgorithm.optional(),
    csr: csr.optional(),
    active: z.boolean().optional(),
    autoRenew: z.boolean().optional(),
    wait: z.boolean().optional().describe('Default true: the answer comes when it is issued. False: 202, pending.'),
  }),
);

/** What to change without a new certificate. */
export const patchCertificateBody = named(
  'CertificateChange',
  z.strictObject({
    name: name.nullable().optional(),
    autoRenew: z.boolean().optional().describe('Whether it is renewed when it is due.'),
    profile: profile.nullable().optional().describe('Of the generations to come.'),
    validity: validity.nullable().optional().describe('Of the generations to come.'),
    keyAlgorithm: keyAlgorithm.optional().describe('Of the keys to come, where they are made here.'),
  }),
);

/** What to take over. */
export const importCertificateBody = named(
  'CertificateImport',
  z.strictObject({
    chainPem: pem,
    privateKeyPem: z.string().min(1).max(32_768).describe('PKCS#8, PEM.'),
    name: name.optional(),
    accountId: accountId.optional(),
    issuer: issuer.optional(),
    profile: profile.optional(),
    active: z.boolean().optional(),
    autoRenew: z.boolean().optional(),
  }),
);

/** How to renew. */
export const renewCertificateBody = named(
  'CertificateRenewal',
  z.strictObject({
    rekey: z.boolean().optional().describe('Default true: with a new key.'),
    csr: csr.optional(),
    wait: z.boolean().optional(),
  }),
);

/** Why to revoke. */
export const revokeCertificateBody = named(
  'CertificateRevocation',
  z.strictObject({ reason: revocationReason.optional() }),
);

/** In which form to hand the key out. */
export const exportCertificateBody = named(
  'CertificateExport',
  z.union([
    z.strictObject({ format: z.literal('pem') }),
    z.strictObject({ format: z.literal('pkcs12'), password: z.string().min(1).max(1_024) }),
  ]),
);

/** A certificate with its key, in PEM. */
export const exportedPemSchema = named(
  'ExportedCertificate',
  z.strictObject({ chainPem: z.string(), privateKeyPem: z.string() }),
);

/** Shows a certificate. Named one by one: what the SDK adds to its own objects is not told by itself. */
export function showCertificate(certificate: Certificate): object {
  return {
    id: certificate.id,
    name: certificate.name,
    accountId: certificate.accountId,
    issuer: certificate.issuer,
    profile: certificate.profile,
    state: certificate.state,
    status: certificate.status,
    active: certificate.active,
    autoRenew: certificate.autoRenew,
    hasPrivateKey: certificate.hasPrivateKey,
    keyAlgorithm: certificate.keyAlgorithm,
    subjectAltNames: certificate.subjectAltNames,
    generation: certificate.generation,
    renewing: certificate.renewing,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    renewAt: certificate.renewAt,
    sha256Fingerprint: certificate.sha256Fingerprint,
    serialNumber: certificate.serialNumber,
    chainPem: certificate.chainPem,
    failure: certificate.failure,
    revokedAt: certificate.revokedAt,
    revocationReason: certificate.revocationReason,
    revision: certificate.revision,
    createdAt: certificate.createdAt,
    updatedAt: certificate.updatedAt,
  };
}
