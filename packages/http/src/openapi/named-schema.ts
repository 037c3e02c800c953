import type { z } from 'zod';

const NAMES = new WeakMap<z.ZodType, string>();

/**
 * Gives a schema the name that it has in the OpenAPI document. The names are ours alone: those of zod's own registry are shared by everything in the
 * process.
 */
export function named<T extends z.ZodType>(name: string, schema: T): T {
  NAMES.set(schema, name);
  return schema;
}

/** The name of a schema, where it has one. */
export function nameOf(schema: z.ZodType): string | undefined {
  return NAMES.get(schema);
}
