import type { AccountManager } from '@chancery/core';
import { z } from 'zod';
import { json, noContent } from '../../exchange/answer.ts';
import { named } from '../../openapi/named-schema.ts';
import { holderOf, ownerOr, signedIn } from '../../routing/access.ts';
import { type Operation, operation } from '../../routing/operation.ts';
import { defined } from '../defined.ts';
import { judgedVersion } from './account-operations.ts';
import { instant } from './account-schemas.ts';
import {
  accountIdParams,
  accountOf,
  currentPassword,
  judgedAccount,
  ownAccount,
  provenAccount,
} from './own-account.ts';

const tag = 'accounts';

const statusSchema = named(
  'SecondFactorStatus',
  z.strictObject({
    isEnrolled: z.boolean().describe('Whether there is an authenticator app. Passkeys are listed by themselves.'),
    recoveryCodesLeft: z.number().int(),
    changedAt: instant.optional(),
  }),
);
const enrollmentBody = named(
  'TotpEnrollmentStart',
  z.strictObject({
    current: currentPassword,
    issuer: z.string().max(256).optional().describe('The application’s name in the app; at most 64 characters.'),
  }),
);
const enrollmentSchema = named(
  'TotpEnrollment',
  z.strictObject({
    secret: z.string().describe('Base32, for typing.'),
    uri: z.string().describe('`otpauth://totp/…`, for a QR code.'),
    expiresAt: instant,
  }),
);
const confirmationBody = named('TotpConfirmation', z.strictObject({ code: z.string().max(64) }));
const proofBody = named('PasswordProof', z.strictObject({ current: currentPassword }));
const recoveryCodesSchema = named(
  'RecoveryCodes',
  z.strictObject({ recoveryCodes: z.array(z.string()).describe('Each serves once. They are told this once.') }),
);

/** Authenticator apps (RFC 6238) and recovery codes. What would let somebody in takes the owner, and the owner’s password. */
export function secondFactorOperations(accounts: AccountManager): Operation[] {
  return [
    operation({
      id: 'getSecondFactor',
      tag,
      method: 'GET',
      path: '/accounts/{accountId}/totp',
      summary: 'Whether an account has an authenticator app, and how many recovery codes are left.',
      access: ownerOr('accounts.read'),
      params: accountIdParams,
      answers: { 200: { description: 'How it stands.', schema: statusSchema } },
      async handle(call) {
        const id = judgedAccount(call);
        const { isEnrolled, recoveryCodesLeft, changedAt } = await accounts.secondFactor(id, { signal: call.signal });
        return json({ isEnrolled, recoveryCodesLeft, changedAt });
      },
    }),
    operation({
      id: 'enrollTotp',
      tag,
      method: 'POST',
      path: '/accounts/{accountId}/totp',
      summary: 'Begins to enroll an authenticator app of who asks. Nothing changes for logins before it is confirmed.',
      access: signedIn,
      params: accountIdParams,
      body: { kind: 'json', schema: enrollmentBody },
      answers: { 200: { description: 'The secret, which is told this once.', schema: enrollmentSchema } },
      async handle(call) {
        const id = await provenAccount(accounts, call);
        const options = { ...defined({ issuer: call.body.issuer }), signal: call.signal };
        const { secret, uri, expiresAt } = await accounts.enrollTotp(id, options);
        return json({ secret, uri, expiresAt });
      },
    }),
    operation({
      id: 'confirmTotp',
      tag,
      method: 'POST',
      path: '/accounts/{accountId}/totp/confirmation',
      summary: 'Ends the enrollment with a code of the app: from here on logins need one.',
      access: signedIn,
      params: accountIdParams,
      body: { kind: 'json', schema: confirmationBody },
      answers: { 200: { description: 'The way back in without the app.', schema: recoveryCodesSchema } },
      async handle(call) {
        const { recoveryCodes } = await accounts.confirmTotp(ownAccount(call), call.body.code, { signal: call.signal });
        return json({ recoveryCodes });
      },
    }),
    operation({
      id: 'removeOwnTotp',
      tag,
      method: 'POST',
      path: '/accounts/{accountId}/totp/removal',
      summary: 'Takes the authenticator app of who asks away.',
      description: 'An account that requires a second factor lets nobody in until another is enrolled.',
      access: signedIn,
      params: accountIdParams,
      body: { kind: 'json', schema: proofBody },
      answers: { 204: { description: 'It is gone.' } },
      async handle(call) {
        await accounts.removeSecondFactor(await provenAccount(accounts, call), { signal: call.signal });
        return noContent();
      },
    }),
    operation({
      id: 'removeTotp',
      tag,
      method: 'DELETE',
      path: '/accounts/{accountId}/totp',
      summary: 'Takes the authenticator app of an account away, for an owner who has lost it.',
      access: holderOf('accounts.write'),
      params: accountIdParams,
      answers: { 204: { description: 'It is gone.' } },
      async handle(call) {
        await judgedVersion(accounts, call, accountOf(call));
        await accounts.removeSecondFactor(accountOf(call), { signal: call.signal });
        return noContent();
      },
    }),
    operation({
      id: 'renewRecoveryCodes',
      tag,
      method: 'POST',
      path: '/accounts/{accountId}/totp/recovery-codes',
      summary: 'Replaces the recovery codes of who asks. The former ones are worth nothing.',
      access: signedIn,
      params: accountIdParams,
      body: { kind: 'json', schema: proofBody },
      answers: { 200: { description: 'The new ones.', schema: recoveryCodesSchema } },
      async handle(call) {
        const id = await provenAccount(accounts, call);
        const { recoveryCodes } = await accounts.renewRecoveryCodes(id, { signal: call.signal });
        return json({ recoveryCodes });
      },
    }),
  ];
}
