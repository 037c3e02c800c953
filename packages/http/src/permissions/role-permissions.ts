import { invalidOption, shown } from '../invalid-option.ts';
import { PERMISSIONS, type PermissionName } from './permission-name.ts';

/** Which permissions each role gives; `*` stands for all of them. */
export type HttpPermissions = Readonly<Record<string, readonly (PermissionName | '*')[]>>;

const DEFAULT: HttpPermissions = { admin: ['*'] };

/** Judges what roles permit. What is not given is denied. */
export class RolePermissions {
  readonly #byRole: ReadonlyMap<string, ReadonlySet<string>>;

  /**
   * @param permissions by role; the role `admin` gives all of them by default
   * @throws {InvalidInputError} INVALID_ARGUMENT: a permission that no operation asks for
   */
  constructor(permissions: HttpPermissions = DEFAULT) {
    this.#byRole = new Map(
      Object.entries(permissions).map(([role, given]) => {
        requireList(role, given);
        for (const each of given) requireKnown(role, each);
        return [role, new Set<string>(given.includes('*') ? PERMISSIONS : given)];
      }),
    );
  }

  /** Whether one of the roles gives the permission. */
  has(roles: readonly string[], permission: PermissionName): boolean {
    return roles.some((role) => this.#byRole.get(role)?.has(permission) === true);
  }

  /** All that the roles give together, sorted. */
  of(roles: readonly string[]): string[] {
    return PERMISSIONS.filter((permission) => this.has(roles, permission)).sort();
  }
}

/** One text in the place of a list, such as `'*'`, may be a slip: it would give what its letters name. */
function requireList(role: string, given: unknown): void {
  if (Array.isArray(given)) return;
  throw invalidOption(`permissions of role ${shown(role)} must be a list, not ${shown(given)}`);
}

function requireKnown(role: string, permission: string): void {
  if (permission === '*' || (PERMISSIONS as readonly string[]).includes(permission)) return;
  throw invalidOption(
    `permissions of role ${shown(role)}: there is no permission ${shown(permission)}; there are ${PERMISSIONS.join(', ')}`,
  );
}
