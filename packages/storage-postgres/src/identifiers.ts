/** PostgreSQL cuts longer names, silently. */
const MAX_BYTES = 63;

/**
 * The table of a collection, unquoted. `$` is in no namespace and in no collection, so that different pairs never meet in
 * one name, and SQL needs no quotes around it.
 */
export function tableName(namespace: string, collection: string): string {
  return shorten(`${namespace}$${collection}`);
}

/** A table or function of the adapter's own, unquoted. No collection begins with `_`. */
export function internalName(namespace: string, name: string): string {
  return shorten(`${namespace}$_${name}`);
}

/** The index behind a declared one, unquoted. */
export function indexName(namespace: string, collection: string, index: string): string {
  return shorten(`${namespace}$${collection}$${index}`);
}

/** The schema-qualified and quoted form of a name. */
export function qualified(schema: string, name: string): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text literal of SQL. The names that come here hold no backslash. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** FNV-1a of 64 bits, 16 hex digits: it tells names apart, it guards nothing. */
export function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
}

/** Names are ASCII: characters are bytes. */
function shorten(name: string): string {
  if (name.length <= MAX_BYTES) return name;
  const mark = `$${fingerprint(name)}`;
  return name.slice(0, MAX_BYTES - mark.length) + mark;
}
