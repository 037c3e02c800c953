import { HttpProblem } from '../problems/http-problem.ts';

/** What an `Authorization` header holds. */
export interface Authorization {
  readonly scheme: 'bearer' | 'dpop';
  readonly token: string;
}

/** A token68 (RFC 9110 section 11.2): two headers, joined by a comma, are none. */
const FORM = /^(bearer|dpop) +([A-Za-z0-9\-._~+/]+=*)$/i;

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
