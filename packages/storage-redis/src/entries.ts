import {
  type DeclaredIndex,
  type DeclaredUnique,
  DUE_AT,
  type Indexable,
  indexKey,
  joinKey,
  uniqueKey,
} from '@chancery/core/ports';
import { orderText } from './order-text.ts';

/** The end of an index's key: its name and the pinned values. */
export function indexSuffix(index: string, pinned: readonly string[]): string {
  return `${index}:${joinKey(pinned)}`;
}

/** What finds a document, as scripts take it: a count and three words for each index, a count and two for each constraint. */
export function entryWords(
  indexes: readonly DeclaredIndex[],
  unique: readonly DeclaredUnique[],
  document: Indexable,
): string[] {
  const words: string[] = [''];
  let count = 0;
  for (const index of indexes) {
    const key = indexKey(index, document);
    if (key === undefined) continue;
    words.push(indexSuffix(index.name, key.pinned), orderText(key.order), index.orderBy === DUE_AT ? '1' : '');
    count += 1;
  }
  words[0] = String(count);
  const place = words.push('') - 1;
  count = 0;
  for (const constraint of unique) {
    const values = uniqueKey(constraint, document.data);
    if (values === undefined) continue;
    words.push(constraint.name, `${constraint.name}:${joinKey(values)}`);
    count += 1;
  }
  words[place] = String(count);
  return words;
}
