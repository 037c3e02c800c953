import { StorageError } from '@chancery/core/ports';
import type { SqlSession } from './driver.ts';

/** What of a server decides how it is used. */
export interface ServerFacts {
  /** Where tables go if the host named no schema. */
  readonly schema: string;
  /**
   * PostgreSQL itself, whose tables can be locked and whose planner takes advice. The distributed ones are serializable instead,
   * and plan in their own way.
   */
  readonly isPostgres: boolean;
}

const OLDEST = 140_000;

/**
 * Reads what the server is, and refuses one that would break the contract.
 *
 * @param durable - whether the storage promises that acknowledged commits are not lost
 * @throws {StorageError} STORAGE_UNSAFE_CONFIG
 */
export async function readServerFacts(
  session: SqlSession,
  wanted: { readonly schema: string | undefined; readonly durable: boolean },
): Promise<ServerFacts> {
  const setting = (name: string) => `current_setting('${name}', true) AS ${name}`;
  const settings = [
    'server_encoding',
    'server_version_num',
    'default_transaction_isolation',
    'fsync',
    'synchronous_commit',
  ];
  const text = `SELECT version() AS version, current_schema() AS schema, ${settings.map(setting).join(', ')}`;
  const [row] = await session.run({ text });
  const { version = '', server_encoding: encoding, server_version_num: number, fsync, synchronous_commit } = row ?? {};
  const distributed = /CockroachDB|-YB-/.test(version ?? '');
  if (encoding != null && encoding !== 'UTF8')
    throw unsafe(`the database is in ${encoding}, not in UTF8`, { encoding });
  if (number != null && Number(number) < OLDEST) {
    throw unsafe(`the server has version ${number}, and 14 is the oldest that is supported`, { version: number });
  }
  const isolation = row?.default_transaction_isolation;
  if (!distributed && isolation != null && isolation !== 'read committed') {
    throw unsafe(`default_transaction_isolation is ${isolation}, not read committed`, { isolation });
  }
  if (wanted.durable && (fsync === 'off' || synchronous_commit === 'off')) {
    const setting = fsync === 'off' ? 'fsync' : 'synchronous_commit';
    throw unsafe(`${setting} is off, so that commits can be lost: say so with durability: 'async'`, { setting });
  }
  const schema = wanted.schema ?? row?.schema;
  if (schema == null) throw unsafe('search_path names no schema that exists, and the option "schema" is not given', {});
  return { schema, isPostgres: !distributed };
}

function unsafe(message: string, facts: Record<string, string>): StorageError {
  return new StorageError('STORAGE_UNSAFE_CONFIG', message, { facts });
}
