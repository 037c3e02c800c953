import { assertIndexable, type DeclaredCollection, mergeCollection, StorageError } from '@chancery/core/ports';
import { dataOf } from './document.ts';
import { entryWords } from './entries.ts';
import { integerOf, listOf, optionalText, type ScriptAnswer, textOf } from './reply.ts';
import type { PendingChange } from './schema.ts';
import type { Session } from './session.ts';

/** Keys that one step looks at. */
const BATCH = 200;
/** How long others leave a change alone that has stopped to move. */
export const HOLD_MS = 10_000;

/** Somebody else changed the schema meanwhile: look again. */
export class SchemaRaced extends Error {
  override readonly name = 'SchemaRaced';
}

/** What a back-fill works with. */
export interface Backfill {
  readonly session: Session;
  /** The injected instant as text, or nothing for the server's. */
  readonly now: () => string;
  readonly revision: string;
  readonly change: PendingChange;
}

/**
 * Adds the entries of new indexes and constraints to all live documents. Doing it again does no harm.
 *
 * @throws {StorageError} STORAGE_INVALID: a document contradicts one of them
 * @throws {SchemaRaced} somebody else has taken over
 */
export async function fill({ session, now, revision, change }: Backfill): Promise<void> {
  for (const { collection, added } of additions(change)) {
    await scan(session, now, collection, async (documents) => {
      const words = documents.flatMap(({ id, data, dueAt }) => {
        const value = dataOf(collection, id, data);
        assertIndexable(added, value, `${collection}/${id}`);
        return [id, ...entryWords(added.indexes, added.unique, { data: value, dueAt })];
      });
      const head = [now(), revision, String(HOLD_MS), collection, String(documents.length)];
      assertFilled(collection, await session.run('fill', 'writes', [...head, ...words]));
    });
  }
}

/**
 * Takes the entries of indexes and constraints that were to be added out again. Doing it again does no harm.
 *
 * @throws {SchemaRaced} somebody else has taken over
 */
export async function unfill({ session, now, revision, change }: Backfill): Promise<void> {
  for (const { collection, added } of additions(change)) {
    const names = [added.indexes, added.unique].flatMap((items) => [
      String(items.length),
      ...items.map(({ name }) => name),
    ]);
    await scan(session, now, collection, async (documents) => {
      const ids = documents.map(({ id }) => id);
      const words = [now(), revision, String(HOLD_MS), collection, ...names, String(ids.length), ...ids];
      assertFilled(collection, await session.run('unfill', 'writes', words));
    });
  }
}

/** What a change adds to collections that may hold documents already. */
function additions({ wanted, previous }: PendingChange): { collection: string; added: DeclaredCollection }[] {
  return Object.entries(previous).map(([collection, { declared }]) => {
    const target = wanted[collection] ?? declared;
    const { addedIndexes, addedUnique } = mergeCollection(declared, target);
    return { collection, added: { ...target, indexes: addedIndexes, unique: addedUnique } };
  });
}

interface ScannedDocument {
  readonly id: string;
  readonly data: string;
  readonly dueAt: number | undefined;
}

async function scan(
  session: Session,
  now: () => string,
  collection: string,
  visit: (documents: readonly ScannedDocument[]) => Promise<void>,
): Promise<void> {
  let cursor = '0';
  do {
    const { rest } = await session.run('scan', 'reads', [now(), collection, cursor, String(BATCH)]);
    cursor = textOf(rest[0]);
    const documents = listOf(rest[1]).map((reply) => {
      const [id, data, dueAt] = listOf(reply);
      return {
        id: textOf(id),
        data: textOf(data),
        dueAt: optionalText(dueAt) === undefined ? undefined : integerOf(dueAt),
      };
    });
    if (documents.length > 0) await visit(documents);
  } while (cursor !== '0');
}

function assertFilled(collection: string, { outcome, rest }: ScriptAnswer): void {
  if (outcome === 'ok') return;
  if (outcome === 'raced') throw new SchemaRaced();
  const [id, other, constraint] = rest.map(textOf) as [string, string, string];
  const places = `${collection}/${other} and ${collection}/${id}`;
  const message = `constraint "${constraint}" cannot be added: ${places} share its values`;
  throw new StorageError('STORAGE_INVALID', message, { facts: { collection, constraint } });
}
