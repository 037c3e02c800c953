import { fromUtf8 } from '../../encoding/bytes.ts';

/** What a JSON text held. */
export type ParsedObject = Readonly<Record<string, unknown>>;

/** Strings whole, so that no punctuation within one counts; then what opens, closes or names. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/**
 * Reads a JSON object in which no object names a member twice (RFC 7519 section 4 leaves the choice; of two readers that choose
 * differently, one is deceived).
 *
 * @param bytes UTF-8, without a byte order mark
 * @returns the object, or undefined for everything else
 */
export function parseJsonObject(bytes: Uint8Array): ParsedObject | undefined {
  try {
    const text = fromUtf8(bytes);
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    // What is written again as it was, as tokens of our own are, has lost nothing: that is quicker than to look.
    return JSON.stringify(value) !== text && namesTwice(text) ? undefined : (value as ParsedObject);
  } catch {
    return undefined;
  }
}

/** @param text well-formed JSON: here a string is a name exactly if a colon follows it */
function namesTwice(text: string): boolean {
  const open: Set<string>[] = [];
  let lastString = '';
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (token !== ':') lastString = token;
    else {
      const name = JSON.parse(lastString) as string;
      const names = open.at(-1);
      if (names?.has(name)) return true;
      names?.add(name);
    }
  }
  return false;
}
