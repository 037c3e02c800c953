import { StorageError } from '../../errors/storage-error.ts';
import { formatIpAddress, parseIpAddress } from '../../x509/name/ip-address.ts';
import { isHostName } from '../../x509/path/host-name.ts';
import { isToken } from '../jws/key-authorization.ts';
import { challengeId } from './challenge-records.ts';
import { acmeChallenges } from './collections.ts';
import type { IssuerContext } from './issuer-context.ts';

/**
 * Answers a request for `/.well-known/acme-challenge/<token>` (RFC 8555 section 8.3).
 *
 * @param token - the last part of the path
 * @param host - the `Host` header, with or without a port
 * @returns the body, to be sent as `application/octet-stream`; undefined: status 404
 */
export type Http01Responder = (token: string, host: string | undefined) => Promise<string | undefined>;

/** Any instance answers for any other: what is asked for is in storage. */
export function http01Responder({ store }: Pick<IssuerContext, 'store'>): Http01Responder {
  return async (token, host) => {
    const name = hostOf(host);
    // Anyone can ask: what no server asks for costs no read.
    if (!isToken(token) || name === undefined) return undefined;
    const type = 'http-01';
    const id = challengeId({ type, token, identifier: { type: 'dns', value: name } });
    const entry = await store.get(acmeChallenges, id);
    if (entry === undefined || entry.value.identifier.value !== name) return undefined;
    if (entry.value.token !== token)
      throw new StorageError('STORAGE_CORRUPT', `ACME challenge ${entry.id} holds another token`);
    return entry.value.keyAuthorization;
  };
}

/** The host of a `Host` header (RFC 9110 section 7.2) as identifiers are written; undefined where it is none. */
function hostOf(header: unknown): string | undefined {
  if (typeof header !== 'string' || header.length > 300) return undefined;
  const [, host = ''] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/i.exec(header) ?? [];
  const address = parseIpAddress(host.replace(/^\[(.*)\]$/, '$1'));
  if (address !== undefined) return formatIpAddress(address);
  const name = host.toLowerCase().replace(/\.$/, '');
  return isHostName(name) ? name : undefined;
}
