import { z } from 'zod';
import { AuthenticationError } from '../../errors/families.ts';
import type { Write } from '../../ports/storage.ts';
import type { Entry } from '../../store/entry.ts';
import type { AccountValue } from '../accounts/account-record.ts';
import type { AccountsContext } from '../context.ts';
import { secondFactorInvalid } from './enrollment.ts';
import { authenticationInput, type PasskeyAuthenticationResponse } from './passkeys/passkey-ceremony.ts';
import { passkeysOf } from './passkeys/passkey-record.ts';
import { usePasskey } from './passkeys/use-passkey.ts';
import { recoveryCodeHash } from './recovery-codes.ts';
import { type SecondFactorValue, secondFactors } from './second-factor-record.ts';
import { openTotpSecret } from './second-factor-secret.ts';
import { isTotpCode, stepOfCode } from './totp.ts';

/** What a login gives beside the password: one of them. */
export interface SecondFactor {
  /** The six digits of an authenticator app. */
  readonly totp?: string;
  /** One of the recovery codes; case, spaces and hyphens do not matter. */
  readonly recoveryCode?: string;
  /** An authenticator's answer to the options of `beginPasskeyAuthentication`. */
  readonly passkey?: PasskeyAuthenticationResponse;
}

const LONGEST = 64;

/** A second factor as an option of a login. */
export const secondFactorInput = z
  .strictObject({
    totp: z.string().max(LONGEST).optional(),
    recoveryCode: z.string().max(LONGEST).optional(),
    passkey: authenticationInput.optional(),
  })
  .refine((given) => Object.values(given).filter((each) => each !== undefined).length === 1, 'must be one of them');

/** Whether a login of this account has to show a second factor. */
export function needsSecondFactor(account: AccountValue, factor: Entry<SecondFactorValue> | undefined): boolean {
  return factor !== undefined || account.secondFactorRequired === true;
}

/** Whose second factor is asked for, and what is enrolled beside passkeys. */
export interface SecondFactorHolder {
  readonly accountId: string;
  readonly factor: Entry<SecondFactorValue> | undefined;
}

/**
 * Judges a second factor and uses it up.
 *
 * @returns the writes that make its step, code or challenge worthless; they must be part of the login's commit, so that of two logins with one one fails
 * @throws {AuthenticationError} SECOND_FACTOR_REQUIRED: none was given; SECOND_FACTOR_INVALID: it does not fit, was used, or none is enrolled
 */
export async function useSecondFactor(
  context: AccountsContext,
  { accountId, factor }: SecondFactorHolder,
  given: z.output<typeof secondFactorInput> | undefined,
): Promise<readonly Write[]> {
  if (given === undefined) {
    throw secondFactorRequired(factor !== undefined || (await passkeysOf(context, accountId)).length > 0);
  }
  if (given.passkey !== undefined) return ownPasskey(context, accountId, given.passkey);
  if (factor === undefined) throw secondFactorInvalid();
  const value = await usedUp(context, factor, given);
  if (value === undefined) throw secondFactorInvalid();
  const { version: ifVersion, bytes } = factor;
  const options = { ifVersion, ...(bytes === undefined ? {} : { bytes }) };
  return [context.store.put(secondFactors, factor.id, value, options)];
}

async function ownPasskey(
  context: AccountsContext,
  accountId: string,
  answer: z.output<typeof authenticationInput>,
): Promise<readonly Write[]> {
  const use = await usePasskey(context, answer).catch((error: unknown) => {
    throw error instanceof AuthenticationError ? secondFactorInvalid(error) : error;
  });
  if (use.accountId !== accountId) throw secondFactorInvalid();
  return use.writes;
}

async function usedUp(
  context: AccountsContext,
  factor: Entry<SecondFactorValue>,
  { totp, recoveryCode = '' }: z.output<typeof secondFactorInput>,
): Promise<SecondFactorValue | undefined> {
  const { value, id } = factor;
  if (totp !== undefined) {
    if (!isTotpCode(totp)) return undefined;
    const secret = await openTotpSecret(context, secondFactors, factor);
    const step = await stepOfCode(context.crypto, secret, totp, context.clock.now());
    secret.fill(0);
    return step === undefined || step <= value.lastStep ? undefined : { ...value, lastStep: step };
  }
  const hash = await recoveryCodeHash(context, id, recoveryCode);
  if (hash === undefined || !value.recoveryCodes.includes(hash)) return undefined;
  return { ...value, recoveryCodes: value.recoveryCodes.filter((left) => left !== hash) };
}

function secondFactorRequired(isEnrolled: boolean): AuthenticationError {
  return new AuthenticationError(
    'SECOND_FACTOR_REQUIRED',
    isEnrolled
      ? 'The account has a second factor, and the login came without'
      : 'The account requires a second factor, and none is enrolled',
    { facts: { isEnrolled } },
  );
}
