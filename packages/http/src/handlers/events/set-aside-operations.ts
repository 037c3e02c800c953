import type { EventLog, SetAsideEvent } from '@chancery/core';
import { z } from 'zod';
import { noContent } from '../../exchange/answer.ts';
import { named } from '../../openapi/named-schema.ts';
import { pageAnswer, pageOf, pageOptions, pageQuery } from '../../pagination/page.ts';
import { holderOf } from '../../routing/access.ts';
import { type Operation, operation } from '../../routing/operation.ts';
import { instant } from '../accounts/account-schemas.ts';

const tag = 'events';

const setAsideSchema = named(
  'SetAsideEvent',
  z.strictObject({
    setAsideId: z.string().describe('The subject of the event `event.set_aside` that tells of it.'),
    eventId: z.string().describe('The id of the document in the outbox.'),
    setAsideAt: instant,
    reason: z.string().describe('What is wrong with it.'),
  }),
);

/** What was found in the outbox and is no event. Its content, which may be anything, is not shown. */
export function setAsideOperations(events: EventLog): Operation[] {
  const access = holderOf('events.manage');
  return [
    operation({
      id: 'listSetAsideEvents',
      tag,
      method: 'GET',
      path: '/events/set-aside',
      summary: 'Lists what waited to be logged and was set aside since it is no event, oldest first.',
      access,
      query: z.strictObject(pageQuery),
      answers: { 200: { description: 'A page of it.', schema: pageOf(setAsideSchema) } },
      handle({ incoming, query, signal }) {
        return pageAnswer(incoming, events.setAside({ ...pageOptions(query), signal }), showSetAside);
      },
    }),
    operation({
      id: 'discardSetAsideEvent',
      tag,
      method: 'DELETE',
      path: '/events/set-aside/{setAsideId}',
      summary: 'Removes what was set aside, once somebody has looked at it. The log tells of that.',
      access,
      params: z.object({ setAsideId: z.string() }),
      answers: { 204: { description: 'It is gone.' } },
      async handle({ params, signal }) {
        await events.discardSetAside(params.setAsideId, { signal });
        return noContent();
      },
    }),
  ];
}

function showSetAside({ setAsideId, eventId, setAsideAt, reason }: SetAsideEvent): object {
  return { setAsideId, eventId, setAsideAt, reason };
}
