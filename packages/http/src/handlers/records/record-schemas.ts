import type { RecordDescription } from '@chancery/core';
import { z } from 'zod';
import { named } from '../../openapi/named-schema.ts';
import { instant } from '../accounts/account-schemas.ts';

/** Whose key opens a record. */
export const keyMode = z.enum(['user', 'managed', 'dual']);

/** The parameter that names a record of who asks. */
export const recordId = z.object({
  recordId: z.string().min(1).max(1_024).describe('Any text of at most 1,024 bytes, percent-encoded.'),
});

/** What the vault knows of a record without its key. */
export const recordSchema = named(
  'Record',
  z.strictObject({
    recordId: z.string(),
    version: z.number().int(),
    keyMode,
    contentType: z.string().optional(),
    contentLength: z.number().int(),
    storedAt: instant,
    expiresAt: instant.optional(),
    maxReads: z.number().int().optional(),
    reads: z.number().int(),
    deletedAt: instant.optional(),
  }),
);

/** What storing gives. */
export const storedRecordSchema = named(
  'StoredRecord',
  z.strictObject({
    recordId: z.string(),
    version: z.number().int(),
    key: z.string().optional().describe('The user’s key, or half: told once and kept nowhere.'),
  }),
);

/** Shows a record’s description. */
export function showRecord(record: RecordDescription): object {
  const { recordId: id, version, keyMode: mode, contentType, contentLength, storedAt } = record;
  const { expiresAt, maxReads, reads, deletedAt } = record;
  return {
    recordId: id,
    version,
    keyMode: mode,
    contentType,
    contentLength,
    storedAt,
    expiresAt,
    maxReads,
    reads,
    deletedAt,
  };
}
