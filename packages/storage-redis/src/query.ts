import {
  encodeCursor,
  type Page,
  type PreparedCount,
  type PreparedQuery,
  type PreparedRange,
  STORAGE_LIMITS,
} from '@chancery/core/ports';
import { documentOf } from './document.ts';
import { indexSuffix } from './entries.ts';
import { idOf, orderOf, orderText } from './order-text.ts';
import { integerOf, listOf, optionalText, type ScriptAnswer, textOf } from './reply.ts';

/** How many index entries one script looks at, expired ones included, before it lets others have the server. */
const MOST_VISITED = 2000;

/** Writes the arguments of the query script, after the time. */
export function queryWords(query: PreparedQuery): string[] {
  const { collection, index, pinned, direction, limit, withBytes } = query;
  return [
    collection.name,
    indexSuffix(index.name, pinned),
    flag(direction === 'descending'),
    ...bounds(query),
    String(limit),
    flag(withBytes),
    String(STORAGE_LIMITS.pageBytes),
    String(MOST_VISITED),
  ];
}

/** Reads the answer of the query script. */
export function pageOf(query: PreparedQuery, { rest: [found, last] }: ScriptAnswer): Page {
  const { collection, index, pinned, direction } = query;
  const documents = listOf(found).map((reply) => {
    const fields = listOf(reply);
    return documentOf(collection.name, idOf(textOf(fields[6])), fields);
  });
  const member = optionalText(last);
  if (member === undefined) return { documents };
  const scope = { collection: collection.name, index: index.name, pinned, direction };
  return { documents, cursor: encodeCursor(scope, { order: orderOf(member), id: idOf(member) }) };
}

/** Writes the arguments of the count script, after the time; `after` is where the step before ended. */
export function countWords(range: PreparedCount, upTo: number, after: string | undefined): string[] {
  const { collection, index, pinned } = range;
  const [low, high] = bounds({ ...range, direction: 'ascending', after: undefined });
  const start = after === undefined ? low : `(${after}`;
  return [collection.name, indexSuffix(index.name, pinned), start, high, String(upTo), String(MOST_VISITED)];
}

/** Reads the answer of the count script: what it counted, and where it stopped if there is more. */
export function countOf({ rest: [count, last] }: ScriptAnswer): { count: number; last: string | undefined } {
  return { count: integerOf(count), last: optionalText(last) };
}

/** The bounds of ZRANGEBYLEX, the lower first. A bare order is less than every member that begins with it. */
function bounds(stretch: PreparedRange & Pick<PreparedQuery, 'direction' | 'after'>): [string, string] {
  const { from, to, direction, after } = stretch;
  let low = from === undefined ? '-' : `[${orderText(from)}`;
  let high = to === undefined ? '+' : `(${orderText(to)}`;
  if (after !== undefined) {
    const seen = `(${orderText(after.order)}${after.id}`;
    if (direction === 'ascending' && (from === undefined || after.order >= from)) low = seen;
    if (direction === 'descending' && (to === undefined || after.order < to)) high = seen;
  }
  return [low, high];
}

function flag(value: boolean): string {
  return value ? '1' : '';
}
