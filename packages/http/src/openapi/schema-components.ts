import { z } from 'zod';
import { nameOf } from './named-schema.ts';

/** A JSON Schema of draft 2020-12, which OpenAPI 3.1 takes as it is. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Turns schemas into JSON Schema, and gathers those that have names. */
export class SchemaComponents {
  readonly #schemas = new Map<string, JsonSchema>();

  /** The named schemas, in alphabetical order. */
  get all(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A schema, or a reference to it where it has a name. */
  use(schema: z.ZodType): JsonSchema {
    const name = nameOf(schema);
    if (name === undefined) return this.#convert(schema);
    if (!this.#schemas.has(name)) this.#schemas.set(name, this.#convert(schema));
    return { $ref: reference(name) };
  }

  #convert(schema: z.ZodType): JsonSchema {
    const { $schema: _, ...converted } = z.toJSONSchema(schema, {
      io: 'output',
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema, path }) => {
        const inner = zodSchema as unknown as z.ZodType;
        const name = path.length === 0 ? undefined : nameOf(inner);
        if (name !== undefined) {
          this.use(inner);
          for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
          jsonSchema.$ref = reference(name);
        }
        if (inner.def.type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
        // The format says it; the pattern beside it is longer than most schemas.
        if (jsonSchema.format === 'date-time' || jsonSchema.format === 'uuid') delete jsonSchema.pattern;
      },
    });
    return converted as JsonSchema;
  }
}

function reference(name: string): string {
  return `#/components/schemas/${name}`;
}
