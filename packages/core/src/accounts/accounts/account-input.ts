import { z } from 'zod';
import type { Clock } from '../../ports/clock.ts';
import { isWellFormedText } from '../text.ts';
import { parseAttributes } from './attributes.ts';
import { parseDateOfBirth } from './date-of-birth.ts';
import { parseLoginName } from './login-name.ts';

const LONGEST_DISPLAY_NAME = 256;
const MOST_ROLES = 64;
const ROLE = /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}$/;

/** A role's name, as accounts hold it and options name it. */
export const roleName = z.string().regex(ROLE, `must match ${ROLE.source}`);

/** A login, parsed to itself and its folded form. */
export const loginInput = z.string().transform((given, context) => {
  const parsed = parseLoginName(given);
  if (!('fault' in parsed)) return parsed;
  context.addIssue({ code: 'custom', message: parsed.fault });
  return z.NEVER;
});

/** Roles, each once, in the order given. */
export const rolesInput = z
  .array(roleName)
  .max(MOST_ROLES)
  .refine((roles) => new Set(roles).size === roles.length, 'must not name a role twice');

/** A name to show: any text without control characters. */
export const displayNameInput = z
  .string()
  .min(1)
  .max(LONGEST_DISPLAY_NAME)
  .refine(isWellFormedText, 'must be well-formed text without control characters');

/** Attributes of the host's own. */
export const attributesInput = z.unknown().transform((given, context) => {
  const parsed = parseAttributes(given);
  if (!('fault' in parsed)) return parsed.attributes;
  context.addIssue({ code: 'custom', message: parsed.fault });
  return z.NEVER;
});

/** A date of birth, parsed to itself and its number of days. */
export function dateOfBirthInput(clock: Clock) {
  return z.string().transform((dateOfBirth, context) => {
    const bornOn = parseDateOfBirth(dateOfBirth, clock.now());
    if (typeof bornOn === 'number') return { dateOfBirth, bornOn };
    context.addIssue({ code: 'custom', message: bornOn.fault });
    return z.NEVER;
  });
}
