import type { DeadLetter, EventLog, SinkStatus } from '@chancery/core';
import { z } from 'zod';
import { json, noContent } from '../../exchange/answer.ts';
import { named } from '../../openapi/named-schema.ts';
import { pageAnswer, pageOf, pageOptions, pageQuery } from '../../pagination/page.ts';
import { holderOf } from '../../routing/access.ts';
import { type Operation, operation } from '../../routing/operation.ts';
import { instant } from '../accounts/account-schemas.ts';
import { defined } from '../defined.ts';

const tag = 'events';
const access = holderOf('events.manage');
const sink = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/)
  .describe('The name of a sink.');
const count = z.number().int();

const sinkSchema = named(
  'Sink',
  z.strictObject({
    sink: z.string(),
    state: z.enum(['active', 'disabled']),
    position: count.describe('The first entry of the log that it has not dealt with.'),
    behind: count,
    failingSubjects: count.describe('How many subjects have events that it does not take at present.'),
    quietUntil: instant.optional(),
    disabledAt: instant.optional(),
    reason: z.string().optional().describe('Why it was disabled.'),
    status: count.optional(),
  }),
);

const deadLetterSchema = named(
  'DeadLetter',
  z.strictObject({
    sink: z.string(),
    sequence: count.describe('The place of the event in the log.'),
    eventId: z.string(),
    type: z.string(),
    source: z.string(),
    subject: z.string(),
    attempts: count,
    reason: z.string().describe('Why the last attempt failed.'),
    status: count.optional(),
    diedAt: instant,
    replayAt: instant.optional().describe('When a replay was asked for that has not begun yet.'),
  }),
);

const sinkBody = named('SinkName', z.strictObject({ sink }));
const selectionBody = named(
  'DeadLetterSelection',
  z.strictObject({
    sink,
    sequence: z.number().int().min(0).optional().describe('One of them, by its place in the log. Default: all.'),
  }),
);
const countSchema = named('DeadLetterCount', z.strictObject({ count }));

/** Sinks, such as webhooks, and the events that were given up for them. */
export function deliveryOperations({ deliveries }: EventLog): Operation[] {
  return [
    operation({
      id: 'listSinks',
      tag,
      method: 'GET',
      path: '/events/sinks',
      summary: 'How every sink is doing.',
      access,
      answers: { 200: { description: 'All of them.', schema: z.strictObject({ items: z.array(sinkSchema) }) } },
      async handle({ signal }) {
        return json({ items: (await deliveries.status({ signal })).map(showSink) });
      },
    }),
    operation({
      id: 'enableSink',
      tag,
      method: 'POST',
      path: '/events/sinks/enable',
      summary: 'Lets a sink that was disabled go on where it stood.',
      access,
      body: { kind: 'json', schema: sinkBody },
      answers: { 204: { description: 'It goes on.' } },
      async handle({ body, signal }) {
        await deliveries.enable(body.sink, { signal });
        return noContent();
      },
    }),
    operation({
      id: 'listDeadLetters',
      tag,
      method: 'GET',
      path: '/events/dead-letters',
      summary: 'Lists the events that were given up for a sink, in the order of the log.',
      access,
      query: z.strictObject({ ...pageQuery, sink: sink.optional() }),
      answers: { 200: { description: 'A page of dead letters.', schema: pageOf(deadLetterSchema) } },
      handle({ incoming, query: { sink: of, ...page }, signal }) {
        const reading = deliveries.deadLetters({ ...pageOptions(page), ...defined({ sink: of }), signal });
        return pageAnswer(incoming, reading, showDeadLetter);
      },
    }),
    deadLetterOperation(deliveries, {
      id: 'replayDeadLetters',
      verb: 'replay',
      summary: 'Delivers dead letters of a sink after all.',
      counted: 'How many are tried again.',
    }),
    deadLetterOperation(deliveries, {
      id: 'discardDeadLetters',
      verb: 'discard',
      summary: 'Forgets dead letters of a sink. The events stay in the log.',
      counted: 'How many there were.',
    }),
  ];
}

interface DeadLetterChange {
  readonly id: string;
  readonly verb: 'replay' | 'discard';
  readonly summary: string;
  /** What the answer counts. */
  readonly counted: string;
}

function deadLetterOperation(
  deliveries: EventLog['deliveries'],
  { id, verb, summary, counted }: DeadLetterChange,
): Operation {
  return operation({
    id,
    tag,
    method: 'POST',
    path: `/events/dead-letters/${verb}`,
    summary,
    access,
    body: { kind: 'json', schema: selectionBody },
    answers: { 200: { description: counted, schema: countSchema } },
    async handle({ body: { sink: of, sequence }, signal }) {
      return json({ count: await deliveries[verb]({ sink: of, ...defined({ sequence }), signal }) });
    },
  });
}

function showSink({ fault, ...told }: SinkStatus): object {
  const { sink: name, state, position, behind, failingSubjects, quietUntil, disabledAt } = told;
  const { reason, status } = fault ?? {};
  return { sink: name, state, position, behind, failingSubjects, quietUntil, disabledAt, reason, status };
}

function showDeadLetter(letter: DeadLetter): object {
  const { sink: name, sequence, eventId, type, source, subject, attempts, reason, status, diedAt, replayAt } = letter;
  return { sink: name, sequence, eventId, type, source, subject, attempts, reason, status, diedAt, replayAt };
}
