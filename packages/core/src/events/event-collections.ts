import { z } from 'zod';
import type { JsonObject } from '../ports/storage.ts';
import { defineCollection } from '../store/collection.ts';

const text = z.string();
// The range of Date (ECMA-262 section 21.4.1.1): what lies past it could be chained, and never be shown.
const LAST_INSTANT = 8.64e15;
const instant = z.number().int().min(-LAST_INSTANT).max(LAST_INSTANT);
const count = z.number().int().nonnegative();

/**
 * Events, from the commit of their change on. An event waits with `pendingSince`, which keeps it in the outbox; being chained
 * takes that away and gives it a sequence number, in one commit. So nothing is passed over, however late its commit lands,
 * and nothing is chained twice.
 */
export const eventRecords = defineCollection({
  name: 'events',
  freshIds: true,
  recordVersion: 1,
  schema: z.strictObject({
    /** Stands in a line of its own in server-sent events. */
    type: z.string().regex(/^\P{Cc}*$/u),
    source: text,
    subject: text,
    subjectRevision: count,
    time: instant,
    data: z.custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
    /** The part that is sealed under a key of its owner's: the key's id, and the ciphertext in base64. */
    personal: z.strictObject({ key: text, sealed: text }).optional(),
    pendingSince: instant.optional(),
    sequence: count.optional(),
    loggedAt: instant.optional(),
    /** Base64, as is `chainHash`. */
    leafHash: text.optional(),
    chainHash: text.optional(),
  }),
  indexes: {
    pending: { orderBy: 'pendingSince' },
    bySequence: { orderBy: 'sequence' },
    bySubject: { equals: ['subject'], orderBy: 'sequence' },
    byType: { equals: ['type'], orderBy: 'sequence' },
    bySubjectAndType: { equals: ['subject', 'type'], orderBy: 'sequence' },
  },
});

/** An event as it is stored. */
export type EventRecord = z.infer<typeof eventRecords.schema>;

/** The keys of owners of personal data, one each; the bytes are the sealed key. Erasing an owner deletes the document. */
export const ownerKeys = defineCollection({
  name: 'events_owner_keys',
  recordVersion: 1,
  schema: z.strictObject({ owner: text, createdAt: instant }),
  indexes: { byOwner: { equals: ['owner'], orderBy: 'createdAt' }, byAge: { orderBy: 'createdAt' } },
  unique: { owner: ['owner'] },
});

/** What a manager that writes events lists in its store besides its own collections. */
export const eventCollections = [eventRecords, ownerKeys] as const;

/** One document: how far the log goes. Its lease is the sequencer's, and its version the fence. */
export const logHeads = defineCollection({
  name: 'events_heads',
  recordVersion: 1,
  schema: z.strictObject({
    /** How many entries were ever chained. */
    size: count,
    chainHash: text,
    /** Of how many of them the listeners were told. */
    told: count,
    /** The lowest sequence number that retention has left, and the chain hash before it. */
    first: count,
    firstChainHash: text,
    /** What the log once was and is not any more, the newest last. */
    forks: z.array(z.strictObject({ foundAt: instant, size: count, chainHash: text, continuedFrom: count })),
  }),
});

/** How far the log goes. */
export type LogHeadValue = z.infer<typeof logHeads.schema>;

/**
 * What was found in the outbox and is no event, one document each; the bytes are the document as it was, in JSON. It stays until
 * somebody discards it.
 */
export const setAsideEvents = defineCollection({
  name: 'events_set_aside',
  recordVersion: 1,
  schema: z.strictObject({
    /** The id of the document in the outbox. */
    eventId: text,
    reason: text,
    setAsideAt: instant,
  }),
  indexes: { bySetAsideAt: { orderBy: 'setAsideAt' } },
});

/** Signed checkpoints, by size. */
export const checkpoints = defineCollection({
  name: 'events_checkpoints',
  recordVersion: 1,
  schema: z.strictObject({ size: count, note: text, madeAt: instant, published: z.boolean() }),
  indexes: { bySize: { orderBy: 'size' } },
});

/** One document: the key that signs checkpoints. The bytes are the sealed PKCS#8. */
export const checkpointKeys = defineCollection({
  name: 'events_checkpoint_keys',
  recordVersion: 1,
  schema: z.strictObject({ createdAt: instant }),
});

/** Everything that the log itself keeps. */
export const logCollections = [...eventCollections, logHeads, setAsideEvents, checkpoints, checkpointKeys] as const;
