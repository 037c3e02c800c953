import { Buffer } from 'node:buffer';
import type { CommitResult, PreparedPut, PreparedWrite } from '@chancery/core/ports';
import type { CommandWord } from './client/connection.ts';
import { entryWords } from './entries.ts';
import { integerOf, optionalText, type ScriptAnswer, textOf } from './reply.ts';

const KINDS = { put: 'p', delete: 'd', check: 'c' } as const;

/** Writes the arguments of the commit script, after the time. */
export function commitWords(
  writes: readonly PreparedWrite[],
  generationOf: (collection: string) => string,
): CommandWord[] {
  const words: CommandWord[] = generationWords(new Set(writes.map(({ collection }) => collection.name)), generationOf);
  words.push(String(writes.length));
  for (const write of writes) {
    words.push(KINDS[write.kind], write.collection.name, write.id, conditionWord(write.ifVersion));
    if (write.kind === 'put') pushPut(words, write);
  }
  return words;
}

/** Names collections with the generations at which this instance opened them. */
export function generationWords(names: Iterable<string>, generationOf: (collection: string) => string): string[] {
  const words = [...names].flatMap((name) => [name, generationOf(name)]);
  return [String(words.length / 2), ...words];
}

function conditionWord(ifVersion: string | null | undefined): string {
  if (ifVersion === undefined) return '';
  return ifVersion === null ? '-' : `=${ifVersion}`;
}

function pushPut(words: CommandWord[], put: PreparedPut): void {
  const { version, data, bytes, expiresAt, dueAt, dueQueue, collection } = put;
  words.push(version, JSON.stringify(data));
  if (bytes === undefined) words.push('');
  else words.push('1', Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  words.push(instantWord(expiresAt), instantWord(dueAt), dueQueue);
  for (const word of entryWords(collection.indexes, collection.unique, put)) words.push(word);
}

function instantWord(instant: number | undefined): string {
  return instant === undefined ? '' : String(instant);
}

/** Reads the answer of the commit script, unless the collections have changed. */
export function commitResult({ outcome, rest }: ScriptAnswer): CommitResult {
  if (outcome === 'ok') return { committed: true };
  const write = integerOf(rest[0]);
  if (outcome === 'unique') {
    return { committed: false, conflict: { write, reason: 'unique', constraint: textOf(rest[1]) } };
  }
  return { committed: false, conflict: { write, reason: 'version', actual: optionalText(rest[1]) ?? null } };
}
