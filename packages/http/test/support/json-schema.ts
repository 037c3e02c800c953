import { isDeepStrictEqual } from 'node:util';

type Schema = Readonly<Record<string, unknown>>;

/** The keywords that the document's schemas use. Another one is an error: it would not be judged. */
const KNOWN = new Set([
  ...[
    '$ref',
    'type',
    'properties',
    'required',
    'additionalProperties',
    'propertyNames',
    'items',
    'anyOf',
    'enum',
    'const',
  ],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'pattern', 'format'],
  ...['description', 'default'],
]);

const FORMATS: Readonly<Record<string, RegExp>> = {
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/,
  uuid: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
};

/** Judges JSON by the JSON Schemas of an OpenAPI 3.1 document (draft 2020-12, as far as they go): what is wrong, and where. */
export function schemaFaults(document: Schema, schema: Schema, value: unknown, path = '$'): string[] {
  for (const keyword of Object.keys(schema)) if (!KNOWN.has(keyword)) return [`${path}: unknown keyword ${keyword}`];
  if (typeof schema.$ref === 'string') return schemaFaults(document, resolve(document, schema.$ref), value, path);
  const faults: string[] = [];
  const fail = (what: string) => faults.push(`${path}: ${what}, not ${JSON.stringify(value)?.slice(0, 80)}`);
  const types = [schema.type ?? []].flat() as string[];
  if (types.length > 0 && !types.some((type) => hasType(value, type))) fail(`must be ${types.join(' or ')}`);
  if (schema.const !== undefined && !isDeepStrictEqual(value, schema.const)) fail(`must be ${String(schema.const)}`);
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) fail(`must be one of ${schema.enum.join()}`);
  if (Array.isArray(schema.anyOf)) {
    const fits = schema.anyOf.some((each) => schemaFaults(document, each as Schema, value, path).length === 0);
    if (!fits) fail('fits none of anyOf');
  }
  if (typeof value === 'number' && (value < Number(schema.minimum ?? value) || value > Number(schema.maximum ?? value)))
    fail('is out of range');
  if (typeof value === 'string') {
    const format = FORMATS[String(schema.format)];
    if (schema.format !== undefined && format?.test(value) !== true) fail(`must be a ${String(schema.format)}`);
    if (typeof schema.pattern === 'string' && !new RegExp(schema.pattern, 'u').test(value))
      fail('does not fit its pattern');
  }
  if (Array.isArray(value) && schema.items !== undefined) {
    faults.push(...value.flatMap((item, at) => schemaFaults(document, schema.items as Schema, item, `${path}[${at}]`)));
  }
  if (isObject(value)) faults.push(...objectFaults(document, schema, value, path));
  return faults;
}

function objectFaults(document: Schema, schema: Schema, value: Record<string, unknown>, path: string): string[] {
  const {
    properties = {},
    required = [],
    additionalProperties = true,
  } = schema as {
    properties?: Record<string, Schema>;
    required?: string[];
    additionalProperties?: boolean | Schema;
  };
  const missing = required.filter((name) => !(name in value)).map((name) => `${path}: ${name} is missing`);
  const inner = Object.entries(value).flatMap(([name, member]) => {
    const known = properties[name];
    if (known !== undefined) return schemaFaults(document, known, member, `${path}.${name}`);
    if (additionalProperties === true) return [];
    if (additionalProperties === false) return [`${path}: ${name} is not told of`];
    return schemaFaults(document, additionalProperties, member, `${path}.${name}`);
  });
  return [...missing, ...inner];
}

/** Follows a reference within the document. */
export function resolve(document: Schema, reference: string): Schema {
  let found: unknown = document;
  for (const step of reference.replace('#/', '').split('/')) found = (found as Record<string, unknown>)?.[step];
  if (!isObject(found)) throw new Error(`${reference} leads nowhere`);
  return found;
}

function hasType(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'null') return value === null;
  if (type === 'object') return isObject(value);
  return typeof value === type;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
