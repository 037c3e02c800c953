import { z } from 'zod';
import { json } from '../../exchange/answer.ts';
import { named } from '../../openapi/named-schema.ts';
import { anybody } from '../../routing/access.ts';
import { type Operation, operation } from '../../routing/operation.ts';
import type { Readiness } from './readiness.ts';

const tag = 'health';
const status = z.enum(['ok', 'unavailable']);

const reportSchema = named(
  'Readiness',
  z.strictObject({
    status,
    checks: z.record(z.string(), z.looseObject({ status })),
  }),
);

/** Whether the process lives, and whether what it stands on does. */
export function healthOperations(readiness: Readiness): Operation[] {
  return [
    operation({
      id: 'getHealth',
      tag,
      method: 'GET',
      path: '/healthz',
      summary: 'The process answers.',
      access: anybody,
      answers: { 200: { description: 'It lives.', schema: z.strictObject({ status: z.literal('ok') }) } },
      handle: async () => json({ status: 'ok' }),
    }),
    operation({
      id: 'getReadiness',
      tag,
      method: 'GET',
      path: '/readyz',
      summary: 'Whether each dependency works.',
      access: anybody,
      answers: {
        200: { description: 'All of them.', schema: reportSchema },
        503: { description: 'Not all of them.', schema: reportSchema },
      },
      async handle() {
        const report = await readiness.report();
        return json(report, { status: report.status === 'ok' ? 200 : 503 });
      },
    }),
  ];
}
