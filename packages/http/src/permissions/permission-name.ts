/** Every permission that an operation asks for. */
export const PERMISSIONS = [
  'accounts.read',
  'accounts.write',
  'certificates.read',
  'certificates.write',
  'certificates.export',
  'events.read',
  'events.manage',
  'metrics.read',
] as const;

/** The name of a permission. */
export type PermissionName = (typeof PERMISSIONS)[number];
