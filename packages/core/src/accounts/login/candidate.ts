import type { Entry } from '../../store/entry.ts';
import { type AccountValue, accounts } from '../accounts/account-record.ts';
import type { AccountsContext } from '../context.ts';
import { type CredentialValue, credentials } from '../passwords/credential-record.ts';
import { type SecondFactorValue, secondFactors } from '../second-factor/second-factor-record.ts';

/** What a login is judged by: documents that may all be absent. */
export interface Candidate {
  readonly account: Entry<AccountValue> | undefined;
  readonly credential: Entry<CredentialValue> | undefined;
  readonly factor: Entry<SecondFactorValue> | undefined;
}

/** Asked for where a login has no account, so that the storage is asked as often. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Reads what belongs to an account that was found, or to nobody. */
export async function readCandidate(
  { store }: AccountsContext,
  account: Entry<AccountValue> | undefined,
): Promise<Candidate> {
  const id = account?.id ?? NOBODY;
  const [credential, factor] = await store.getMany([
    { collection: credentials, id },
    { collection: secondFactors, id },
  ]);
  return { account, credential, factor };
}

/** Reads everything of one account again, in one snapshot. */
export async function rereadCandidate({ store }: AccountsContext, accountId: string): Promise<Candidate> {
  const [account, credential, factor] = await store.getMany([
    { collection: accounts, id: accountId },
    { collection: credentials, id: accountId },
    { collection: secondFactors, id: accountId },
  ]);
  return { account, credential, factor };
}
