import { z } from 'zod';
import { named } from './named-schema.ts';

/** A problem document (RFC 9457), with the members that the SDK adds. */
export const problemSchema = named(
  'Problem',
  z.strictObject({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.number().int(),
    code: z.string().describe('Stable: act upon it.'),
    detail: z.string().optional().describe('For people; absent where the failure is the server’s.'),
    requestId: z.string(),
    issues: z
      .array(z.strictObject({ path: z.array(z.union([z.string(), z.number()])), message: z.string() }))
      .optional()
      .describe('What is wrong with the input, field by field.'),
    violations: z
      .array(z.strictObject({ rule: z.string(), value: z.string(), message: z.string() }))
      .optional()
      .describe('The rules that a refused certificate would have broken.'),
  }),
);
