import type { PutWrite, Query, StorageBackend, StoredDocument } from '@chancery/core/ports';

/** What a sabotage works with. */
export interface SabotageTools {
  /** Runs a call as if the server's clock were off by that many milliseconds. */
  readonly skewed: <T>(milliseconds: number, call: () => T) => T;
  readonly now: () => number;
}

/** An adapter with one defect, and the words of the test that has to find it. */
export interface BrokenStorage {
  readonly defect: string;
  readonly caughtBy: string;
  readonly sabotage: (inner: StorageBackend, tools: SabotageTools) => Partial<StorageBackend>;
}

/** Lets other calls pass. */
export const turn = () => Promise.resolve();

/** Changes every put of a commit on its way. */
export function alterPuts(inner: StorageBackend, alter: (put: PutWrite) => PutWrite): Partial<StorageBackend> {
  return { commit: (writes) => inner.commit(writes.map((write) => (write.kind === 'put' ? alter(write) : write))) };
}

/** Changes every document on its way back. */
export function alterReads(
  inner: StorageBackend,
  alter: (document: StoredDocument) => StoredDocument,
): Partial<StorageBackend> {
  return {
    get: async (refs, options) => (await inner.get(refs, options)).map((document) => document && alter(document)),
    query: async (query) => {
      const page = await inner.query(query);
      return { ...page, documents: page.documents.map(alter) };
    },
  };
}

/** Everything that a query selects. */
export async function selectAll(inner: StorageBackend, query: Query): Promise<StoredDocument[]> {
  const documents: StoredDocument[] = [];
  const { cursor: _cursor, ...first } = query;
  let cursor: string | undefined;
  do {
    const page = await inner.query({ ...first, limit: 1000, ...(cursor !== undefined && { cursor }) });
    documents.push(...page.documents);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return documents;
}

/** Pages by offset over an order of one's own. */
export async function pageByOffset(
  inner: StorageBackend,
  query: Query,
  arrange = (documents: StoredDocument[]) => documents,
) {
  const all = arrange(await selectAll(inner, query));
  const start = Number(query.cursor ?? 0);
  const end = start + query.limit;
  return { documents: all.slice(start, end), ...(end < all.length && { cursor: String(end) }) };
}

export function rankOf(document: StoredDocument): number {
  return document.data.rank as number;
}
