import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import { requireMethods } from '../errors/require-methods.ts';
import { requireObject } from '../errors/require-object.ts';
import { StorageError } from '../errors/storage-error.ts';
import type { Logger } from '../ports/logger.ts';
import type { StorageBackend } from '../ports/storage.ts';

/** The least that a manager asks of its storage. */
export type RequiredDurability = 'async' | 'durable';

const ORDER = ['volatile', 'async', 'durable'];

/**
 * Refuses a storage that keeps less than is required. Where nothing is required, less than `durable` is warned of.
 *
 * @param what - the manager's, such as `accounts`, for the messages
 * @throws {InvalidInputError} INVALID_ARGUMENT: `required` is neither
 * @throws {StorageError} STORAGE_UNSAFE_CONFIG: the storage is less durable than that
 */
export function requireDurability(
  storage: StorageBackend,
  required: RequiredDurability | undefined,
  { what, logger }: { readonly what: string; readonly logger: Logger | undefined },
): void {
  if (required !== undefined && !ORDER.includes(required)) {
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `requireDurability must be async or durable, not ${quote(required)}`,
    );
  }
  requireObject(storage.capabilities, 'storage.capabilities');
  if (logger !== undefined) requireMethods(logger, 'logger', ['debug', 'info', 'warn', 'error']);
  const { durability } = storage.capabilities;
  if (ORDER.indexOf(durability) >= ORDER.indexOf(required ?? 'durable')) return;
  if (required === undefined) {
    logger?.warn(`The ${what} stand on a storage that can lose acknowledged commits`, { durability });
    return;
  }
  throw new StorageError(
    'STORAGE_UNSAFE_CONFIG',
    `The ${what} require ${required} storage, and this one is ${durability}`,
    {
      facts: { required, durability },
    },
  );
}
