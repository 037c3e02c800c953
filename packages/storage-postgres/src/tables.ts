import type { DeclaredCollection, DeclaredIndex } from '@chancery/core/ports';
import { DUE_AT } from '@chancery/core/ports';
import { indexName, internalName, literal, qualified, quoted, tableName } from './identifiers.ts';

/** The layout that this version writes; raised when its meaning changes. */
export const LAYOUT = 1;

/** A collection as an instance has opened it. */
export interface OpenedCollection {
  readonly declared: DeclaredCollection;
  readonly generation: number;
  /** Its table, unquoted. */
  readonly table: string;
}

/** Where a namespace lies in a database: the names of its tables, qualified and quoted. */
export class Tables {
  readonly schema: string;
  readonly namespace: string;
  /** Definitions and generations of collections; the row with the empty name holds the layout. */
  readonly collections: string;
  /** Who holds which values of which unique constraint. */
  readonly unique: string;
  readonly throttle: string;
  readonly #texts = new Map<string, string>();

  constructor(schema: string, namespace: string) {
    this.schema = schema;
    this.namespace = namespace;
    this.collections = this.#internal('collections');
    this.unique = this.#internal('unique');
    this.throttle = this.#internal('throttle');
  }

  #internal(name: string): string {
    return qualified(this.schema, internalName(this.namespace, name));
  }

  /** The table of a collection. */
  of(collection: string): string {
    return qualified(this.schema, tableName(this.namespace, collection));
  }

  /** A function of the adapter's own. */
  function(name: string): string {
    return this.#internal(name);
  }

  /** Makes a statement once: one that is the same object each time is found faster among the prepared ones. */
  statement(key: string, make: () => string): string {
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const text = make();
    this.#texts.set(key, text);
    return text;
  }

  /** What every namespace has. */
  base(): string[] {
    const uniqueById = quoted(internalName(this.namespace, 'unique_by_id'));
    return [
      `CREATE TABLE IF NOT EXISTS ${this.collections} (
  name text COLLATE "C" PRIMARY KEY,
  generation integer NOT NULL,
  definition jsonb NOT NULL
)`,
      `CREATE TABLE IF NOT EXISTS ${this.unique} (
  collection text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  key bytea NOT NULL,
  id text COLLATE "C" NOT NULL,
  expires_at bigint,
  PRIMARY KEY (collection, name, key)
)`,
      `CREATE INDEX IF NOT EXISTS ${uniqueById} ON ${this.unique} (collection, id)`,
      `CREATE TABLE IF NOT EXISTS ${this.throttle} (
  key text COLLATE "C" PRIMARY KEY,
  level bigint NOT NULL,
  at bigint NOT NULL,
  empty_at bigint NOT NULL
)`,
      `INSERT INTO ${this.collections} (name, generation, definition)
VALUES ('', 0, '{"layout": ${LAYOUT}}') ON CONFLICT (name) DO NOTHING`,
    ];
  }

  /** The table of a collection, without its declared indexes. */
  collection(name: string): string[] {
    const table = this.of(name);
    const due = quoted(indexName(this.namespace, name, '_due'));
    const expiry = quoted(indexName(this.namespace, name, '_expiry'));
    return [
      `CREATE TABLE IF NOT EXISTS ${table} (
  id text COLLATE "C" PRIMARY KEY,
  version text NOT NULL,
  data jsonb NOT NULL,
  size integer NOT NULL,
  bytes bytea,
  expires_at bigint,
  due_at bigint,
  due_queue text COLLATE "C" NOT NULL
)`,
      `CREATE INDEX IF NOT EXISTS ${due} ON ${table} (due_queue, due_at, id) WHERE due_at IS NOT NULL`,
      `CREATE INDEX IF NOT EXISTS ${expiry} ON ${table} (expires_at) WHERE expires_at IS NOT NULL`,
    ];
  }

  index(collection: string, index: DeclaredIndex): string {
    const name = quoted(indexName(this.namespace, collection, index.name));
    const order = orderExpression(index);
    const columns = [...index.equals.map(textExpression), order, 'id'].join(', ');
    return `CREATE INDEX IF NOT EXISTS ${name} ON ${this.of(collection)} (${columns}) WHERE ${order} IS NOT NULL`;
  }
}

/** The integer that an index walks. */
export function orderExpression({ orderBy }: DeclaredIndex, row = ''): string {
  return orderBy === DUE_AT ? `${row}due_at` : `((${row}data ->> ${literal(orderBy)})::bigint)`;
}

/** A text that an index pins. */
export function textExpression(field: string): string {
  return `((data ->> ${literal(field)}) COLLATE "C")`;
}
