import { StorageError } from '@chancery/core';
import { z } from 'zod';
import { type Answer, json } from '../exchange/answer.ts';
import type { Incoming } from '../exchange/incoming.ts';
import { HttpProblem } from '../problems/http-problem.ts';
import { integerParameter } from '../routing/parameters.ts';

/** The parameters of every list: how many, and from where. */
export const pageQuery = {
  limit: integerParameter(1, 1_000).default(100).describe('How many items a page has at the most, 1 to 1,000.'),
  cursor: z
    .string()
    .min(1)
    .max(2_048)
    .regex(/^[\x21-\x7e]+$/)
    .optional()
    .describe('Where the page before ended, as its answer said.'),
};

/** A page's schema. Only the absence of `cursor` says that it was the last. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({ items: z.array(item), cursor: z.string().optional() });
}

/** The options of a manager's list. */
export interface PageOptions {
  readonly limit: number;
  readonly cursor?: string;
}

/** What the parameters of a list say, for a manager. */
export function pageOptions({ limit, cursor }: { limit: number; cursor?: string | undefined }): PageOptions {
  return cursor === undefined ? { limit } : { limit, cursor };
}

/**
 * Answers with a page, and with a link to the next one (RFC 8288).
 *
 * @param show - what the outside sees of an item
 * @throws {HttpProblem} CURSOR_INVALID: the cursor is of another list
 */
export async function pageAnswer<T>(
  incoming: Incoming,
  reading: Promise<{ readonly items: readonly T[]; readonly cursor?: string }>,
  show: (item: T) => unknown,
): Promise<Answer> {
  const { items, cursor } = await reading.catch((error: unknown) => {
    throw isForeignCursor(error, incoming) ? cursorInvalid(error) : error;
  });
  const shown = items.map(show);
  if (cursor === undefined) return json({ items: shown });
  return json({ items: shown, cursor }, { headers: ['link', `<${nextPage(incoming, cursor)}>; rel="next"`] });
}

function nextPage({ path, query }: Incoming, cursor: string): string {
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursor);
  // The path is the client's own words: what could leave the link does not.
  return `${path.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@%/]/g, encodeURIComponent)}?${parameters}`;
}

function isForeignCursor(error: unknown, { query }: Incoming): boolean {
  return error instanceof StorageError && error.code === 'STORAGE_INVALID' && /(?:^|&)cursor=/.test(query);
}

function cursorInvalid(cause: unknown): HttpProblem {
  return new HttpProblem('CURSOR_INVALID', 'The cursor is not one of this list', { cause });
}
