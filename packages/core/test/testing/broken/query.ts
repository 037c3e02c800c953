import { type BrokenStorage, pageByOffset, rankOf, selectAll } from './sabotage.ts';

/** Defects of queries and pages. */
export const queryDefects: readonly BrokenStorage[] = [
  {
    defect: 'pages by offset',
    caughtBy: 'under writes between pages',
    sabotage: (inner) => ({ query: (query) => pageByOffset(inner, query) }),
  },
  {
    defect: 'a cursor without the id',
    caughtBy: 'a page ends at its limit',
    sabotage: (inner) => ({
      query: async (query) => {
        const from = query.cursor === undefined ? query.from : Number(query.cursor);
        const { cursor: _cursor, ...rest } = query;
        const page = await inner.query({ ...rest, ...(from !== undefined && { from }) });
        const last = page.documents.at(-1);
        return page.cursor === undefined || last === undefined ? page : { ...page, cursor: String(rankOf(last) + 1) };
      },
    }),
  },
  {
    defect: 'ids in UTF-16 order',
    caughtBy: 'ties break by the UTF-8 bytes',
    sabotage: (inner) => ({
      query: (query) =>
        pageByOffset(inner, query, (documents) => {
          const sorted = documents.toSorted(
            (left, right) => rankOf(left) - rankOf(right) || (left.id < right.id ? -1 : 1),
          );
          return query.direction === 'descending' ? sorted.toReversed() : sorted;
        }),
    }),
  },
  {
    defect: 'ties in ascending order when the direction is descending',
    caughtBy: 'ties break by the UTF-8 bytes',
    sabotage: (inner) => ({
      query: (query) =>
        query.direction === 'descending'
          ? pageByOffset(inner, { ...query, direction: 'ascending' }, (documents) =>
              documents.toSorted((left, right) => rankOf(right) - rankOf(left)),
            )
          : inner.query(query),
    }),
  },
  {
    defect: 'from taken as exclusive',
    caughtBy: 'from is inclusive, to exclusive',
    sabotage: (inner) => ({
      query: (query) => inner.query(query.from === undefined ? query : { ...query, from: query.from + 1 }),
    }),
  },
  {
    defect: 'to taken as inclusive',
    caughtBy: 'from is inclusive, to exclusive',
    sabotage: (inner) => ({
      query: (query) => inner.query(query.to === undefined ? query : { ...query, to: query.to + 1 }),
    }),
  },
  {
    defect: 'a last page without regard to its size',
    caughtBy: 'a page ends at 4 MiB',
    sabotage: (inner) => ({
      query: async (query) => ({ documents: (await selectAll(inner, query)).slice(0, query.limit) }),
    }),
  },
  {
    defect: 'a cursor dropped where a page is cut by size',
    caughtBy: 'a page ends at 4 MiB',
    sabotage: (inner) => ({
      query: async (query) => {
        const page = await inner.query(query);
        return page.documents.length < query.limit ? { documents: page.documents } : page;
      },
    }),
  },
  {
    defect: 'a cursor taken by any query',
    caughtBy: 'a cursor fits its own query only',
    sabotage: (inner) => ({ query: (query) => inner.query(query).catch(() => ({ documents: [] })) }),
  },
  {
    defect: 'a count past upTo',
    caughtBy: 'count goes no further',
    sabotage: (inner) => ({ count: (query) => inner.count({ ...query, upTo: query.upTo + 1 }) }),
  },
  {
    defect: 'bytes that nobody asked for',
    caughtBy: 'bytes come on request',
    sabotage: (inner) => ({ query: (query) => inner.query({ ...query, withBytes: true }) }),
  },
  {
    defect: 'pinned values compared without their case',
    caughtBy: 'pinned fields select exactly',
    sabotage: (inner) => ({
      query: (query) => {
        const lower = Object.entries(query.equals ?? {}).map(([field, value]) => [field, value.toLowerCase()]);
        return inner.query({ ...query, ...(query.equals && { equals: Object.fromEntries(lower) }) });
      },
    }),
  },
  {
    defect: 'pinned fields that may be left out',
    caughtBy: 'equals names exactly the declared fields',
    sabotage: (inner) => ({ query: (query) => inner.query(query).catch(() => ({ documents: [] })) }),
  },
];
