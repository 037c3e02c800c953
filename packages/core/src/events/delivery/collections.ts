import { z } from 'zod';
import { defineCollection } from '../../store/collection.ts';

const count = z.number().int().min(0);
const instant = z.number().int();
const fault = z.strictObject({ reason: z.string(), status: z.number().int().optional() });

/**
 * One document a sink: how far it has come in the log. `dueAt` is the lease under which one instance at a time works for the sink, and
 * every commit of that work moves this document: an instance that overstayed its lease writes nothing.
 */
export const sinkCursors = defineCollection({
  name: 'events_sinks',
  recordVersion: 1,
  schema: z.strictObject({
    /** Every entry before this one was delivered, is in a lane, became a dead letter, or is not for this sink. */
    position: count,
    state: z.enum(['active', 'disabled', 'removed']),
    disabledAt: instant.optional(),
    fault: fault.optional(),
    /** How many lanes there are. */
    lanes: count,
    /** How many rounds in a row found the receiver failing for all subjects. */
    failures: count,
    /** New entries wait until then. */
    quietUntil: instant,
    /** The receiver asked to be left alone until then, by every event. */
    restUntil: instant,
    /** When an instance that has this sink was last seen, to the day. */
    seenAt: instant,
  }),
  indexes: { bySeenAt: { orderBy: 'seenAt' } },
});

/** One document a subject whose events a sink does not take at present: those that wait, in order. Its first one is tried again at `retryAt`. */
export const lanes = defineCollection({
  name: 'events_lanes',
  recordVersion: 1,
  schema: z.strictObject({
    sink: z.string(),
    /** Sequence number, and when it came to wait. */
    waiting: z.array(z.tuple([count, instant])).min(1),
    /** The sequence number of the first. */
    head: count,
    /** How often the first was tried in vain. */
    attempts: count,
    retryAt: instant,
    fault: fault.optional(),
  }),
  indexes: {
    byRetryAt: { equals: ['sink'], orderBy: 'retryAt' },
    byHead: { equals: ['sink'], orderBy: 'head' },
  },
});

/** One document an event that was given up for a sink. It holds nothing of the event but what finds it. */
export const deadLetters = defineCollection({
  name: 'events_dead_letters',
  recordVersion: 1,
  schema: z.strictObject({
    sink: z.string(),
    sequence: count,
    eventId: z.string(),
    type: z.string(),
    source: z.string(),
    subject: z.string(),
    attempts: count,
    diedAt: instant,
    fault,
    /** Set by a replay: the sink's worker puts it back into its subject's lane. */
    replayAt: instant.optional(),
  }),
  indexes: {
    bySequence: { orderBy: 'sequence' },
    bySinkAndSequence: { equals: ['sink'], orderBy: 'sequence' },
    byReplayAt: { equals: ['sink'], orderBy: 'replayAt' },
  },
});

/** Everything that deliveries keep. */
export const deliveryCollections = [sinkCursors, lanes, deadLetters] as const;
