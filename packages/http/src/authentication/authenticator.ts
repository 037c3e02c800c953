import { type AccountManager, NotFoundError, type Principal, type SenderProof } from '@chancery/core';
import type { Incoming } from '../exchange/incoming.ts';
import { HttpProblem } from '../problems/http-problem.ts';
import { Authorizations } from './authorization.ts';
import { BINDING_COOKIE, readCookie } from './cookies.ts';

/** How thoroughly tokens are judged. */
export type AuthenticationMode = 'strict' | 'offlineReads';

/** What an `Authenticator` works with. */
export interface AuthenticatorOptions {
  readonly accounts: AccountManager | undefined;
  readonly mode: AuthenticationMode;
  readonly publicOrigin: string | undefined;
}

/** Finds out who sends a request, by a bearer token, a DPoP proof or a client certificate. */
export class Authenticator {
  readonly #accounts: AccountManager | undefined;
  readonly #mode: AuthenticationMode;
  readonly #publicOrigin: string | undefined;
  readonly #authorizations = new Authorizations();

  constructor({ accounts, mode, publicOrigin }: AuthenticatorOptions) {
    this.#accounts = accounts;
    this.#mode = mode;
    this.#publicOrigin = publicOrigin;
  }

  /**
   * Says who sends a request, by its `Authorization` header. A cookie alone is nobody: browsers send it by themselves.
   *
   * @returns undefined where there is no such header
   * @throws {HttpProblem} AUTHENTICATION_REQUIRED: it is malformed
   * @throws {AuthenticationError} as `AccountManager.authenticate`
   */
  identify(incoming: Incoming): Promise<Principal> | undefined {
    const header = incoming.header('authorization');
    if (header === undefined) return undefined;
    const accounts = this.#accounts;
    if (accounts === undefined) throw new HttpProblem('AUTHENTICATION_REQUIRED', 'There are no accounts here');
    const { scheme, token } = this.#authorizations.read(header);
    const proof = this.proof(incoming);
    if (scheme === 'dpop' && (proof === undefined || !('dpop' in proof))) {
      throw new HttpProblem('AUTHENTICATION_REQUIRED', 'A DPoP token comes with a proof in the header DPoP');
    }
    const bindingSecret = readCookie(incoming, BINDING_COOKIE);
    const isRead = incoming.method === 'GET' || incoming.method === 'HEAD';
    const mode = isRead && this.#mode === 'offlineReads' ? 'offline' : 'strict';
    if (proof === undefined && bindingSecret === undefined) return accounts.authenticate(token, { mode });
    return accounts.authenticate(token, { mode, ...(proof && { proof }), ...(bindingSecret && { bindingSecret }) });
  }

  /**
   * The roles at this instant of who was identified a while ago. A proof of possession is not asked for again: it is of one request.
   *
   * @returns undefined where their session has ended, or their account is disabled or gone. In mode `offlineReads` the roles of the token
   * @throws {StorageError} any of its codes
   */
  async rolesNow({ accountId, sessionId, roles }: Principal): Promise<readonly string[] | undefined> {
    const accounts = this.#accounts;
    if (accounts === undefined || this.#mode === 'offlineReads') return roles;
    try {
      const account = await accounts.get(accountId);
      if (account.disabled) return undefined;
      let cursor: string | undefined;
      do {
        const page = await accounts.sessions(accountId, { limit: 1_000, ...(cursor && { cursor }) });
        if (page.items.some((session) => session.sessionId === sessionId)) return account.roles;
        cursor = page.cursor;
      } while (cursor !== undefined);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
    return undefined;
  }

  /**
   * What a request proves beside its token: a key by its DPoP header, or a certificate by its TLS connection.
   *
   * @throws {HttpProblem} HEADER_INVALID: a proof where no `publicOrigin` says which address it must be for
   */
  proof(incoming: Incoming): SenderProof | undefined {
    const dpop = incoming.header('dpop');
    if (dpop !== undefined) {
      if (this.#publicOrigin === undefined) {
        throw new HttpProblem('HEADER_INVALID', 'DPoP is not accepted here: this server does not know its own origin');
      }
      return { dpop, method: incoming.method, url: this.#publicOrigin + incoming.path };
    }
    const certificate = incoming.connection.clientCertificateDer;
    return certificate && { certificate };
  }
}
