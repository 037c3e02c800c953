import { HttpProblem } from '../problems/http-problem.ts';

/** What an `Authorization` header holds. */
export interface Authorization {
  readonly scheme: 'bearer' | 'dpop';
  readonly token: string;
}

/** A token68 (RFC 9110 section 11.2): two headers, joined by a comma, are none. */
const FORM = /^(bearer|dpop) +([A-Za-z0-9\-._~+/]+=*)$/i;

const KEPT = 1_024;
/** What is longer is read anew each time, so that few large ones do not fill the memory. */
const LONGEST = 4_096;
/** Tells headers apart by the end of the token: the last letters of a signature. */
const TAIL = 24;

interface Kept {
  readonly header: string;
  readonly authorization: Authorization;
}

/** Reads `Authorization` headers, of which a client sends the same with every request: to compare two takes less than to read one. */
export class Authorizations {
  readonly #kept = new Map<string, Kept>();

  /** How many are kept. */
  get size(): number {
    return this.#kept.size;
  }

  /** As `parseAuthorization`. @throws {HttpProblem} AUTHENTICATION_REQUIRED */
  read(header: string): Authorization {
    const tail = header.slice(-TAIL);
    const kept = this.#kept.get(tail);
    if (kept?.header === header) return kept.authorization;
    const authorization = parseAuthorization(header);
    if (header.length > LONGEST) return authorization;
    if (this.#kept.size >= KEPT) this.#kept.delete(this.#kept.keys().next().value as string);
    this.#kept.set(tail, { header, authorization });
    return authorization;
  }
}

/**
 * Reads an `Authorization` header.
 *
 * @throws {HttpProblem} AUTHENTICATION_REQUIRED: it holds no token of a scheme that is spoken here
 */
export function parseAuthorization(header: string): Authorization {
  const match = FORM.exec(header);
  if (match === null) {
    throw new HttpProblem('AUTHENTICATION_REQUIRED', 'Authorization must be one token: Bearer <token> or DPoP <token>');
  }
  return { scheme: (match[1] as string).toLowerCase() as Authorization['scheme'], token: match[2] as string };
}
