import { isBytes } from '../../encoding/bytes.ts';
import { toHex } from '../../encoding/hex.ts';
import { DistinguishedName } from '../name/distinguished-name.ts';
import { formatGeneralName, type GeneralName, generalNameKinds } from '../name/general-name.ts';

/** A value that survives JSON. */
export type PlainValue = string | number | boolean | null | readonly PlainValue[] | PlainObject;

/** An object of values that survive JSON. */
export interface PlainObject {
  readonly [field: string]: PlainValue;
}

/**
 * Turns what decoders return into what JSON can hold: names as text, bytes as hex, instants in ISO 8601, big integers in
 * decimal. Fields that are undefined are left out.
 *
 * @param value - a decoded structure; its depth is that of the decoder's types
 */
export function toPlainValue(value: unknown): PlainValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return value.toString();
  if (isBytes(value)) return toHex(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof DistinguishedName) return value.toString();
  if (Array.isArray(value)) return value.map(toPlainValue);
  if (isGeneralName(value)) return formatGeneralName(value);
  const fields = Object.entries(value).filter(([, content]) => content !== undefined);
  return Object.fromEntries(fields.map(([field, content]) => [field, toPlainValue(content)]));
}

function isGeneralName(value: object): value is GeneralName {
  return 'kind' in value && generalNameKinds.some((kind) => kind === value.kind);
}
