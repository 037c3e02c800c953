import { type DeclaredCollection, StorageError } from '@chancery/core/ports';
import { integerOf, listOf, type ScriptAnswer, textOf } from './reply.ts';

/** The layout that this version writes; raised when its meaning changes. */
export const LAYOUT = 1;

/** A collection as it is stored. */
export interface StoredCollection {
  readonly declared: DeclaredCollection;
  readonly generation: number;
}

/** A change of the schema that has begun: anybody may finish it when the one who began it is gone. */
export interface PendingChange {
  /** `fill`: entries are being added. `undo`: a contradiction was found, and they are being removed. */
  readonly phase: 'fill' | 'undo';
  /** The collections as they will be, by name. */
  readonly wanted: Readonly<Record<string, DeclaredCollection>>;
  /** The stored collections among them as they were. */
  readonly previous: Readonly<Record<string, StoredCollection>>;
}

/** The schema of a namespace at one instant. */
export interface Schema {
  /** Rises with every change. */
  readonly revision: string;
  readonly collections: ReadonlyMap<string, StoredCollection>;
  readonly pending: PendingChange | undefined;
  /** Whether somebody is at work on the pending change. */
  readonly pendingHeld: boolean;
}

/**
 * Reads the answer of the script that reads the schema.
 *
 * @throws {StorageError} STORAGE_SCHEMA_NEWER: a later version of this package laid it out; STORAGE_CORRUPT
 */
export function schemaOf({ rest: [now, pairs] }: ScriptAnswer): Schema {
  const words = listOf(pairs).map(textOf);
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < words.length; at += 2) fields.set(words[at] as string, words[at + 1] as string);
  const layout = Number(fields.get('layout') ?? LAYOUT);
  if (layout !== LAYOUT) throw newerLayout(layout);
  const collections = new Map<string, StoredCollection>();
  for (const [field, text] of fields) {
    if (!field.startsWith('definition:')) continue;
    const name = field.slice('definition:'.length);
    const generation = Number(fields.get(generationField(name)));
    collections.set(name, { declared: parse<DeclaredCollection>(text, field), generation });
  }
  const pending = fields.get('pending');
  return {
    revision: fields.get('revision') ?? '0',
    collections,
    pending: pending === undefined ? undefined : parse<PendingChange>(pending, 'pending'),
    pendingHeld: Number(fields.get('pendingUntil') ?? 0) > integerOf(now),
  };
}

/** The error for a namespace that a later version of this package laid out. */
export function newerLayout(stored: number): StorageError {
  const message = `the namespace has layout ${stored}, and this version knows ${LAYOUT}`;
  return new StorageError('STORAGE_SCHEMA_NEWER', message, { facts: { stored, known: LAYOUT } });
}

/** The field that commits compare with the generation that their instance opened. */
export function generationField(collection: string): string {
  return `generation:${collection}`;
}

/** The fields that store a collection. */
export function collectionFields(declared: DeclaredCollection, generation: number): [string, string][] {
  const { name, watch } = declared;
  return [
    [`definition:${name}`, JSON.stringify(declared)],
    [generationField(name), String(generation)],
    [`watch:${name}`, watch ? '1' : '0'],
  ];
}

function parse<T>(text: string, field: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new StorageError('STORAGE_CORRUPT', `the field ${field} of the schema is no JSON`, { cause });
  }
}
