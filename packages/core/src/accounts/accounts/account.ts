import { ConflictError, NotFoundError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import type { JsonObject } from '../../ports/storage.ts';
import type { Entry } from '../../store/entry.ts';
import type { AccountValue } from './account-record.ts';

/** An account as the SDK shows it: no password, no hash, no secret. */
export interface Account {
  /** UUIDv7. */
  readonly id: string;
  /** As it was given; compared without regard to case. */
  readonly login: string;
  readonly displayName?: string;
  /** `YYYY-MM-DD`. */
  readonly dateOfBirth?: string;
  readonly roles: readonly string[];
  /** The host's own facts. */
  readonly attributes?: JsonObject;
  readonly disabled: boolean;
  /** Whether no login succeeds without a second factor. */
  readonly secondFactorRequired: boolean;
  /** Changes with every change of the account: hand it back as `ifVersion`. */
  readonly version: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Shows an account. */
export function toAccount({ id, version, value }: Pick<Entry<AccountValue>, 'id' | 'version' | 'value'>): Account {
  const { login, displayName, dateOfBirth, roles, attributes } = value;
  return {
    id,
    login,
    ...(displayName === undefined ? {} : { displayName }),
    ...(dateOfBirth === undefined ? {} : { dateOfBirth }),
    roles,
    ...(attributes === undefined ? {} : { attributes }),
    disabled: value.disabled === true,
    secondFactorRequired: value.secondFactorRequired === true,
    version,
    createdAt: new Date(value.createdAt),
    updatedAt: new Date(value.updatedAt),
  };
}

/** Makes the error for an id that no account has. */
export function accountNotFound(id: unknown): NotFoundError {
  const told = typeof id === 'string' ? id.slice(0, 64) : typeof id;
  return new NotFoundError('ACCOUNT_NOT_FOUND', `There is no account ${quote(told)}`, { facts: { accountId: told } });
}

/** Makes the error for a change that was meant for another version of an account. */
export function accountChanged(id: string): ConflictError {
  return new ConflictError('ACCOUNT_CHANGED', `Account ${id} was changed meanwhile`, { facts: { accountId: id } });
}
