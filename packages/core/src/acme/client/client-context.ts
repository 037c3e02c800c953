import { AcmeError } from '../../errors/acme-error.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider, PrivateKey } from '../../ports/crypto.ts';
import type { AcmeResponse } from '../http/exchange.ts';
import { AcmeAccountKey } from '../jws/account-key.ts';
import type { AcmeSession } from './session.ts';
import type { AcmeDirectory } from './types.ts';

/** What the parts of one client share. */
export interface ClientContext {
  readonly session: AcmeSession;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  /** The account's key; another one after a key change. */
  accountKey: PrivateKey;
  /** The account's URL, once it is known. */
  accountUrl: string | undefined;
}

/** What is asked, in the account's name. */
export interface AccountRequest {
  readonly url: string;
  /** Undefined for POST-as-GET. */
  readonly payload?: unknown;
  /** For messages. */
  readonly what: string;
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
}

/** The client's key in the form that it signs by. */
export function signingKey({ accountKey, crypto }: ClientContext): Promise<AcmeAccountKey> {
  return AcmeAccountKey.of(accountKey, crypto);
}

/**
 * Sends a request that the account's key signs.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: the account's URL is not known yet
 * @throws {AcmeError} as the server refuses
 */
export async function postAsAccount(context: ClientContext, request: AccountRequest): Promise<AcmeResponse> {
  const { session, accountUrl } = context;
  if (accountUrl === undefined)
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      'The account is not known: give accountUrl, or call createAccount()',
    );
  const key = await signingKey(context);
  return session.post({ payload: undefined, ...request, key, kid: accountUrl });
}

/**
 * The URL of a resource that not every server has.
 *
 * @throws {AcmeError} ACME_UNSUPPORTED: this one has it not
 */
export async function requireResource(
  { session }: Pick<ClientContext, 'session'>,
  name: 'newAuthz' | 'keyChange' | 'revokeCert' | 'renewalInfo',
  signal: AbortSignal | undefined,
): Promise<string> {
  const directory: AcmeDirectory = await session.directory(signal);
  const url = directory[name];
  if (url !== undefined) return url;
  throw new AcmeError('ACME_UNSUPPORTED', `The ACME server's directory has no ${name}`, { facts: { resource: name } });
}
