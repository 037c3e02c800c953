import type { PermissionName } from '../permissions/permission-name.ts';

/**
 * Who may use an operation.
 *
 * - `public`: anybody; nobody is asked who they are
 * - `introduced`: anybody; but who sends a token is known, and a bad token is refused
 * - `signedIn`: whoever is authenticated, for what is theirs
 * - `permission`: whoever has a role that gives it
 * - `owner`: whoever the resource belongs to, or has a role that gives the permission. The handler tells whose it is by `judge` or `scope`; an answer
 *   for which nobody asked that is not sent.
 */
export type Access =
  | { readonly kind: 'public' | 'introduced' | 'signedIn' }
  | { readonly kind: 'permission' | 'owner'; readonly permission: PermissionName };

/** Anybody. */
export const anybody: Access = { kind: 'public' };

/** Anybody, and who sends a token is known. */
export const introduced: Access = { kind: 'introduced' };

/** Whoever is authenticated. */
export const signedIn: Access = { kind: 'signedIn' };

/** Whoever has a role that gives the permission. */
export function holderOf(permission: PermissionName): Access {
  return { kind: 'permission', permission };
}

/** The owner of the resource, or whoever has a role that gives the permission. */
export function ownerOr(permission: PermissionName): Access {
  return { kind: 'owner', permission };
}

/** An access in words, for listings and descriptions. */
export function accessInWords(access: Access): string {
  switch (access.kind) {
    case 'public':
    case 'introduced':
      return 'public';
    case 'signedIn':
      return 'signed in';
    case 'permission':
      return access.permission;
    case 'owner':
      return `owner or ${access.permission}`;
  }
}
