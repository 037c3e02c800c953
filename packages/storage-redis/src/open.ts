import {
  type CollectionDefinition,
  type DeclaredCollection,
  declareCollections,
  mergeCollection,
  StorageError,
} from '@chancery/core/ports';
import { type Backfill, fill, HOLD_MS, SchemaRaced, unfill } from './backfill.ts';
import {
  collectionFields,
  generationField,
  LAYOUT,
  type PendingChange,
  type Schema,
  type StoredCollection,
  schemaOf,
} from './schema.ts';
import type { Session } from './session.ts';

/** What opening works with. */
export interface Opening {
  readonly session: Session;
  /** The injected instant as text, or nothing for the server's. */
  readonly now: () => string;
  /** Waits before looking again; rejects when the storage was closed. */
  readonly pause: (attempt: number) => Promise<void>;
}

/**
 * Creates or extends collections.
 *
 * A change is one compare-and-set of the schema's revision. Where documents must be looked at, it is written down first, and
 * the generations of the collections rise, so that nobody writes to them before it is done or undone; whoever opens next takes
 * over from an instance that is gone.
 *
 * @returns the collections as they are stored, in the order of the definitions
 * @throws {StorageError} STORAGE_INVALID, STORAGE_SCHEMA_NEWER, STORAGE_UNAVAILABLE, STORAGE_CORRUPT
 */
export async function openCollections(
  opening: Opening,
  definitions: readonly CollectionDefinition[],
): Promise<StoredCollection[]> {
  const wanted = declareCollections(definitions);
  for (let attempt = 0; ; attempt++) {
    try {
      const opened = await openOnce(opening, wanted);
      if (opened !== undefined) return opened;
    } catch (error) {
      if (!(error instanceof SchemaRaced)) throw error;
    }
    await opening.pause(attempt);
  }
}

/** One attempt; `undefined` if another instance is at work. */
async function openOnce(
  opening: Opening,
  wanted: readonly DeclaredCollection[],
): Promise<StoredCollection[] | undefined> {
  const schema = await readSchema(opening);
  const { pending } = schema;
  const plans = wanted.map((declared) => plan(schema, declared));
  const settled = plans.every(
    ({ change, stored }) => !change && pending?.previous[stored?.declared.name ?? ''] === undefined,
  );
  if (settled) return plans.map(({ stored }) => stored as StoredCollection);
  if (pending !== undefined) {
    if (!schema.pendingHeld) await takeOver(opening, schema, pending);
    return undefined;
  }
  const changed = plans.filter(({ change }) => change);
  const filled = changed.filter(({ fills }) => fills);
  if (filled.length === 0) {
    const fields = changed.flatMap(({ target }) => collectionFields(target.declared, target.generation));
    await changeSchema(opening, schema.revision, { set: fields });
    return plans.map(({ target }) => target);
  }
  const change: PendingChange = {
    phase: 'fill',
    wanted: Object.fromEntries(changed.map(({ target }) => [target.declared.name, target.declared])),
    previous: Object.fromEntries(
      filled.map(({ stored, target }) => [target.declared.name, stored as StoredCollection]),
    ),
  };
  // Raised before the first look at a document: from here on nobody else writes to these collections.
  const generations = filled.map(({ target }): [string, string] => [
    generationField(target.declared.name),
    String(target.generation),
  ]);
  const set: [string, string][] = [['pending', JSON.stringify(change)], ...generations];
  await changeSchema(opening, schema.revision, { set, holdMs: HOLD_MS });
  await carryOut(opening, next(schema.revision), change);
  return plans.map(({ target }) => target);
}

interface Plan {
  readonly stored: StoredCollection | undefined;
  readonly target: StoredCollection;
  /** Whether anything has to be stored. */
  readonly change: boolean;
  /** Whether stored documents have to be looked at. */
  readonly fills: boolean;
}

function plan(schema: Schema, declared: DeclaredCollection): Plan {
  const stored = schema.collections.get(declared.name);
  const { merged, addedIndexes, addedUnique } = mergeCollection(stored?.declared, declared);
  const fills = stored !== undefined && addedIndexes.length + addedUnique.length > 0;
  const generation = (stored?.generation ?? 0) + (stored === undefined || fills ? 1 : 0);
  const change = stored === undefined || fills || merged.watch !== stored.declared.watch;
  return { stored, target: { declared: merged, generation }, change, fills };
}

/** Finishes what an instance began that is gone. */
async function takeOver(opening: Opening, schema: Schema, change: PendingChange): Promise<void> {
  await changeSchema(opening, schema.revision, { set: [], holdMs: HOLD_MS });
  const revision = next(schema.revision);
  if (change.phase === 'undo') return undo(opening, revision, change);
  try {
    await carryOut(opening, revision, change);
  } catch (error) {
    // That its definitions are contradicted is for those who gave them.
    if (!(error instanceof StorageError) || error.code !== 'STORAGE_INVALID') throw error;
  }
}

/** Fills, and stores the definitions; undoes both where documents contradict them. */
async function carryOut(opening: Opening, revision: string, change: PendingChange): Promise<void> {
  try {
    await fill(backfill(opening, revision, change));
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'STORAGE_INVALID') throw error;
    const undoing: PendingChange = { ...change, phase: 'undo' };
    await changeSchema(opening, revision, { set: [['pending', JSON.stringify(undoing)]], holdMs: HOLD_MS });
    await undo(opening, next(revision), undoing);
    throw error;
  }
  const set = Object.values(change.wanted).flatMap((declared) => {
    const previous = change.previous[declared.name];
    return collectionFields(declared, (previous?.generation ?? 0) + 1);
  });
  await changeSchema(opening, revision, { set, remove: ['pending', 'pendingUntil'] });
}

async function undo(opening: Opening, revision: string, change: PendingChange): Promise<void> {
  await unfill(backfill(opening, revision, change));
  const set = Object.values(change.previous).map(({ declared, generation }): [string, string] => [
    generationField(declared.name),
    String(generation),
  ]);
  await changeSchema(opening, revision, { set, remove: ['pending', 'pendingUntil'] });
}

function backfill({ session, now }: Opening, revision: string, change: PendingChange): Backfill {
  return { session, now, revision, change };
}

async function readSchema({ session, now }: Opening): Promise<Schema> {
  return schemaOf(await session.run('readSchema', 'reads', [now()]));
}

interface SchemaChange {
  readonly set: readonly (readonly [string, string])[];
  readonly remove?: readonly string[];
  readonly holdMs?: number;
}

async function changeSchema({ session, now }: Opening, revision: string, change: SchemaChange): Promise<void> {
  const { set, remove = [], holdMs = 0 } = change;
  const fields = [['layout', String(LAYOUT)], ...set].flat();
  const words = [
    now(),
    revision,
    String(holdMs),
    String(fields.length / 2),
    ...fields,
    String(remove.length),
    ...remove,
  ];
  const { outcome } = await session.run('changeSchema', 'writes', words);
  if (outcome === 'raced') throw new SchemaRaced();
}

function next(revision: string): string {
  return String(Number(revision) + 1);
}
