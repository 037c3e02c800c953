import { z } from 'zod';
import { readProblem } from '../http/problem.ts';

// What a server sends may hold more than RFC 8555 knows: unknown members are dropped, and states and types are any text.
const text = z.string();
const url = text.max(4_096);
const instant = z
  .string()
  .transform((value) => new Date(value))
  .refine((date) => !Number.isNaN(date.getTime()), 'expected a date');
const problem = z.unknown().transform(readProblem).optional();

/** `dns` or `ip`, and what is to come. */
export const identifier = z.object({ type: text, value: text });

/** RFC 8555 section 7.1.1; `renewalInfo` of RFC 9773, `profiles` of the profiles extension. */
export const directoryObject = z.object({
  newNonce: url,
  newAccount: url,
  newOrder: url,
  revokeCert: url.optional(),
  keyChange: url.optional(),
  newAuthz: url.optional(),
  renewalInfo: url.optional(),
  meta: z
    .object({
      termsOfService: text.optional().catch(undefined),
      website: text.optional().catch(undefined),
      caaIdentities: z.array(text).optional().catch(undefined),
      externalAccountRequired: z.boolean().optional().catch(undefined),
      profiles: z.record(text, z.unknown()).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});

/** RFC 8555 section 7.1.2. */
export const accountObject = z.object({
  status: text,
  contact: z.array(text).optional().catch(undefined),
  termsOfServiceAgreed: z.boolean().optional().catch(undefined),
  orders: url.optional(),
});

/** RFC 8555 section 7.1.3. */
export const orderObject = z.object({
  status: text,
  expires: instant.optional().catch(undefined),
  identifiers: z.array(identifier),
  notBefore: instant.optional().catch(undefined),
  notAfter: instant.optional().catch(undefined),
  error: problem,
  authorizations: z.array(url).max(1_000),
  finalize: url,
  certificate: url.optional(),
  replaces: text.optional().catch(undefined),
  profile: text.optional().catch(undefined),
});

/** RFC 8555 section 7.1.5. One without a token, or of a type unknown today, is a challenge all the same. */
export const challengeObject = z.object({
  type: text,
  url,
  status: text,
  token: text.optional(),
  validated: instant.optional().catch(undefined),
  error: problem,
});

/** RFC 8555 section 7.1.4. */
export const authorizationObject = z.object({
  identifier,
  status: text,
  expires: instant.optional().catch(undefined),
  challenges: z.array(challengeObject).max(100),
  wildcard: z.boolean().optional().catch(undefined),
});

/** RFC 8555 section 7.1.2.1. */
export const ordersObject = z.object({ orders: z.array(url) });

/** RFC 9773 section 4.2. */
export const renewalInfoObject = z.object({
  suggestedWindow: z.object({ start: instant, end: instant }),
  explanationURL: text.optional().catch(undefined),
});
