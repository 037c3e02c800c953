import { AuthenticationError, InvalidInputError, NotFoundError } from '../../errors/families.ts';
import { invalidArgument } from '../../errors/from-issues.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { accountNotFound } from '../accounts/account.ts';
import { requireAccountId } from '../accounts/account-id.ts';
import { accounts } from '../accounts/account-record.ts';
import { changeAccount } from '../accounts/change.ts';
import type { AccountsContext } from '../context.ts';
import { isWellFormedText } from '../text.ts';
import { type LoginThrottle, refundUnlessGuessed } from '../throttle/login-throttle.ts';
import { toBase32 } from './base32.ts';
import { drawRecoveryCodes } from './recovery-codes.ts';
import { secondFactors, totpEnrollments } from './second-factor-record.ts';
import { openTotpSecret, sealTotpSecret } from './second-factor-secret.ts';
import { otpauthUri, stepOfCode, TOTP_SECRET_LENGTH } from './totp.ts';

const ENROLLMENT_MS = 900_000;
const LONGEST_ISSUER = 64;

/** How the entry in the authenticator app is called. */
export interface EnrollTotpOptions extends Abortable {
  /** The application's name in the app; at most 64 characters. Default: the manager's `issuer`, as far as that goes. */
  readonly issuer?: string;
}

/** What the owner puts into an authenticator app. It is shown once. */
export interface TotpEnrollment {
  /** Base32, for typing. */
  readonly secret: string;
  /** `otpauth://totp/…`, for a QR code. */
  readonly uri: string;
  readonly expiresAt: Date;
}

/** The way back in without the app. They are shown once, and each serves once. */
export interface RecoveryCodeSet {
  readonly recoveryCodes: readonly string[];
}

/** Whether an authenticator app is enrolled. Passkeys are listed by themselves. */
export interface SecondFactorStatus {
  readonly isEnrolled: boolean;
  /** How many recovery codes are left. */
  readonly recoveryCodesLeft: number;
  /** When the app was enrolled, or the recovery codes were renewed. */
  readonly changedAt?: Date;
}

/** Tells whether an account has an authenticator app, and how many ways back in without it. */
export async function secondFactorStatus(
  context: AccountsContext,
  accountId: string,
  options: Abortable,
): Promise<SecondFactorStatus> {
  requireAccountId(accountId);
  throwIfAborted(signalOf(options).signal);
  const [account, factor] = await context.store.getMany([
    { collection: accounts, id: accountId },
    { collection: secondFactors, id: accountId },
  ]);
  if (account === undefined) throw accountNotFound(accountId);
  if (factor === undefined) return { isEnrolled: false, recoveryCodesLeft: 0 };
  const { recoveryCodes, changedAt } = factor.value;
  return { isEnrolled: true, recoveryCodesLeft: recoveryCodes.length, changedAt: new Date(changedAt) };
}

/** Draws a secret and keeps it, sealed, until a code proves that its owner has it. What was active before stays so until then. */
export async function enrollTotp(
  context: AccountsContext,
  accountId: string,
  issuer: string,
  options: EnrollTotpOptions,
): Promise<TotpEnrollment> {
  requireAccountId(accountId);
  const name = options.issuer ?? issuer.replace(/^https?:\/\//, '').slice(0, LONGEST_ISSUER);
  if (typeof name !== 'string' || name === '' || name.length > LONGEST_ISSUER || !isWellFormedText(name)) {
    throw invalidArgument('enrollTotp() options', [
      { path: ['issuer'], message: `must be a text of 1 to ${LONGEST_ISSUER} characters` },
    ]);
  }
  const { store, clock, crypto } = context;
  const secret = crypto.randomBytes(TOTP_SECRET_LENGTH);
  const bytes = await sealTotpSecret(context, totpEnrollments, accountId, secret);
  return store.transact(async (transaction) => {
    const account = await transaction.get(accounts, accountId);
    if (account === undefined) throw accountNotFound(accountId);
    const startedAt = clock.now();
    const expiresAt = startedAt + ENROLLMENT_MS;
    transaction.put(totpEnrollments, accountId, { startedAt }, { bytes, expiresAt });
    const uri = otpauthUri(secret, name, account.value.login);
    return { secret: toBase32(secret), uri, expiresAt: new Date(expiresAt) };
  }, signalOf(options));
}

/** What confirming an enrollment takes. */
export interface ConfirmationParts {
  readonly context: AccountsContext;
  readonly throttle: LoginThrottle;
}

/** Puts an enrolled secret to work, once a code of it was given, and draws recovery codes. */
export async function confirmTotp(
  { context, throttle }: ConfirmationParts,
  accountId: string,
  code: string,
  options: Abortable,
): Promise<RecoveryCodeSet> {
  requireAccountId(accountId);
  if (typeof code !== 'string')
    throw new InvalidInputError('INVALID_ARGUMENT', `code must be text, not ${typeof code}`);
  throwIfAborted(signalOf(options).signal);
  const admission = await throttle.admitEnrollment(accountId);
  const { codes, hashes } = await drawRecoveryCodes(context, accountId);
  const confirming = changeAccount(context, accountId, options, async ({ value }, transaction) => {
    const enrollment = await transaction.get(totpEnrollments, accountId);
    if (enrollment === undefined) throw secondFactorNotFound(accountId, 'enrollment under way');
    const secret = await openTotpSecret(context, totpEnrollments, enrollment);
    const now = context.clock.now();
    const lastStep = await stepOfCode(context.crypto, secret, code, now);
    if (lastStep === undefined) throw secondFactorInvalid();
    const bytes = await sealTotpSecret(context, secondFactors, accountId, secret);
    secret.fill(0);
    await transaction.get(secondFactors, accountId);
    transaction.put(secondFactors, accountId, { lastStep, recoveryCodes: [...hashes], changedAt: now }, { bytes });
    transaction.delete(totpEnrollments, accountId);
    return { value, event: 'account.second_factor_enabled' };
  });
  await refundUnlessGuessed(confirming, admission);
  return { recoveryCodes: codes };
}

/** Replaces the recovery codes; the former ones are worth nothing. */
export async function renewRecoveryCodes(
  context: AccountsContext,
  accountId: string,
  options: Abortable,
): Promise<RecoveryCodeSet> {
  requireAccountId(accountId);
  const { codes, hashes } = await drawRecoveryCodes(context, accountId);
  await changeAccount(context, accountId, options, async ({ value }, transaction) => {
    const factor = await transaction.get(secondFactors, accountId);
    if (factor === undefined) throw secondFactorNotFound(accountId, 'second factor');
    const renewed = { ...factor.value, recoveryCodes: [...hashes], changedAt: context.clock.now() };
    transaction.put(secondFactors, accountId, renewed, factor.bytes === undefined ? {} : { bytes: factor.bytes });
    return { value, event: 'account.recovery_codes_renewed' };
  });
  return { recoveryCodes: codes };
}

/** Takes the second factor away. Where the account requires one, no login succeeds until another is enrolled. */
export async function removeSecondFactor(
  context: AccountsContext,
  accountId: string,
  options: Abortable,
): Promise<void> {
  await changeAccount(context, accountId, options, async ({ value }, transaction) => {
    const factor = await transaction.get(secondFactors, accountId);
    transaction.delete(totpEnrollments, accountId);
    if (factor === undefined) throw secondFactorNotFound(accountId, 'second factor');
    transaction.delete(secondFactors, accountId);
    return { value, event: 'account.second_factor_disabled' };
  });
}

/** Makes the error for a code or passkey that does not fit. Nothing tells a wrong one from one that was used. */
export function secondFactorInvalid(cause?: unknown): AuthenticationError {
  const message = 'The second factor does not fit, or was used already';
  return new AuthenticationError('SECOND_FACTOR_INVALID', message, cause === undefined ? {} : { cause });
}

function secondFactorNotFound(accountId: string, what: string): NotFoundError {
  return new NotFoundError('SECOND_FACTOR_NOT_FOUND', `Account ${accountId} has no ${what}`, { facts: { accountId } });
}
