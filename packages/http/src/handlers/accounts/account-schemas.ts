import type { Account } from '@chancery/core';
import type { JsonObject } from '@chancery/core/ports';
import { z } from 'zod';
import { named } from '../../openapi/named-schema.ts';

/** An instant as answers tell it. */
export const instant = z.iso.datetime().meta({ description: 'An instant in UTC.' });

/** What the host keeps with an account. It was JSON a moment ago; the manager judges its size and depth. */
const attributes = (z.record(z.string(), z.unknown()) as unknown as z.ZodType<JsonObject>).describe(
  "Facts of the host's own, at most 16 KiB.",
);
const dateOfBirth = z.string().max(16).describe('YYYY-MM-DD');
const login = z.string().max(1_024).describe('1 to 256 characters; unique without regard to case.');
const password = z.string().max(4_096);
const displayName = z.string().max(1_024);
const roles = z.array(z.string().max(64)).max(64);

/** An account as the API shows it: no password, no hash, no secret. */
export const accountSchema = named(
  'Account',
  z.strictObject({
    id: z.uuid(),
    login: z.string(),
    displayName: z.string().optional(),
    dateOfBirth: z.string().optional(),
    roles: z.array(z.string()),
    attributes: attributes.optional(),
    disabled: z.boolean(),
    secondFactorRequired: z.boolean(),
    createdAt: instant,
    updatedAt: instant,
  }),
);

/** What to make an account of. */
export const createAccountBody = named(
  'AccountCreation',
  z.strictObject({
    login,
    password: password.optional().describe('Without one, nobody can log in until one is set.'),
    displayName: displayName.optional(),
    dateOfBirth: dateOfBirth.optional(),
    roles: roles.optional(),
    attributes: attributes.optional(),
    secondFactorRequired: z.boolean().optional(),
  }),
);

/** What to change of an account (RFC 7396): what is left out stays, `null` removes. */
export const patchAccountBody = named(
  'AccountPatch',
  z.strictObject({
    login: login.optional(),
    displayName: displayName.nullable().optional(),
    dateOfBirth: dateOfBirth.nullable().optional(),
    roles: roles.optional(),
    attributes: attributes.nullable().optional(),
    secondFactorRequired: z.literal(true).optional(),
  }),
);

/** A password in place of the present one. */
export const changePasswordBody = named('PasswordChange', z.strictObject({ current: password, next: password }));

/** A password, for whoever may set it without the present one. */
export const setPasswordBody = named('NewPassword', z.strictObject({ password }));

/** An open session as the API shows it. */
export const sessionSchema = named(
  'Session',
  z.strictObject({
    sessionId: z.uuid(),
    createdAt: instant,
    lastUsedAt: instant,
    expiresAt: instant,
    boundTo: z.array(z.string()),
    ip: z.string().optional(),
    userAgent: z.string().optional(),
    deviceId: z.string().optional(),
    clientId: z.string().optional(),
  }),
);

/** Shows an account. Named one by one: what the SDK adds to its own objects is not told by itself. */
export function showAccount(account: Account): object {
  const { id, login: name, displayName: shown, dateOfBirth: born, roles: held, attributes: facts } = account;
  const { disabled, secondFactorRequired, createdAt, updatedAt } = account;
  return {
    id,
    login: name,
    displayName: shown,
    dateOfBirth: born,
    roles: held,
    attributes: facts,
    disabled,
    secondFactorRequired,
    createdAt,
    updatedAt,
  };
}
