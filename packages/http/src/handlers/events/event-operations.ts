import type { EventLog, LogFork, LogProblem } from '@chancery/core';
import { z } from 'zod';
import type { EventTail } from '../../event-stream/event-tail.ts';
import { serverSentEvents, showEntry } from '../../event-stream/server-sent-events.ts';
import { content, json } from '../../exchange/answer.ts';
import { named } from '../../openapi/named-schema.ts';
import { pageAnswer, pageOf, pageOptions, pageQuery } from '../../pagination/page.ts';
import { HttpProblem } from '../../problems/http-problem.ts';
import { holderOf } from '../../routing/access.ts';
import { type Operation, operation } from '../../routing/operation.ts';
import { integerParameter, plainText } from '../../routing/parameters.ts';
import { instant } from '../accounts/account-schemas.ts';
import type { HandlerContext } from '../context.ts';
import { defined } from '../defined.ts';

const tag = 'events';
const MOST_FOLLOWERS = 1_000;
const sequence = integerParameter(0, 1e15 - 1);
const selection = {
  type: z
    .string()
    .regex(/^[a-z0-9_.-]{1,128}$/)
    .optional()
    .describe('Of this type alone.'),
  subject: plainText(512).optional().describe('About this subject alone.'),
};

/** An event in its place in the log. */
export const eventSchema = named(
  'LoggedEvent',
  z.strictObject({
    sequence: z.number().int().describe('Its place in the log, from 0, without gaps.'),
    loggedAt: instant,
    event: z
      .strictObject({
        specversion: z.literal('1.0'),
        id: z.string(),
        type: z.string(),
        source: z.string(),
        subject: z.string(),
        time: instant,
        datacontenttype: z.literal('application/json'),
        subjectrevision: z.number().int(),
        data: z.record(z.string(), z.unknown()),
      })
      .describe('CloudEvents 1.0.'),
  }),
);

const verificationSchema = named(
  'LogVerification',
  z.strictObject({
    valid: z.boolean(),
    from: z.number().int(),
    size: z.number().int(),
    checkpoints: z.number().int(),
    problems: z.array(
      z.strictObject({
        kind: z.string(),
        sequence: z.number().int(),
        count: z.number().int().optional(),
        eventId: z.string().optional(),
        movedFrom: z.number().int().optional(),
        checkpoint: z.number().int().optional(),
      }),
    ),
    more: z.boolean(),
    setAside: z
      .number()
      .int()
      .describe('How many documents were set aside since they are no events: they are not in the log.'),
    forks: z.array(z.strictObject({ foundAt: instant, lostSize: z.number().int(), continuedFrom: z.number().int() })),
  }),
);

/** The audit log: listed, followed, verified. */
export function eventOperations(
  events: EventLog,
  tail: EventTail,
  { authenticator, clock, timer }: Pick<HandlerContext, 'authenticator' | 'clock' | 'timer'>,
): Operation[] {
  return [
    operation({
      id: 'listEvents',
      tag,
      method: 'GET',
      path: '/events',
      summary: 'Lists the audit log in its order.',
      access: holderOf('events.read'),
      query: z.strictObject({ ...pageQuery, ...selection, from: sequence.optional() }),
      answers: { 200: { description: 'A page of the log.', schema: pageOf(eventSchema) } },
      handle({ incoming, query: { type, subject, from, ...page }, signal }) {
        const reading = events.list({ ...pageOptions(page), ...defined({ type, subject, from }), signal });
        return pageAnswer(incoming, reading, showEntry);
      },
    }),
    operation({
      id: 'followEvents',
      tag,
      method: 'GET',
      path: '/events/stream',
      summary: 'The audit log as server-sent events, as it grows.',
      description:
        'It ends with the event `end` when the access token runs out, or no longer lets its owner see the log: refresh, and connect again with the last id.',
      access: holderOf('events.read'),
      noHead: true,
      headers: { 'Last-Event-ID': 'The sequence number after which to begin.' },
      query: z.strictObject({ ...selection, after: sequence.optional().describe('As Last-Event-ID.') }),
      answers: { 200: { description: 'Events, each with its sequence number as its id.', type: 'text/event-stream' } },
      async handle(call) {
        const { incoming, principal } = call;
        const { type, subject, after } = call.query;
        if (tail.followers >= MOST_FOLLOWERS) {
          throw new HttpProblem('UNAVAILABLE', 'Too many follow the log', { headers: ['retry-after', '5'] });
        }
        const stream = await serverSentEvents({
          tail,
          clock,
          timer,
          after: lastEventId(incoming.header('last-event-id')) ?? after,
          wanted: ({ event }) =>
            (type === undefined || event.type === type) && (subject === undefined || event.subject === subject),
          until: principal.expiresAt,
          async mayStill() {
            const roles = await authenticator.rolesNow(principal);
            return roles !== undefined && call.isGivenBy(roles);
          },
        });
        // Proxies that gather an answer before they pass it on would keep it for ever.
        return content('text/event-stream', stream, {
          headers: ['cache-control', 'no-store', 'x-accel-buffering', 'no'],
        });
      },
    }),
    operation({
      id: 'verifyEvents',
      tag,
      method: 'GET',
      path: '/events/verification',
      summary: 'Walks the log, and tells what is wrong with it.',
      access: holderOf('events.read'),
      noHead: true,
      query: z.strictObject({ from: sequence.optional() }),
      answers: { 200: { description: 'What was found.', schema: verificationSchema } },
      async handle({ query, signal }) {
        const { valid, from, size, checkpoints, problems, more, setAside, forks } = await events.verify({
          ...defined(query),
          signal,
        });
        return json({
          valid,
          from,
          size,
          checkpoints,
          problems: problems.map(showProblem),
          more,
          setAside,
          forks: forks.map(showFork),
        });
      },
    }),
    operation({
      id: 'getCheckpoint',
      tag,
      method: 'GET',
      path: '/events/checkpoint',
      summary: 'A signed checkpoint of the log as it is: keep it elsewhere.',
      access: holderOf('events.read'),
      noHead: true,
      answers: { 200: { description: 'A C2SP signed note.', type: 'text/plain; charset=utf-8' } },
      async handle({ signal }) {
        const { note } = await events.checkpoint({ signal });
        return content('text/plain; charset=utf-8', note);
      },
    }),
  ];
}

/** @throws {HttpProblem} HEADER_INVALID */
function lastEventId(header: string | undefined): number | undefined {
  if (header === undefined || header === '') return undefined;
  const parsed = sequence.safeParse(header);
  if (parsed.success) return parsed.data;
  throw new HttpProblem('HEADER_INVALID', 'Last-Event-ID must be a sequence number, as an id of the stream gave it');
}

function showProblem({ kind, sequence: at, count, eventId, movedFrom, checkpoint }: LogProblem): object {
  return { kind, sequence: at, count, eventId, movedFrom, checkpoint };
}

function showFork({ foundAt, lostSize, continuedFrom }: LogFork): object {
  return { foundAt, lostSize, continuedFrom };
}
