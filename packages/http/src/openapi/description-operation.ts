import { z } from 'zod';
import { json } from '../exchange/answer.ts';
import { anybody } from '../routing/access.ts';
import { type Operation, operation } from '../routing/operation.ts';
import type { OpenApiDocument } from './open-api-document.ts';

/** The description of the API, which describes itself too. */
export function descriptionOperation(document: () => OpenApiDocument): Operation {
  return operation({
    id: 'getOpenApi',
    tag: 'description',
    method: 'GET',
    path: '/openapi.json',
    summary: 'This document.',
    access: anybody,
    answers: { 200: { description: 'OpenAPI 3.1.', schema: z.looseObject({ openapi: z.string() }) } },
    handle: async () => json(document(), { headers: ['cache-control', 'public, max-age=300'] }),
  });
}
