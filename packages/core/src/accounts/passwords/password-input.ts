import { z } from 'zod';
import { parsePasswordText } from './password-text.ts';

/** A password as an option, parsed to what is hashed. Issues tell the rule, never a part of the password. */
export const passwordInput = z.string().transform((given, context) => {
  const parsed = parsePasswordText(given);
  if (!('fault' in parsed)) return parsed;
  context.addIssue({ code: 'custom', message: parsed.fault });
  return z.NEVER;
});
