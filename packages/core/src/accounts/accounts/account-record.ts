import { z } from 'zod';
import type { JsonObject, ReadOptions } from '../../ports/storage.ts';
import { defineCollection } from '../../store/collection.ts';
import type { Entry } from '../../store/entry.ts';
import type { AccountsContext } from '../context.ts';

const instant = z.number().int();
const text = z.string();
const jsonObject = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);

/**
 * One document an account, without anything that is secret. Whatever must not outlive a change of the account (a session that is being
 * opened, a certificate that is being issued) checks its version in the same commit.
 */
export const accounts = defineCollection({
  name: 'accounts',
  recordVersion: 1,
  freshIds: false,
  schema: z.strictObject({
    /** As it was given. */
    login: text,
    /** The login folded: what is unique. */
    loginKey: text,
    displayName: text.optional(),
    /** `YYYY-MM-DD`. */
    dateOfBirth: text.optional(),
    /** The date of birth in days since 1970-01-01, which is what an index can walk. */
    bornOn: z.number().int().optional(),
    roles: z.array(text),
    attributes: jsonObject.optional(),
    disabled: z.literal(true).optional(),
    /** Where it is set, no login succeeds without a second factor. */
    secondFactorRequired: z.literal(true).optional(),
    /** Raised to end every session, token and known device at once. */
    epoch: z.number().int().nonnegative(),
    /** Counts the changes that events tell of, from 1. */
    revision: z.number().int().positive(),
    createdAt: instant,
    updatedAt: instant,
  }),
  unique: { login: ['loginKey'] },
  indexes: {
    byLogin: { equals: ['loginKey'], orderBy: 'createdAt' },
    byCreation: { orderBy: 'createdAt' },
    byBirth: { orderBy: 'bornOn' },
  },
});

/** What the document of an account holds. */
export type AccountValue = z.infer<typeof accounts.schema>;

/**
 * Reads an account by its id.
 *
 * @returns undefined where there is none
 * @throws {StorageError} any of its codes
 */
export function readAccount(
  { store }: Pick<AccountsContext, 'store'>,
  id: string,
  options: ReadOptions = {},
): Promise<Entry<AccountValue> | undefined> {
  return store.get(accounts, id, options);
}
