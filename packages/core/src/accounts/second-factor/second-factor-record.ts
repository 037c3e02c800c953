import { z } from 'zod';
import { defineCollection } from '../../store/collection.ts';

const instant = z.number().int();

/** One document an account with a second factor, under the account's id. Its bytes are the sealed secret of TOTP. */
export const secondFactors = defineCollection({
  name: 'account_second_factors',
  recordVersion: 1,
  schema: z.strictObject({
    /** The last time step whose code was taken: neither it nor an earlier one is taken again. */
    lastStep: z.number().int(),
    /** Keyed hashes of the recovery codes that are left. */
    recoveryCodes: z.array(z.string()),
    changedAt: instant,
  }),
  indexes: { byChange: { orderBy: 'changedAt' } },
});

/** What the document holds beside the secret. */
export type SecondFactorValue = z.infer<typeof secondFactors.schema>;

/** A secret of TOTP that its owner has not shown to have yet. Gone after a quarter of an hour. */
export const totpEnrollments = defineCollection({
  name: 'account_totp_enrollments',
  recordVersion: 1,
  schema: z.strictObject({ startedAt: instant }),
});
