import { z } from 'zod';
import { defineCollection } from '../../store/collection.ts';

const text = z.string();
const instant = z.number().int();

/** One document an account, which is one a directory and e-mail address; its bytes are the sealed private key. */
export const acmeAccounts = defineCollection({
  name: 'acme_accounts',
  recordVersion: 1,
  schema: z.strictObject({
    directory: text,
    /** The account's URL; absent until the server has made it. */
    url: text.optional(),
    /** Base64 of a sealed key that is to follow, while the server is told of it. */
    successor: text.optional(),
    createdAt: instant,
  }),
});

/**
 * One document a request, from before its order is placed. It is due at any time, in a queue of its own: who claims it works on the order. Once
 * issued, its bytes are the chain in PEM, and it stays until the certificate ends.
 */
export const acmeOrders = defineCollection({
  name: 'acme_orders',
  recordVersion: 1,
  schema: z.strictObject({
    account: text,
    requestDigest: text,
    state: z.enum(['placing', 'placed', 'issued']),
    createdAt: instant,
    url: text.optional(),
    /** SHA-256 of the URL: no two requests share an order. */
    urlDigest: text.optional(),
    serialNumber: text.optional(),
    /** By which a later order says what it replaces (RFC 9773 section 4.1). */
    certificateId: text.optional(),
  }),
  unique: { order: ['urlDigest'] },
  indexes: {
    bySerialNumber: { equals: ['account', 'serialNumber'], orderBy: 'createdAt' },
    byUrl: { equals: ['urlDigest'], orderBy: 'createdAt' },
  },
});

/** One document a challenge that is open: what `http01Responder` and `tlsAlpnCertificate` answer from, and what is to be taken away again. */
export const acmeChallenges = defineCollection({
  name: 'acme_challenges',
  recordVersion: 1,
  schema: z.strictObject({
    account: text,
    /** The id of the order's document. */
    order: text,
    type: text,
    token: text,
    identifier: z.strictObject({ type: text, value: text }),
    keyAuthorization: text,
    createdAt: instant,
    /** When the solver had put the answer in its place. */
    presentedAt: instant.optional(),
  }),
  indexes: {
    byOrder: { equals: ['order'], orderBy: 'createdAt' },
    byType: { equals: ['type'], orderBy: 'createdAt' },
  },
});

/** Everything that an issuer keeps. */
export const acmeCollections = [acmeAccounts, acmeOrders, acmeChallenges] as const;
