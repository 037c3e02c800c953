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
    /** How many CRLs share its certificates; absent: one, for all of them. */
    crlShards: z.number().int().positive().optional(),
    /** Where the shards' CRLs are served: their certificates and CRLs say so for good, whatever the authority's `baseUrl` becomes. */
    crlBaseUrl: text.optional(),
    /** Whether its CRLs point to delta CRLs. */
    deltaCrls: z.boolean().optional(),
    /** Stays while it is on hold: one that was retired before does not sign again when it is released. */
    retiredAt: instant.optional(),
    revokedAt: instant.optional(),
    reason: z.enum(crlReasons).optional(),
    /** The request for its successor, made once, in good time before its end. */
    renewedBy: text.optional(),
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
    /** Which of the intermediate's CRLs lists it once it is revoked; absent where there is one for all. */
    crlShard: z.number().int().nonnegative().optional(),
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

/** Which certificate a request id was answered with, so that asking again repeats the answer; it expires with the certificate. */
export const answeredRequests = defineCollection({
  name: 'authority_requests',
  recordVersion: 1,
  schema: z.strictObject({ serialNumber: text, requestDigest: text, answeredAt: instant }),
});

const storedCrl = {
  number: z.number().int().positive(),
  thisUpdate: instant,
  nextUpdate: instant,
  /** Its DER. */
  blob: text,
  /** How many entries it has. */
  size: z.number().int().nonnegative(),
};

/**
 * The newest CRLs of each scope (see `CrlScope`). It is due at any time, in a queue of its own: who claims it has the turn to sign.
 */
export const crls = defineCollection({
  name: 'authority_crls',
  recordVersion: 2,
  // What the first version lists is not known to the second: a date beyond all others has it read from the ledger.
  upgrade: { 1: (old) => ({ ...old, size: 0, listedFrom: Number.MAX_SAFE_INTEGER }) },
  schema: z.strictObject({
    ...storedCrl,
    /** It lists what is revoked and ends at this instant or later. */
    listedFrom: instant,
    /** Absent until someone asks for a delta CRL. */
    delta: z
      .strictObject({
        ...storedCrl,
        /** The complete CRL that it starts from. */
        baseNumber: z.number().int().positive(),
        /** The base to come, and what has changed since: encoded entries. */
        next: z
          .strictObject({ baseNumber: z.number().int().positive(), since: instant, blob: text, size: storedCrl.size })
          .optional(),
      })
      .optional(),
  }),
});

/**
 * One document a revocation or release that the complete CRL does not show yet. A document of its own, so that revocations never contend
 * for one.
 */
export const crlChanges = defineCollection({
  name: 'authority_crl_changes',
  recordVersion: 2,
  upgrade: { 1: (old) => ({ ...old, serialNumber: '' }) },
  schema: z.strictObject({
    /** The scope's id, which is the intermediate's where that has one CRL. */
    intermediate: text,
    /** The same, until the delta CRL shows the change. */
    delta: text.optional(),
    /** Empty in the first version of the record. */
    serialNumber: text,
    changedAt: instant,
  }),
  indexes: {
    byIntermediate: { equals: ['intermediate'], orderBy: 'changedAt' },
    byDelta: { equals: ['delta'], orderBy: 'changedAt' },
  },
});

/** The newest CRL of each trust anchor, by authority and anchor; its bytes are the CRL in DER. */
export const rootCrls = defineCollection({
  name: 'authority_root_crls',
  recordVersion: 1,
  schema: z.strictObject({ authority: text, number: text, thisUpdate: instant, nextUpdate: instant }),
  indexes: { byAuthority: { equals: ['authority'], orderBy: 'thisUpdate' } },
});

/** The OCSP responder that each intermediate has certified, by the intermediate's id. The document's bytes are its sealed private key. */
export const ocspResponders = defineCollection({
  name: 'authority_ocsp_responders',
  recordVersion: 1,
  schema: z.strictObject({
    authority: text,
    serialNumber: text,
    /** PEM. */
    certificate: text,
    notBefore: instant,
    notAfter: instant,
  }),
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
  ocspResponders,
] as const;
