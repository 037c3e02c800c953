/**
 * Where the data of a namespace lies. The braces are a hash tag: in a cluster all keys of a namespace share one slot, so that
 * one script can change them together.
 *
 * | key | type | holds |
 * |---|---|---|
 * | `{ns}:schema` | hash | layout, definitions, generations |
 * | `{ns}:d:<collection>:<id>` | hash | a document, and what its index entries are |
 * | `{ns}:i:<collection>:<index>:<pinned values>` | sorted set | order and id of the documents |
 * | `{ns}:u:<collection>:<constraint>:<values>` | string | the id of the document that holds the values |
 * | `{ns}:q:<collection>:<queue>` | sorted set | ids by `dueAt` |
 * | `{ns}:x` | sorted set | `<collection>:<id>` by `expiresAt` |
 * | `{ns}:t:<meter>` | string | a rate limit |
 * | `{ns}:instances` | string | a counter that tells instances apart |
 * | `{ns}:probe` | string | nothing: it is written to see whether it can be |
 *
 * No two things share a key: names hold no colon, and whatever may hold one comes last. Values that are joined hold no NUL,
 * which joins them.
 */
export function schemaKey(namespace: string): string {
  return `{${namespace}}:schema`;
}

/** The key of a document. */
export function documentKey(namespace: string, collection: string, id: string): string {
  return `{${namespace}}:d:${collection}:${id}`;
}

/** A key that is never there. */
export function missingKey(namespace: string): string {
  return `{${namespace}}:missing`;
}

/** A key that means nothing. */
export function probeKey(namespace: string): string {
  return `{${namespace}}:probe`;
}

/** The channel on which changes of a collection are told. */
export function watchChannel(namespace: string, collection: string): string {
  return `{${namespace}}:w:${collection}`;
}
