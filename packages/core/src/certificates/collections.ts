import { z } from 'zod';
import { KEY_ALGORITHMS } from '../crypto/algorithms.ts';
import { defineCollection } from '../store/collection.ts';
import { crlReasons } from '../x509/crl/crl-reason.ts';

const text = z.string();
const instant = z.number().int();
const count = z.number().int().nonnegative();
const keyAlgorithm = z.enum(KEY_ALGORITHMS);
const reason = z.enum(crlReasons).exclude(['removeFromCRL']);
const failure = z.strictObject({ code: text, message: text, at: instant });

/** One document a certificate: what it is to be, and which generations are in force and on their way. */
export const certificates = defineCollection({
  name: 'certificates',
  recordVersion: 1,
  watch: true,
  schema: z.strictObject({
    name: text.optional(),
    /** The name as long as nobody else may have it: a certificate that failed does without. */
    heldName: text.optional(),
    accountId: text.optional(),
    issuer: text.optional(),
    profile: text.optional(),
    /** Milliseconds; absent: what the issuer gives by default. */
    lifetimeMs: z.number().int().positive().optional(),
    /** Of the keys made here; absent where a CSR comes from elsewhere. */
    keyAlgorithm: keyAlgorithm.optional(),
    /** As asked for: a generation that was issued before a name was removed still holds that name. */
    subjectAltNames: z.array(text),
    state: z.enum(['pending', 'issued', 'revoked', 'failed']),
    active: z.boolean(),
    /** `active`, as an index can pin it. */
    activity: z.enum(['active', 'inactive']),
    autoRenew: z.boolean(),
    /** How many generations have been in force. */
    generation: count,
    /** The generation in force. */
    current: text.optional(),
    /** The generation that is asked for; it becomes the one in force, or is replaced by another. */
    pending: text.optional(),
    notBefore: instant.optional(),
    notAfter: instant.optional(),
    /** `notAfter`, or an instant beyond all others: what an index can walk. */
    endsAt: instant,
    sha256Fingerprint: text.optional(),
    serialNumber: text.optional(),
    chainPem: text.optional(),
    failure: failure.optional(),
    revocation: z.strictObject({ reason, at: instant }).optional(),
    revision: z.number().int().positive(),
    /** How many events have told of it: their revision of the subject. A change that nobody is told of is none. */
    eventCount: z.number().int().nonnegative(),
    createdAt: instant,
    updatedAt: instant,
  }),
  unique: { name: ['heldName'] },
  indexes: {
    byName: { equals: ['heldName'], orderBy: 'createdAt' },
    byExpiry: { orderBy: 'endsAt' },
    byState: { equals: ['state'], orderBy: 'endsAt' },
    byAccount: { equals: ['accountId'], orderBy: 'endsAt' },
    byAccountAndState: { equals: ['accountId', 'state'], orderBy: 'endsAt' },
    byActivity: { equals: ['activity'], orderBy: 'endsAt' },
    byAccountAndActivity: { equals: ['accountId', 'activity'], orderBy: 'endsAt' },
  },
});

/** What the document of a certificate holds. */
export type CertificateValue = z.infer<typeof certificates.schema>;

/**
 * One document a generation; its id is the issuer's request id. It is complete when `chainPem` is there, and does not change from then on. One
 * that was replaced expires with its certificate, so that whoever still presents it is known. One that was given up is kept for a month, since
 * its issuer may have answered, and what it gave is to be revoked with the others; from the revocation on, until nothing that it gave can be valid.
 */
export const generations = defineCollection({
  name: 'certificate_generations',
  recordVersion: 1,
  schema: z.strictObject({
    certificateId: text,
    number: z.number().int().positive(),
    issuer: text.optional(),
    profile: text.optional(),
    /** Milliseconds; absent: what the issuer gives by default. */
    lifetimeMs: z.number().int().positive().optional(),
    subjectAltNames: z.array(text),
    /** DER in base64; absent where the certificate was imported. */
    csr: text.optional(),
    hasPrivateKey: z.boolean(),
    /** Of the key that was made for it. */
    keyAlgorithm: keyAlgorithm.optional(),
    /** When it was asked for, which is not after it was issued. */
    createdAt: instant,
    chainPem: text.optional(),
    notBefore: instant.optional(),
    notAfter: instant.optional(),
    sha256Fingerprint: text.optional(),
    serialNumber: text.optional(),
  }),
  unique: { fingerprint: ['sha256Fingerprint'] },
  indexes: {
    byCertificate: { equals: ['certificateId'], orderBy: 'createdAt' },
    byFingerprint: { equals: ['sha256Fingerprint'], orderBy: 'createdAt' },
  },
});

/** What the document of a generation holds. */
export type GenerationValue = z.infer<typeof generations.schema>;

/** The private keys, by generation: the bytes are the sealed PKCS#8. A replaced one expires when its grace has passed. */
export const generationKeys = defineCollection({
  name: 'certificate_keys',
  recordVersion: 1,
  schema: z.strictObject({ certificateId: text, createdAt: instant }),
  indexes: { byAge: { orderBy: 'createdAt' } },
});

/**
 * One document a name (a DNS name or an IP address), of one account: the active certificates that hold it, the one that serves it last. The only
 * place that says who may serve a name.
 */
export const servedNames = defineCollection({
  name: 'served_names',
  recordVersion: 1,
  schema: z.strictObject({
    accountId: text.optional(),
    holders: z.array(
      z.strictObject({
        certificateId: text,
        /** The generation to be served; absent before the first, and where the key is kept elsewhere. */
        generation: text.optional(),
      }),
    ),
  }),
});

/** What the document of a served name holds. */
export type ServedNameValue = z.infer<typeof servedNames.schema>;

/** One document a certificate that something is to be done about, due in the queue of its issuer. */
export const renewalJobs = defineCollection({
  name: 'renewal_jobs',
  recordVersion: 1,
  schema: z.strictObject({
    issuer: text,
    reason: z.enum(['first-issue', 'renewal', 'resume', 'warning']),
    generation: count,
    notBefore: instant,
    notAfter: instant,
    /** When the generation in force was asked for: what `renewAllBefore` goes by. */
    issuedAt: instant,
    autoRenew: z.boolean(),
    /** What `dueAt` was put at: a claim moves the document's. */
    plannedAt: instant,
    attempts: count,
    warned: z.array(z.number()),
    replaceBefore: instant.optional(),
    ari: z.strictObject({ start: instant, end: instant, retryAt: instant }).optional(),
    /** The claim that goes on through this write, and the `dueAt` of it: a further claim moves that. */
    lease: z.strictObject({ token: text, until: instant }).optional(),
  }),
  indexes: {
    byDue: { orderBy: '$dueAt' },
    byIssue: { orderBy: 'issuedAt' },
    byIssuerAndIssue: { equals: ['issuer'], orderBy: 'issuedAt' },
  },
});

/** What the document of a job holds. */
export type RenewalJobValue = z.infer<typeof renewalJobs.schema>;

/**
 * One document a certificate that is revoked here, and not yet by all of its issuers. Its id is the certificate's, which it outlives where that is deleted: the
 * generations that are to be revoked and the job stay with it.
 */
export const unsettledRevocations = defineCollection({
  name: 'unsettled_revocations',
  recordVersion: 1,
  schema: z.strictObject({
    /** Of the generation that was in force. */
    issuer: text,
    reason,
    at: instant,
    /** With these, requests that were given up are asked for again as they were asked for before. */
    accountId: text.optional(),
    serialNumber: text.optional(),
  }),
  indexes: { byAge: { orderBy: 'at' } },
});

/** What the document of an unsettled revocation holds. */
export type UnsettledRevocationValue = z.infer<typeof unsettledRevocations.schema>;

/** Everything that a certificate manager keeps, besides events. */
export const certificateCollections = [
  certificates,
  generations,
  generationKeys,
  servedNames,
  renewalJobs,
  unsettledRevocations,
] as const;
