import { randomBytes } from 'node:crypto';
import { ConflictError } from '@chancery/core';
import type { Managers } from '../managers.ts';
import type { Pace } from '../pace.ts';
import { enrollAdministrator, makePeople } from './accounts.ts';
import { makeCertificates } from './certificates.ts';
import { makeRecords } from './records.ts';

/** What whoever started the server must know, and what is kept nowhere. */
export interface Secrets {
  readonly password: string;
  /** Opens the record `letter`; absent where an earlier start has told it. */
  readonly letterKey?: string;
}

/** Makes what the demonstration shows, at the first start on a storage; and a password at every start. */
export async function seed(managers: Managers, { count, pace }: { count: number; pace: Pace }): Promise<Secrets> {
  const { accounts, certificates, vault } = managers;
  const isFirst = await bootstrap(managers);
  const { id, password } = await enrollAdministrator(accounts);
  if (!isFirst) return { password };
  const ann = await makePeople(accounts);
  const letterKey = await makeRecords(vault, id);
  await makeCertificates(certificates, { count, pace, accountId: ann.id });
  return { password, letterKey };
}

/** Makes root and intermediate. @returns false where they are there already */
async function bootstrap({ authority }: Managers): Promise<boolean> {
  try {
    // In real life the root's file and its passphrase go to two safe places: see the quickstart.
    const passphrase = randomBytes(20).toString('base64url');
    const { root } = await authority.bootstrap({
      organization: 'Example',
      passphrase,
      saveRoot: async () => undefined,
    });
    root.close();
    return true;
  } catch (error) {
    if (error instanceof ConflictError && error.code === 'AUTHORITY_EXISTS') return false;
    throw error;
  }
}
