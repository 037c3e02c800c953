import { z } from 'zod';
import { defineCollection } from '../../store/collection.ts';

/** One document a chore, by its name, which is its queue too: whoever claims it has the turn. */
export const chores = defineCollection({
  name: 'renewal_chores',
  recordVersion: 1,
  schema: z.strictObject({
    /** Failures in a row. */
    failures: z.number().int().nonnegative(),
    /** When it ended last, epoch milliseconds. */
    ranAt: z.number().int().optional(),
  }),
});

/** What the document of a chore holds. */
export type ChoreValue = z.infer<typeof chores.schema>;
