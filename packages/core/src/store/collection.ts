import type { z } from 'zod';
import { StorageError } from '../errors/storage-error.ts';
import type { CollectionDefinition, JsonObject, StoredDocument } from '../ports/storage.ts';
import { DecodedValues } from './decoded-values.ts';
import type { Entry } from './entry.ts';

/** What a typed collection is made of. */
export interface CollectionOptions<T extends object> extends CollectionDefinition {
  /** Every value is checked on the way in and on the way out. A field named `v` is taken: it holds the record version. */
  readonly schema: z.ZodType<T>;
  /** Of the shape that `schema` describes, from 1. Raise it with each change that old records do not fit. */
  readonly recordVersion: number;
  /** From a record version to the next one: `upgrade[1]` turns a record of version 1 into one of version 2. */
  readonly upgrade?: Readonly<Record<number, (old: JsonObject) => JsonObject>>;
  /**
   * Ids are random, and no document is deleted within an hour of its insertion. Then an insertion tells by itself,
   * as a receipt would, whether its commit took effect. Default false.
   */
  readonly freshIds?: boolean;
}

/** A collection without the type of its values: what the backend is told of it. */
export interface DeclaredCollection {
  readonly name: string;
  readonly definition: CollectionDefinition;
  readonly freshIds: boolean;
}

/** A collection whose values have one type, whatever version they were written at. */
export interface Collection<T extends object> extends DeclaredCollection {
  readonly schema: z.ZodType<T>;
  readonly recordVersion: number;
  /**
   * Checks a value and gives it the form that it is stored in.
   *
   * @throws {StorageError} STORAGE_INVALID: the value is not one of this collection's; names fields, not contents
   */
  encode(id: string, value: T): JsonObject;
  /**
   * Reads a stored document, of this record version or an older one.
   *
   * @param use `view`: what it says may be shared with others, and is not changed. By default it is the reader's own
   * @throws {StorageError} STORAGE_SCHEMA_NEWER: a later version of the SDK wrote it
   * @throws {StorageError} STORAGE_CORRUPT: it is not a record of this collection; names fields, not contents
   */
  decode(document: StoredDocument, use?: 'view'): Entry<T>;
}

/**
 * Defines a typed collection.
 *
 * @param options its name, schema and record version, and what the storage keeps in order
 * @returns the collection, to list in a `Store` and to hand to its methods
 */
export function defineCollection<T extends object>(options: CollectionOptions<T>): Collection<T> {
  const { schema, recordVersion, upgrade = {}, freshIds = false, ...definition } = options;
  const { name } = definition;
  const decoded = new DecodedValues<T>();

  const upgraded = (id: string, data: JsonObject): JsonObject => {
    const { v: stored, ...fields } = data;
    if (typeof stored !== 'number' || !Number.isSafeInteger(stored) || stored < 1) {
      throw unreadable('STORAGE_CORRUPT', name, id, 'it carries no record version');
    }
    if (stored > recordVersion) {
      throw unreadable(
        'STORAGE_SCHEMA_NEWER',
        name,
        id,
        `its record version is ${stored}, and ${recordVersion} is the latest known`,
      );
    }
    let record: JsonObject = fields;
    for (let version = stored; version < recordVersion; version++) {
      const step = upgrade[version];
      if (!step) throw unreadable('STORAGE_CORRUPT', name, id, `no upgrade leads on from record version ${version}`);
      record = step(record);
    }
    return record;
  };

  const checkedValue = (id: string, data: JsonObject): T => {
    const checked = schema.safeParse(upgraded(id, data));
    if (!checked.success) throw unreadable('STORAGE_CORRUPT', name, id, faults(checked.error.issues));
    return decoded.remember(data, checked.data);
  };

  return {
    name,
    definition,
    freshIds,
    schema,
    recordVersion,
    encode(id, value) {
      const checked = schema.safeParse(value);
      if (!checked.success) throw unreadable('STORAGE_INVALID', name, id, faults(checked.error.issues));
      const data: Record<string, JsonObject[string]> = { v: recordVersion };
      const fields = checked.data as JsonObject;
      for (const field of Object.keys(fields)) {
        const content = fields[field];
        if (field === 'v') throw unreadable('STORAGE_INVALID', name, id, "the field 'v' holds the record version");
        if (content !== undefined) data[field] = content;
      }
      return data;
    },
    decode({ id, version, data, bytes, expiresAt, dueAt }, use) {
      const known = use === 'view' ? decoded.shared(data) : decoded.recall(data);
      return {
        id,
        version,
        value: known ?? checkedValue(id, data),
        ...(bytes && { bytes }),
        ...(expiresAt !== undefined && { expiresAt }),
        ...(dueAt !== undefined && { dueAt }),
      };
    },
  };
}

function unreadable(
  code: 'STORAGE_CORRUPT' | 'STORAGE_SCHEMA_NEWER' | 'STORAGE_INVALID',
  collection: string,
  id: string,
  problem: string,
): StorageError {
  return new StorageError(code, `Document '${id}' of collection '${collection}' is refused: ${problem}`, {
    facts: { collection, id },
  });
}

// Which field and which rule. Zod's own messages quote keys and expected values at most, never what was stored.
function faults(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly code?: string | undefined }[],
): string {
  return issues.map(({ path, code }) => `${path.map(String).join('.') || 'record'}: ${code ?? 'invalid'}`).join(', ');
}
