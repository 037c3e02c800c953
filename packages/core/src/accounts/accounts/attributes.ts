import { StorageError } from '../../errors/storage-error.ts';
import { normalizeJson } from '../../ports/storage/json.ts';
import type { JsonObject } from '../../ports/storage.ts';

const MOST_BYTES = 16_384;

/**
 * Checks and copies the attributes of an account.
 *
 * @param value - a plain object that survives JSON, at most 16 KiB as such
 * @returns a copy, or what is wrong with it: the place and the rule, never a value
 */
export function parseAttributes(value: unknown): { readonly attributes: JsonObject } | { readonly fault: string } {
  try {
    const { value: copy, size } = normalizeJson({ attributes: value }, 'account');
    if (typeof copy.attributes !== 'object' || copy.attributes === null || Array.isArray(copy.attributes)) {
      return { fault: 'must be a plain object' };
    }
    if (size > MOST_BYTES) return { fault: `must have at most ${MOST_BYTES} bytes as JSON, not ${size}` };
    return { attributes: copy.attributes as JsonObject };
  } catch (error) {
    if (error instanceof StorageError) return { fault: error.message };
    throw error;
  }
}
