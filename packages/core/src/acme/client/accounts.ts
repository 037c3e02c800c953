import { AcmeError } from '../../errors/acme-error.ts';
import { requireObject } from '../../errors/require-object.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { PrivateKey } from '../../ports/crypto.ts';
import type { AcmeResponse } from '../http/exchange.ts';
import { linksOf } from '../http/links.ts';
import { AcmeAccountKey } from '../jws/account-key.ts';
import { bindExternalAccount, type ExternalAccountBinding } from '../jws/external-account.ts';
import { signJws } from '../jws/sign.ts';
import { type ClientContext, postAsAccount, requireResource, signingKey } from './client-context.ts';
import { accountObject, ordersObject } from './objects.ts';
import type { AcmeAccount } from './types.ts';

/** Many more than anyone's list of a thousand orders takes. */
const MAX_PAGES = 1_000;

/** What an account is made of. */
export interface CreateAcmeAccountOptions extends Abortable {
  /** URLs such as `mailto:ops@example.com`. */
  readonly contact?: readonly string[];
  /** That the terms which the directory names are agreed to. */
  readonly termsOfServiceAgreed?: boolean;
  readonly externalAccountBinding?: ExternalAccountBinding;
  /** Finds the account of the key and makes none. Default false. */
  readonly onlyReturnExisting?: boolean;
}

/** Makes or finds the account of a key (RFC 8555 section 7.3). */
export async function createAccount(context: ClientContext, options: CreateAcmeAccountOptions): Promise<AcmeAccount> {
  requireObject(options, 'createAccount() options');
  const { contact, termsOfServiceAgreed, externalAccountBinding, onlyReturnExisting = false, signal } = options;
  const { session, crypto } = context;
  const { newAccount, meta } = await session.directory(signal);
  const key = await signingKey(context);
  if (meta?.externalAccountRequired === true && externalAccountBinding === undefined && !onlyReturnExisting) {
    throw new AcmeError(
      'ACME_EXTERNAL_ACCOUNT_REQUIRED',
      'The ACME server takes accounts with an external account binding only: give externalAccountBinding',
    );
  }
  const payload = {
    ...(contact && { contact }),
    ...(termsOfServiceAgreed !== undefined && { termsOfServiceAgreed }),
    ...(onlyReturnExisting && { onlyReturnExisting }),
    ...(externalAccountBinding && {
      externalAccountBinding: await bindExternalAccount(externalAccountBinding, newAccount, key.jwk, crypto),
    }),
  };
  const response = await session.post({ url: newAccount, key, payload, what: 'the account', signal });
  const url = session.location(response, 'account');
  context.accountUrl = url;
  return accountOf(context, url, response);
}

/** Reads the account, or changes it where a change is given (RFC 8555 sections 7.3.2 and 7.3.6). */
export async function changeAccount(
  context: ClientContext,
  change: object | undefined,
  options: Abortable,
): Promise<AcmeAccount> {
  const { signal } = signalOf(options);
  const url = context.accountUrl ?? '';
  const response = await postAsAccount(context, { url, payload: change, what: 'the account', signal });
  return accountOf(context, url, response);
}

/** Replaces the account's key (RFC 8555 section 7.3.5): the new key signs for the account, and the old one for both. */
export async function changeKey(context: ClientContext, newKey: PrivateKey, options: Abortable): Promise<void> {
  const { signal } = signalOf(options);
  const url = await requireResource(context, 'keyChange', signal);
  const [oldOne, newOne] = [await signingKey(context), await AcmeAccountKey.of(newKey, context.crypto)];
  const payload = await signJws(newOne, { url }, { account: context.accountUrl, oldKey: oldOne.jwk });
  await postAsAccount(context, { url, payload, what: 'the new key', signal });
  context.accountKey = newKey;
}

/** Reads the URLs of the account's orders, page by page (RFC 8555 section 7.1.2.1). */
export async function listOrders(
  context: ClientContext,
  options: Abortable & { readonly limit?: number },
): Promise<string[]> {
  const { signal } = signalOf(options);
  const { limit = 1_000 } = options;
  const { session } = context;
  const { orders } = await changeAccount(context, undefined, { ...(signal && { signal }) });
  const found: string[] = [];
  const seen = new Set<string>();
  let page = orders;
  // A page that leads back to one that was read ends the list, and so do pages without an end.
  while (page !== undefined && !seen.has(page) && found.length < limit && seen.size < MAX_PAGES) {
    seen.add(page);
    const response = await postAsAccount(context, { url: page, what: 'the list of orders', signal });
    found.push(...session.parse(response, ordersObject, 'list of orders').orders);
    page = linksOf(response, 'next')[0];
  }
  return found.slice(0, limit);
}

function accountOf({ session }: ClientContext, url: string, response: AcmeResponse): AcmeAccount {
  return { url, ...session.parse(response, accountObject, 'account') };
}
