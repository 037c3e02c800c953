import { InvalidInputError } from '../errors/families.ts';

/** ACME servers by name. Their terms, limits and accounts differ: see their own pages. */
export const ACME_DIRECTORIES = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
  zerossl: 'https://acme.zerossl.com/v2/DV90',
  google: 'https://dv.acme-v02.api.pki.goog/directory',
  'google-staging': 'https://dv.acme-v02.test-api.pki.goog/directory',
} as const;

/** The name of a known ACME server. */
export type AcmeDirectoryName = keyof typeof ACME_DIRECTORIES;

/**
 * Finds the URL of an ACME directory.
 *
 * @param directory - one of the names, or an https URL
 * @throws {InvalidInputError} INVALID_ARGUMENT: neither
 */
export function directoryUrl(directory: string): string {
  if (typeof directory === 'string' && Object.hasOwn(ACME_DIRECTORIES, directory))
    return ACME_DIRECTORIES[directory as AcmeDirectoryName];
  const url = typeof directory === 'string' && URL.canParse(directory) ? new URL(directory) : undefined;
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return url.href;
  const names = Object.keys(ACME_DIRECTORIES).join(', ');
  // A URL may hold a password: what was given is not repeated.
  throw new InvalidInputError(
    'INVALID_ARGUMENT',
    `directory must be an https URL without credentials, or one of ${names}`,
  );
}
