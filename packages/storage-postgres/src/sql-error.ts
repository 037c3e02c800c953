import { type ErrorFacts, StorageError, type StorageErrorCode } from '@chancery/core/ports';

/** When the failure came: before anything was sent, or while an answer was awaited. */
export type Phase = 'connect' | 'read' | 'write';

interface Meaning {
  readonly code: StorageErrorCode;
  readonly text: string;
  readonly retryable?: boolean;
}

/** What SQLSTATEs mean to the caller, by the whole code or by its class. PostgreSQL, Appendix A. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  '08': { code: 'STORAGE_UNAVAILABLE', text: 'the connection to the database failed', retryable: true },
  '25006': { code: 'STORAGE_UNAVAILABLE', text: 'the database is read-only', retryable: true },
  '28': { code: 'STORAGE_UNAVAILABLE', text: 'the database refused the user or the password' },
  '3D': { code: 'STORAGE_UNAVAILABLE', text: 'the database does not exist' },
  '3F': { code: 'STORAGE_UNSAFE_CONFIG', text: 'the schema does not exist' },
  '40': { code: 'STORAGE_UNAVAILABLE', text: 'the database gave up a transaction for its rivals', retryable: true },
  '42501': { code: 'STORAGE_UNAVAILABLE', text: 'the database user lacks a permission' },
  '42': { code: 'STORAGE_CORRUPT', text: 'the tables of the namespace are not as they were laid out' },
  '53': { code: 'STORAGE_UNAVAILABLE', text: 'the database has run out of a resource', retryable: true },
  '55': { code: 'STORAGE_UNAVAILABLE', text: 'a lock could not be had', retryable: true },
  '57014': { code: 'STORAGE_UNAVAILABLE', text: 'the database canceled the statement', retryable: true },
  '57': { code: 'STORAGE_UNAVAILABLE', text: 'the database is shutting down or starting', retryable: true },
  '58': { code: 'STORAGE_UNAVAILABLE', text: 'the database had a system error', retryable: true },
  XX001: { code: 'STORAGE_CORRUPT', text: 'the database found damaged data' },
  XX002: { code: 'STORAGE_CORRUPT', text: 'the database found a damaged index' },
};

/** The server had ended the connection, or cannot tell what became of the statement. */
const AMBIGUOUS = /^(08|40003|57P0[12])/;
/** The server's own words name tables and users here; elsewhere they may quote stored values. */
const QUOTABLE = /^(08|25|28|3D|3F|42|53|55|57|58)/;

/**
 * Makes a `StorageError` of whatever a driver rejected with. It repeats no value that was sent or stored.
 *
 * @param phase - `connect` and `read` leave nothing behind; a `write` may have landed if its answer was lost
 */
export function storageError(error: unknown, phase: Phase): StorageError {
  if (error instanceof StorageError) return error;
  const sqlState = sqlStateOf(error);
  if (sqlState === undefined) {
    const facts: ErrorFacts = { phase, ...(systemCode(error) && { reason: systemCode(error) as string }) };
    const message = `the database cannot be reached${systemCode(error) ? ` (${systemCode(error)})` : ''}: ${messageOf(error)}`;
    const outcome = phase === 'write' ? 'unknown' : 'none';
    return new StorageError('STORAGE_UNAVAILABLE', message, { retryable: true, outcome, facts, cause: error });
  }
  const meaning = MEANINGS[sqlState] ?? MEANINGS[sqlState.slice(0, 2)];
  const {
    code,
    text,
    retryable = false,
  } = meaning ?? {
    code: 'STORAGE_UNAVAILABLE',
    text: 'the database refused a statement',
  };
  const words = QUOTABLE.test(sqlState) ? `: ${messageOf(error)}` : '';
  const outcome = phase === 'write' && AMBIGUOUS.test(sqlState) ? 'unknown' : 'none';
  return new StorageError(code, `${text} (SQLSTATE ${sqlState})${words}`, {
    retryable,
    outcome,
    facts: { sqlState },
  });
}

/** The SQLSTATE of an error, by a driver or of ours. */
export function sqlStateOf(error: unknown): string | undefined {
  if (error instanceof StorageError) return error.facts.sqlState as string | undefined;
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  // Node's own codes, such as EPIPE, may have five letters too, but no severity.
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && severity !== undefined ? code : undefined;
}

/** Whether the connection is not to be used again. */
export function isConnectionLoss(error: unknown): boolean {
  const sqlState = sqlStateOf(error);
  if (sqlState !== undefined) return /^(08|57P)/.test(sqlState);
  return !(error instanceof StorageError) || error.code === 'STORAGE_UNAVAILABLE';
}

function systemCode(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.slice(0, 300);
}
