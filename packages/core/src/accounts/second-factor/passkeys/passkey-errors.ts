import { AuthenticationError } from '../../../errors/families.ts';

const PROBLEMS = {
  challenge: 'its challenge is not of this server, was answered before, or is too old',
  credential: 'it opens no account here',
  response: 'the answer of the authenticator does not hold',
  counter: 'its counter went back, as that of a copy would',
};

/** Why a passkey was refused. */
export type PasskeyFault = keyof typeof PROBLEMS;

/** Makes the error for a passkey that proves nothing. `facts.reason` tells hosts why. */
export function passkeyInvalid(reason: PasskeyFault, cause?: unknown): AuthenticationError {
  return new AuthenticationError('PASSKEY_INVALID', `The passkey is refused: ${PROBLEMS[reason]}`, {
    facts: { reason },
    ...(cause === undefined ? {} : { cause }),
  });
}
