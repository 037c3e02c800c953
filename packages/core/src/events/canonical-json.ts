import type { JsonObject, JsonValue } from '../ports/storage.ts';

/**
 * Writes a JSON value in its one canonical form (RFC 8785): no white space, members in the order of their UTF-16 code
 * units, numbers and strings as ECMAScript writes them.
 *
 * @param value - well-formed Unicode and finite numbers only, as storage holds them
 */
export function canonicalJson(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  let text = '';
  if (isList(value)) {
    for (const item of value) text += text === '' ? canonicalJson(item) : `,${canonicalJson(item)}`;
    return `[${text}]`;
  }
  for (const key of Object.keys(value).sort()) {
    const member = `${JSON.stringify(key)}:${canonicalJson(value[key] as JsonValue)}`;
    text += text === '' ? member : `,${member}`;
  }
  return `{${text}}`;
}

function isList(value: readonly JsonValue[] | JsonObject): value is readonly JsonValue[] {
  return Array.isArray(value);
}
