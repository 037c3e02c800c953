import { StorageError } from '@chancery/core/ports';
import { expect, it } from 'vitest';
import { isConnectionLoss, sqlStateOf, storageError } from '../src/sql-error.ts';

const server = (code: string, message = 'words of the server') =>
  Object.assign(new Error(message), { code, severity: 'ERROR', detail: 'Key (id)=(hush)' });

it.each([
  ['08006', 'STORAGE_UNAVAILABLE', true, 'unknown'],
  ['22P02', 'STORAGE_UNAVAILABLE', false, 'none'],
  ['25006', 'STORAGE_UNAVAILABLE', true, 'none'],
  ['28P01', 'STORAGE_UNAVAILABLE', false, 'none'],
  ['3D000', 'STORAGE_UNAVAILABLE', false, 'none'],
  ['3F000', 'STORAGE_UNSAFE_CONFIG', false, 'none'],
  ['40001', 'STORAGE_UNAVAILABLE', true, 'none'],
  ['40003', 'STORAGE_UNAVAILABLE', true, 'unknown'],
  ['40P01', 'STORAGE_UNAVAILABLE', true, 'none'],
  ['42501', 'STORAGE_UNAVAILABLE', false, 'none'],
  ['42P01', 'STORAGE_CORRUPT', false, 'none'],
  ['53100', 'STORAGE_UNAVAILABLE', true, 'none'],
  ['53200', 'STORAGE_UNAVAILABLE', true, 'none'],
  ['53300', 'STORAGE_UNAVAILABLE', true, 'none'],
  ['57014', 'STORAGE_UNAVAILABLE', true, 'none'],
  ['57P01', 'STORAGE_UNAVAILABLE', true, 'unknown'],
  ['57P03', 'STORAGE_UNAVAILABLE', true, 'none'],
  ['XX001', 'STORAGE_CORRUPT', false, 'none'],
  ['ZZ999', 'STORAGE_UNAVAILABLE', false, 'none'],
])('SQLSTATE %s in a write is %s, retryable: %s, outcome: %s', (sqlState, code, retryable, outcome) => {
  const error = storageError(server(sqlState), 'write');
  expect(error).toBeInstanceOf(StorageError);
  expect(error).toMatchObject({ code, retryable, outcome, facts: { sqlState } });
  expect(storageError(server(sqlState), 'read').outcome).toBe('none');
  expect(storageError(server(sqlState), 'connect').outcome).toBe('none');
});

it('a failure of the network is unknown in a write only, and keeps its cause', () => {
  const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  expect(storageError(cause, 'write')).toMatchObject({ outcome: 'unknown', retryable: true, cause });
  expect(storageError(cause, 'read')).toMatchObject({ outcome: 'none', facts: { reason: 'ECONNRESET' } });
  // Five letters, but of the system: a SQLSTATE comes with a severity.
  expect(sqlStateOf(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))).toBeUndefined();
});

it('nothing that was stored is repeated', () => {
  const error = storageError(server('22P02', 'invalid input syntax for type bigint: "hush"'), 'write');
  expect(JSON.stringify([error.message, error, error.cause ?? null])).not.toContain('hush');
});

it('what is ours already stays as it is', () => {
  const ours = new StorageError('STORAGE_CLOSED', 'closed');
  expect(storageError(ours, 'write')).toBe(ours);
});

it.each([
  ['08006', true],
  ['57P01', true],
  ['23505', false],
  ['40001', false],
])('after SQLSTATE %s the connection is lost: %s', (sqlState, lost) => {
  expect(isConnectionLoss(server(sqlState))).toBe(lost);
});
