import { randomBytes } from 'node:crypto';
import type { AccountManager } from '@chancery/core';

/** Who may do everything. */
export const ADMINISTRATOR = 'admin@chancery.example';

const PEOPLE = [
  {
    login: 'ann@example.com',
    displayName: 'Ann Okafor',
    dateOfBirth: '1990-12-10',
    attributes: { domain: 'ann.example' },
  },
  {
    login: 'bo@example.com',
    displayName: 'Bo Lindqvist',
    dateOfBirth: '1985-03-02',
    attributes: { domain: 'bo.example' },
  },
  { login: 'chidi@example.com', displayName: 'Chidi Eze', roles: ['auditor'] },
  { login: 'dana@example.com', displayName: 'Dana Novak', attributes: { team: 'Payments' } },
  { login: 'deploy-robot', roles: ['operator'] },
];

/** What each role of the demonstration may do. */
export const PERMISSIONS = {
  admin: ['*'],
  auditor: ['accounts.read', 'certificates.read', 'events.read'],
  operator: ['certificates.read', 'certificates.write', 'metrics.read'],
} as const;

/**
 * Gives the administrator a fresh password, and makes the account where there is none yet.
 *
 * @returns the password, which is kept nowhere
 */
export async function enrollAdministrator(accounts: AccountManager): Promise<{ id: string; password: string }> {
  const password = randomBytes(15).toString('base64url');
  const known = await accounts.findByLogin(ADMINISTRATOR);
  if (known === undefined) {
    const { id } = await accounts.create({
      login: ADMINISTRATOR,
      password,
      displayName: 'Administrator',
      roles: ['admin'],
    });
    return { id, password };
  }
  await accounts.setPassword({ accountId: known.id, password });
  return { id: known.id, password };
}

/** Makes people without passwords: an administrator can give them one. @returns Ann's account */
export async function makePeople(accounts: AccountManager): Promise<{ id: string }> {
  const [ann] = await Promise.all(PEOPLE.map((person) => accounts.create(person)));
  const dana = await accounts.findByLogin('dana@example.com');
  if (dana !== undefined) await accounts.disable(dana.id);
  return ann as { id: string };
}
