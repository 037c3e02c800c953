import { z } from 'zod';
import { defineCollection } from '../../store/collection.ts';
import type { SealedField } from '../../store/seal.ts';
import { confirmation } from '../tokens/confirmation.ts';

const instant = z.number().int();
const text = z.string();

/**
 * One document a session, which is one family of refresh tokens. Its bytes are the sealed secret that the tokens are computed from, so that
 * storage never holds one. Ending a session removes it.
 */
export const sessions = defineCollection({
  name: 'account_sessions',
  recordVersion: 1,
  schema: z.strictObject({
    accountId: text,
    /** The account's epoch when the session was opened: once the account has another, the session is over. */
    epoch: z.number().int().nonnegative(),
    /** The number of the one refresh token that is good. */
    counter: z.number().int().nonnegative(),
    createdAt: instant,
    /** When the refresh token was rotated last. */
    lastUsedAt: instant,
    confirmation,
    clientId: text.optional(),
    deviceId: text.optional(),
    ip: text.optional(),
    userAgent: text.optional(),
  }),
  indexes: {
    byAccount: { equals: ['accountId'], orderBy: 'createdAt' },
    /** The secret is what it is from the start. */
    byChange: { orderBy: 'createdAt' },
  },
});

/** What the document of a session holds. */
export type SessionValue = z.infer<typeof sessions.schema>;

/** Where the secret of a session is sealed to. */
export function sessionSecretPlace(id: string): SealedField {
  return { collection: sessions, id, field: 'secret' };
}

/**
 * One document an account whose sessions are limited, written by each login: it makes logins of one account follow one another, so that each
 * counts the sessions of all before.
 */
export const sessionGates = defineCollection({
  name: 'account_session_gates',
  recordVersion: 1,
  schema: z.strictObject({ logins: z.number().int().positive() }),
});

/** One document an access token that was revoked by itself, by `jti`; gone when the token has run out. */
export const deniedTokens = defineCollection({
  name: 'account_denied_tokens',
  recordVersion: 1,
  schema: z.strictObject({}),
});
