import { z } from 'zod';
import { defineCollection } from '../store/collection.ts';
import { crlReasons } from '../x509/crl/crl-reason.ts';
import { isTextRecord } from './text-record.ts';

const instant = z.number().int();
const text = z.string();
// Not z.record, which would drop a key named __proto__.
const metadata = z.custom<Readonly<Record<string, string>>>(isTextRecord);

/**
 * One document an authority. Every change of its intermediates or trust anchors moves its version, and every issuance checks that
 * version in its own commit: nothing is signed by an intermediate that another instance has retired or revoked meanwhile.
 */
export const authorities = defineCollection({
  name: 'authorities',
  recordVersion: 1,
  schema: z.strictObject({
    revision: z.number().int().positive(),
    createdAt: instant,
    /** DER in base64, by SHA-256 fingerprint. */
    trustAnchors: z.record(text, text),
  }),
});

/** One document a bootstrap that is under way, by authority; it expires when the bootstrap was cut short. */
export const bootstraps = defineCollection({
  name: 'authority_bootstraps',
  recordVersion: 1,
  schema: z.strictObject({ owner: text }),
});

/** Intermediates from request to revocation. The document's bytes are the sealed private key. */
export const intermediates = defineCollection({
  name: 'authority_intermediates',
  recordVersion: 1,
  schema: z.strictObject({
    authority: text,
    state: z.enum(['requested', 'active', 'retired', 'revoked', 'onHold']),
    subject: text,
    createdAt: instant,
    csr: text,
    /** PEM; absent until installed. */
    certificate: text.optional(),
    /** SHA-256 fingerprint of the trust anchor that signed it. */
    trustAnchor: text.optional(),
    serialNumber: text.optional(),
    notBefore: instant.optional(),
    notAfter: instant.optional(),
    installedAt: instant.optional(),
    /** The authority's revision that installed it: the highest is the newest, whatever the clocks of the instances said. */
    installedIn: z.number().int().positive().optional(),
    /** Stays while it is on hold: one that was retired before does not sign again when it is released. */
    retiredAt: instant.optional(),
    revokedAt: instant.optional(),
    reason: z.enum(crlReasons).optional(),
  }),
  indexes: { byAuthority: { equals: ['authority'], orderBy: 'createdAt' } },
});

/** The ledger: every certificate issued, by authority and serial number. The document's bytes are the certificate in DER. */
export const ledger = defineCollection({
  name: 'authority_certificates',
  recordVersion: 1,
  freshIds: true,
  schema: z.strictObject({
    authority: text,
    serialNumber: text,
    intermediate: text,
    profile: text,
    subject: text,
    subjectAltNames: z.array(text),
    accountId: text.optional(),
    metadata: metadata.optional(),
    notBefore: instant,
    notAfter: instant,
    issuedAt: instant,
    sha256Fingerprint: text,
    state: z.enum(['issued', 'revoked', 'onHold']),
    revision: z.number().int().positive(),
    revokedAt: instant.optional(),
    reason: z.enum(crlReasons).optional(),
    invalidityDate: instant.optional(),
  }),
  indexes: {
    byExpiry: { equals: ['authority'], orderBy: 'notAfter' },
    byState: { equals: ['authority', 'state'], orderBy: 'notAfter' },
    byAccount: { equals: ['authority', 'accountId'], orderBy: 'notAfter' },
    byAccountAndState: { equals: ['authority', 'accountId', 'state'], orderBy: 'notAfter' },
    byIntermediateAndState: { equals: ['intermediate', 'state'], orderBy: 'notAfter' },
  },
});

/** Which certificate a request id was answered with, so that asking again repeats the answer. */
export const answeredRequests = defineCollection({
  name: 'authority_requests',
  recordVersion: 1,
  schema: z.strictObject({ serialNumber: text, requestDigest: text, answeredAt: instant }),
});

/** The newest CRL of each intermediate; its DER is a blob. */
export const crls = defineCollection({
  name: 'authority_crls',
  recordVersion: 1,
  schema: z.strictObject({ number: z.number().int().positive(), thisUpdate: instant, nextUpdate: instant, blob: text }),
});

/** One document a revocation or release that no CRL shows yet. A document of its own, so that revocations never contend for one. */
export const crlChanges = defineCollection({
  name: 'authority_crl_changes',
  recordVersion: 1,
  schema: z.strictObject({ intermediate: text, changedAt: instant }),
  indexes: { byIntermediate: { equals: ['intermediate'], orderBy: 'changedAt' } },
});

/** The newest CRL of each trust anchor, by authority and anchor; its bytes are the CRL in DER. */
export const rootCrls = defineCollection({
  name: 'authority_root_crls',
  recordVersion: 1,
  schema: z.strictObject({ authority: text, number: text, thisUpdate: instant, nextUpdate: instant }),
  indexes: { byAuthority: { equals: ['authority'], orderBy: 'thisUpdate' } },
});

/** Everything that an authority keeps, besides blobs and events. */
export const authorityCollections = [
  authorities,
  bootstraps,
  intermediates,
  ledger,
  answeredRequests,
  crls,
  crlChanges,
  rootCrls,
] as const;
