import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import { withoutUserinfo } from '../x509/name/general-name.ts';

/** The address that file names are appended to: without a query, a fragment or credentials. */
export function requireBaseUrl(url: string | undefined): void {
  requireHttpUrl('baseUrl', url);
  if (url === undefined) return;
  const { search, hash, username, password } = new URL(url);
  if (search === '' && hash === '' && username === '' && password === '') return;
  throw new InvalidInputError('INVALID_ARGUMENT', 'baseUrl must have no query, no fragment and no credentials');
}

/** RFC 5280 sections 4.2.1.13 and 4.2.2.1 want a URI that a relying party can fetch. */
export function requireHttpUrl(option: string, url: string | undefined): void {
  if (url === undefined) return;
  if (typeof url === 'string' && /^https?:\/\/[\x21-\x7e]+$/.test(url) && URL.canParse(url)) return;
  const told = quote(typeof url === 'string' ? withoutUserinfo(url) : url);
  throw new InvalidInputError('INVALID_ARGUMENT', `${option} must be an absolute http or https URL, not ${told}`);
}
