import { z } from 'zod';
import { defineCollection } from '../store/collection.ts';

const instant = z.number().int();
const natural = z.number().int().nonnegative();
const positive = z.number().int().positive();
const text = z.string();

/** A key that wraps owners' keys, and a known value under it, by which it is known to be gone one day. */
const erasureKey = z.strictObject({ id: text, /** Base64. */ probe: text });

/** One document a namespace. Its bytes are the vault's own secrets, sealed by the keyring. */
export const vaultSettings = defineCollection({
  name: 'vault_settings',
  recordVersion: 1,
  schema: z.strictObject({
    /** Wraps the keys of new owners. */
    erasureKey,
    /** Wrap no more, and are destroyed once no owner's key is under them. In the order in which they were in use. */
    retiring: z.array(erasureKey),
  }),
});

/**
 * One document an owner, under a keyed hash of the owner's id. Its bytes are the id and the owner's key, sealed by an erasure key.
 * Every write of a record checks its version: with this document gone, nothing more is written for the owner.
 */
export const owners = defineCollection({
  name: 'vault_owners',
  recordVersion: 1,
  schema: z.strictObject({
    /** Random; files the owner's records, whatever becomes of the keyed hash. */
    owner: text,
    pseudonymKey: text,
    erasureKey: text,
    createdAt: instant,
    /** The highest version among the records that were purged: new ones begin above, so that no version comes twice. */
    versionFloor: natural,
  }),
  indexes: {
    byOwner: { equals: ['owner'], orderBy: 'createdAt' },
    byErasureKey: { equals: ['erasureKey'], orderBy: 'createdAt' },
    byPseudonymKey: { equals: ['pseudonymKey'], orderBy: 'createdAt' },
  },
});

/**
 * One document a record. Its bytes are the sealed record, or the head of it where the rest lies in chunks. It comes due when it is to be
 * purged.
 */
export const records = defineCollection({
  name: 'vault_records',
  recordVersion: 1,
  schema: z.strictObject({
    owner: text,
    /** Random; names the record in events. */
    subject: text,
    /** Counts the events of the subject. */
    revision: positive,
    version: positive,
    createdAt: instant,
    /** Length of the sealed record in bytes. */
    sealedLength: natural,
    /** The chunk documents that hold what follows the head: their name, and how many. */
    body: z.strictObject({ id: text, chunks: positive }).optional(),
    /** What the owner's key seals: see `RecordCard`. Base64. */
    card: text,
  }),
  indexes: { byOwner: { equals: ['owner'], orderBy: 'createdAt' } },
});

/** Sealed content, 11 sealed chunks of the format to a document. */
export const recordChunks = defineCollection({
  name: 'vault_record_chunks',
  recordVersion: 1,
  schema: z.strictObject({}),
});

/** Bodies to be removed once due: those that are being written, until the record's commit takes them off this list, and those replaced. */
export const removals = defineCollection({
  name: 'vault_removals',
  recordVersion: 1,
  schema: z.strictObject({ owner: text, chunks: natural, createdAt: instant }),
  indexes: { byOwner: { equals: ['owner'], orderBy: 'createdAt' } },
});

/** One document an erasure: what is left to do of it, and then the receipt. Due while records may be left. */
export const erasures = defineCollection({
  name: 'vault_erasures',
  recordVersion: 1,
  freshIds: true,
  schema: z.strictObject({
    owner: text,
    /** Keyed hash of the owner's id, lower-case hex. */
    ownerHash: text,
    /** The erasure keys that a backup may need for this owner. */
    erasureKeys: z.array(text),
    state: z.enum(['erasing', 'erased', 'closed']),
    records: natural,
    requestedAt: instant,
    erasedAt: instant.optional(),
    backupsClosedAt: instant.optional(),
  }),
  indexes: {
    byState: { equals: ['state'], orderBy: 'requestedAt' },
    byOwnerHash: { equals: ['ownerHash'], orderBy: 'requestedAt' },
  },
});

/** Responses that are handed over once, under a hash of their token. The bytes are gone once unwrapped; the document stays to notice a second time. */
export const wraps = defineCollection({
  name: 'vault_wraps',
  recordVersion: 1,
  schema: z.strictObject({
    createdAt: instant,
    unwrappedAt: instant.optional(),
    /** How often it was asked for after it had been handed over. */
    repeats: natural,
  }),
});

/** Everything that a vault keeps, besides events. */
export const vaultCollections = [vaultSettings, owners, records, recordChunks, removals, erasures, wraps] as const;
