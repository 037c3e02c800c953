import { accounts } from './accounts/account-record.ts';
import { accountSecrets } from './derived-keys.ts';
import { credentials } from './passwords/credential-record.ts';
import { passkeyChallenges } from './second-factor/passkeys/passkey-challenge.ts';
import { passkeys } from './second-factor/passkeys/passkey-record.ts';
import { secondFactors, totpEnrollments } from './second-factor/second-factor-record.ts';

/** Everything that accounts keep, besides sessions, tokens and events. */
export const accountCollections = [
  accounts,
  accountSecrets,
  credentials,
  secondFactors,
  totpEnrollments,
  passkeys,
  passkeyChallenges,
] as const;
