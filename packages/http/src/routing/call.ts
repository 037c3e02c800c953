import { NotFoundError, PermissionError, type Principal } from '@chancery/core';
import type { Incoming } from '../exchange/incoming.ts';
import type { RolePermissions } from '../permissions/role-permissions.ts';
import type { Access } from './access.ts';

/** Who makes a call, and of what. */
export interface CallerParts {
  readonly access: Access;
  readonly permissions: RolePermissions;
  readonly incoming: Incoming;
  readonly requestId: string;
  /** The client's address, as far as it is known. */
  readonly ip: string | undefined;
  readonly principal: Principal | undefined;
}

/** What a call consists of. */
export interface CallParts<P, Q, B> extends CallerParts {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
}

/** One use of an operation: what was sent, who sends it, and what they may do. */
export class Call<P = unknown, Q = unknown, B = unknown> {
  readonly #parts: CallParts<P, Q, B>;
  #isJudged = false;

  constructor(parts: CallParts<P, Q, B>) {
    this.#parts = parts;
  }

  get params(): P {
    return this.#parts.params;
  }

  get query(): Q {
    return this.#parts.query;
  }

  get body(): B {
    return this.#parts.body;
  }

  get incoming(): Incoming {
    return this.#parts.incoming;
  }

  get requestId(): string {
    return this.#parts.requestId;
  }

  get ip(): string | undefined {
    return this.#parts.ip;
  }

  /** Aborted when the client goes away. */
  get signal(): AbortSignal {
    return this.#parts.incoming.signal;
  }

  /** Who sends it. @throws {TypeError} in an operation that is public: a defect */
  get principal(): Principal {
    const { principal } = this.#parts;
    if (principal === undefined) throw new TypeError('an operation that is public asked who sends the request');
    return principal;
  }

  /** Who sends it, where that is known. */
  get sender(): Principal | undefined {
    return this.#parts.principal;
  }

  /** Whether what an operation of kind `owner` must find out has been found out. */
  get isJudged(): boolean {
    return this.#parts.access.kind !== 'owner' || this.#isJudged;
  }

  /** Whether who sends it has a role that gives the operation's permission. */
  get isHolder(): boolean {
    const { principal } = this.#parts;
    return principal !== undefined && this.isGivenBy(principal.roles);
  }

  /** Whether one of the roles gives the operation's permission. */
  isGivenBy(roles: readonly string[]): boolean {
    const { access, permissions } = this.#parts;
    return 'permission' in access && permissions.has(roles, access.permission);
  }

  /** All that the sender's roles permit. */
  get permissions(): string[] {
    const { principal, permissions } = this.#parts;
    return principal === undefined ? [] : permissions.of(principal.roles);
  }

  /** Whether the sender's roles give a permission other than the operation's own. */
  holds(permission: Parameters<RolePermissions['has']>[1]): boolean {
    const { principal, permissions } = this.#parts;
    return principal !== undefined && permissions.has(principal.roles, permission);
  }

  /**
   * Refuses to give roles, or to act upon who has them, where they permit more than the sender's own do: nobody comes to more than they hold.
   *
   * @throws {PermissionError} PERMISSION_DENIED
   */
  requireNoMoreThanOwn(roles: readonly string[]): void {
    const given = this.#parts.permissions.of(roles);
    if (!given.every((permission) => this.permissions.includes(permission))) throw this.denied();
  }

  /**
   * Lets the owner of a resource pass, and whoever holds the operation's permission.
   *
   * @param ownerId - the account that it belongs to; undefined where it is nobody's
   * @param refusal - what a stranger is told: for a resource whose id does not say whose it is, that there is none
   * @throws {PermissionError} PERMISSION_DENIED: by default
   */
  judge(ownerId: string | undefined, refusal: () => Error = () => this.denied()): void {
    this.#isJudged = true;
    if (this.isHolder || (ownerId !== undefined && ownerId === this.#parts.principal?.accountId)) return;
    throw refusal();
  }

  /**
   * Narrows a list to what the sender may see: everything for whoever holds the permission, and what is theirs for others.
   *
   * @param wanted - the account that was asked for
   * @throws {PermissionError} PERMISSION_DENIED: another's was asked for
   */
  scope(wanted: string | undefined): string | undefined {
    if (this.isHolder) {
      this.#isJudged = true;
      return wanted;
    }
    const own = this.principal.accountId;
    this.judge(wanted ?? own);
    return own;
  }

  /** The error for somebody who may not. */
  denied(): PermissionError {
    const { access } = this.#parts;
    const { accountId } = this.principal;
    const permission = 'permission' in access ? access.permission : 'none';
    return new PermissionError('PERMISSION_DENIED', `Account ${accountId} may not do this without ${permission}`, {
      facts: { accountId, permission },
    });
  }
}

/** What a stranger is told of a certificate that is another's: the same as where there is none. */
export function noSuchCertificate(id: string): NotFoundError {
  return new NotFoundError('CERTIFICATE_NOT_FOUND', `There is no certificate ${JSON.stringify(id.slice(0, 64))}`);
}
