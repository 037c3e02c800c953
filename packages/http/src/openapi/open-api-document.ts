import type { z } from 'zod';
import { accessInWords } from '../routing/access.ts';
import type { AnswerSpec, Operation } from '../routing/operation.ts';
import { typesOf } from '../routing/read-request.ts';
import { parameterNames } from '../routing/route-tree.ts';
import { problemSchema } from './problem-schema.ts';
import { type JsonSchema, SchemaComponents } from './schema-components.ts';

/** An OpenAPI 3.1 document, as plain JSON. */
export type OpenApiDocument = Readonly<Record<string, unknown>>;

/** What is told beside the operations. */
export interface OpenApiOptions {
  readonly basePath: string;
  readonly publicOrigin: string | undefined;
  readonly title: string;
}

/** Describes the operations. */
export function openApiDocument(
  operations: readonly Operation[],
  { basePath, publicOrigin = '', title }: OpenApiOptions,
): OpenApiDocument {
  const components = new SchemaComponents();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    // OpenAPI knows no parameter that takes the rest of a path.
    const path = operation.path.replace('{+', '{');
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describeOperation(operation, components) };
  }
  const problem = { 'application/problem+json': { schema: components.use(problemSchema) } };
  return {
    openapi: '3.1.0',
    info: {
      title,
      version: '1',
      description:
        'Errors are problem documents (RFC 9457): act upon `code`. Lists are paged by `cursor`, and link to their next page.',
    },
    servers: [{ url: `${publicOrigin}${basePath}` || '/' }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: components.all,
      responses: { Problem: { description: 'What is wrong.', content: problem } },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        dpop: {
          type: 'http',
          scheme: 'dpop',
          description: 'A DPoP-bound token, with a proof in the header DPoP (RFC 9449).',
        },
      },
    },
  };
}

function describeOperation(operation: Operation, components: SchemaComponents): JsonSchema {
  const { id, tag, summary, description, access, body } = operation;
  const isPublic = access.kind === 'public';
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    'x-permission': accessInWords(access),
    security: isPublic ? [] : [{ bearer: [] }, { dpop: [] }, ...(access.kind === 'introduced' ? [{}] : [])],
    parameters: [
      ...pathParameters(operation, components),
      ...queryParameters(operation, components),
      ...headerParameters(operation),
    ],
    ...(body === undefined ? {} : { requestBody: requestBody(body, components) }),
    responses: responses(operation, components),
  };
}

function pathParameters({ path, params }: Operation, components: SchemaComponents): JsonSchema[] {
  const { properties } = objectOf(params, components);
  return parameterNames(path).map((name) => parameter('path', name, properties[name] ?? { type: 'string' }, true));
}

function queryParameters({ query }: Operation, components: SchemaComponents): JsonSchema[] {
  const { properties, required } = objectOf(query, components);
  return Object.entries(properties).map(([name, schema]) =>
    parameter('query', name, schema, required.includes(name) && !('default' in schema)),
  );
}

function headerParameters({ headers = {}, idempotent, tagged, conditional }: Operation): JsonSchema[] {
  const all: Record<string, string> = {
    ...(idempotent !== undefined
      ? { 'Idempotency-Key': 'Sent again under the same key, it is done once, and gives the same answer for 24 hours.' }
      : {}),
    ...(tagged === true ? { 'If-None-Match': 'An ETag: 304 where nothing has changed.' } : {}),
    ...(conditional?.includes('if-match') ? { 'If-Match': 'An ETag: 412 where it is at another version.' } : {}),
    ...headers,
  };
  // OpenAPI ignores parameters of this name: the security schemes say it.
  return Object.entries(all)
    .filter(([name]) => name !== 'Authorization')
    .map(([name, description]) => parameter('header', name, { type: 'string', description }, false));
}

function parameter(where: string, name: string, { description, ...schema }: JsonSchema, required: boolean): JsonSchema {
  return { in: where, name, required, ...(description === undefined ? {} : { description }), schema };
}

function requestBody(body: NonNullable<Operation['body']>, components: SchemaComponents): JsonSchema {
  const schema = body.kind === 'json' ? { schema: components.use(body.schema) } : {};
  const types = body.kind === 'stream' ? ['*/*'] : typesOf(body);
  return {
    required: body.kind !== 'json' || body.optional !== true,
    content: Object.fromEntries(types.map((type) => [type, schema])),
  };
}

function responses({ answers }: Operation, components: SchemaComponents): JsonSchema {
  const told = Object.entries(answers).map(([status, answer]) => [status, describeAnswer(answer, components)]);
  return { ...Object.fromEntries(told), default: { $ref: '#/components/responses/Problem' } };
}

function describeAnswer(
  { description, schema, type, headers = {} }: AnswerSpec,
  components: SchemaComponents,
): JsonSchema {
  const content = {
    ...(schema === undefined ? {} : { 'application/json': { schema: components.use(schema) } }),
    ...Object.fromEntries([type ?? []].flat().map((each) => [each, {}])),
  };
  const hasContent = Object.keys(content).length > 0;
  const described = Object.entries(headers).map(([name, text]) => [
    name,
    { description: text, schema: { type: 'string' } },
  ]);
  return {
    description,
    ...(described.length === 0 ? {} : { headers: Object.fromEntries(described) }),
    ...(hasContent ? { content } : {}),
  };
}

function objectOf(
  schema: z.ZodType | undefined,
  components: SchemaComponents,
): { properties: Record<string, JsonSchema>; required: string[] } {
  if (schema === undefined) return { properties: {}, required: [] };
  const { properties = {}, required = [] } = components.use(schema) as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
  };
  return { properties, required };
}
