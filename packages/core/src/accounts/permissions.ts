import { InvalidInputError, PermissionError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import { requireObject } from '../errors/require-object.ts';

/** Which permissions each role gives, by the role's name. */
export type RolePermissions = Readonly<Record<string, readonly string[]>>;

/** Whoever was authenticated: what `authenticate` gives. */
export interface RoleHolder {
  readonly accountId: string;
  readonly roles: readonly string[];
}

/** Judges roles, and permissions by role. */
export class Permissions {
  readonly #byRole: ReadonlyMap<string, ReadonlySet<string>>;

  /** @throws {InvalidInputError} INVALID_ARGUMENT: not lists of texts by role */
  constructor(byRole: RolePermissions = {}) {
    if (typeof byRole !== 'object' || byRole === null) throw malformed('permissions');
    this.#byRole = new Map(
      Object.entries(byRole).map(([role, permissions]) => {
        const isList =
          Array.isArray(permissions) && permissions.every((each) => typeof each === 'string' && each !== '');
        if (!isList) throw malformed(`permissions of role ${quote(role)}`);
        return [role, new Set(permissions)];
      }),
    );
  }

  /** The permissions that roles give together, sorted. */
  of(roles: readonly string[]): string[] {
    return [...new Set(roles.flatMap((role) => [...(this.#byRole.get(role) ?? [])]))].sort();
  }

  /**
   * @throws {PermissionError} PERMISSION_DENIED: none of the roles is held
   * @throws {InvalidInputError} INVALID_ARGUMENT: not a principal, or not names of roles
   */
  requireRole(holder: RoleHolder, ...anyOf: readonly string[]): void {
    const roles = rolesOf(holder);
    requireNames('role', anyOf);
    if (!anyOf.some((role) => roles.includes(role))) throw denied(holder, 'role', anyOf);
  }

  /**
   * @throws {PermissionError} PERMISSION_DENIED: no role that is held gives the permission
   * @throws {InvalidInputError} INVALID_ARGUMENT: not a principal, or not the name of a permission
   */
  requirePermission(holder: RoleHolder, permission: string): void {
    const roles = rolesOf(holder);
    requireNames('permission', [permission]);
    if (!roles.some((role) => this.#byRole.get(role)?.has(permission))) {
      throw denied(holder, 'permission', [permission]);
    }
  }
}

/** A text would hold every role whose name is a part of it. */
function rolesOf(holder: RoleHolder): readonly string[] {
  requireObject(holder, 'A principal');
  if (Array.isArray(holder.roles)) return holder.roles;
  throw new InvalidInputError(
    'INVALID_ARGUMENT',
    `The roles of a principal must be a list, not ${quote(holder.roles)}`,
  );
}

function requireNames(what: 'role' | 'permission', names: readonly string[]): void {
  if (names.every((name) => typeof name === 'string' && name !== '')) return;
  throw new InvalidInputError(
    'INVALID_ARGUMENT',
    `The ${what} to require must be named, not ${names.map(quote).join(' or ')}`,
  );
}

function denied({ accountId }: RoleHolder, what: 'role' | 'permission', required: readonly string[]): PermissionError {
  return new PermissionError(
    'PERMISSION_DENIED',
    `Account ${accountId} does not have the ${what} ${required.map((each) => quote(String(each))).join(' or ')}`,
    { facts: { accountId, [what]: required.join(' ') } },
  );
}

function malformed(what: string): InvalidInputError {
  return new InvalidInputError('INVALID_ARGUMENT', `The ${what} must be lists of names by role`);
}
