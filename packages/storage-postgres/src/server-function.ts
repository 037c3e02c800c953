import { fingerprint, internalName, qualified } from './identifiers.ts';
import type { Tables } from './tables.ts';

/** The SQLSTATE by which a server function says that it met a rival, wrote nothing, and has to be called again. */
export const RIVAL = 'CHR01';

/** A function of the adapter's on the server. */
export interface ServerFunction {
  /** Unquoted and unqualified. */
  readonly plainName: string;
  /** Qualified and quoted. */
  readonly name: string;
  /** The name with the types of its arguments. */
  readonly signature: string;
  /** The statement that creates it. */
  readonly create: string;
}

/**
 * Puts a body of PL/pgSQL into a function that gives JSON. Its name carries a fingerprint of its text, so that versions of
 * this package stand side by side during a deployment.
 *
 * @param parameters - names and types, separated by `, `
 * @param settings - hold while the function runs, and for the plans that it makes
 */
export function serverFunction(
  tables: Tables,
  purpose: string,
  parameters: string,
  body: string,
  settings: readonly string[] = [],
): ServerFunction {
  const plainName = internalName(tables.namespace, `${purpose}_${fingerprint([body, ...settings].join()).slice(0, 8)}`);
  const name = qualified(tables.schema, plainName);
  const create = `CREATE OR REPLACE FUNCTION ${name}(${parameters}) RETURNS jsonb LANGUAGE plpgsql VOLATILE${settings.map((setting) => ` SET ${setting}`).join('')} AS $body$
${body}
$body$`;
  const types = parameters.split(', ').map((parameter) => parameter.split(' ')[1]);
  return { plainName, name, signature: `${name}(${types.join(', ')})`, create };
}
