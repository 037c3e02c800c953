import type { AccountManager } from '@chancery/core';
import { z } from 'zod';
import { json, noContent } from '../../exchange/answer.ts';
import { named } from '../../openapi/named-schema.ts';
import { ownerOr, signedIn } from '../../routing/access.ts';
import { MERGE_PATCH_TYPES, type Operation, operation } from '../../routing/operation.ts';
import { defined } from '../defined.ts';
import { judgedVersion } from './account-operations.ts';
import { accountIdParams, currentPassword, judgedAccount, ownAccount, provenAccount } from './own-account.ts';
import {
  creationOptionsSchema,
  passkeyAttestation,
  passkeyName,
  passkeySchema,
  showPasskey,
} from './passkey-schemas.ts';

const tag = 'accounts';
const passkeyParams = accountIdParams.extend({ passkeyId: z.string() });
/** An attestation may be as long as a whole body of the usual kind. */
const REGISTRATION_LIMIT = 128 * 1_024;

const startBody = named('PasskeyRegistrationStart', z.strictObject({ current: currentPassword }));
const registrationBody = named(
  'PasskeyRegistration',
  z.strictObject({ passkey: passkeyAttestation, name: passkeyName.optional() }),
);
const renamingBody = named('PasskeyRenaming', z.strictObject({ name: passkeyName }));

/** The passkeys of an account (WebAuthn Level 3). A new one opens the account, and so it takes the owner, and the owner’s password. */
export function passkeyOperations(accounts: AccountManager): Operation[] {
  return [
    operation({
      id: 'listPasskeys',
      tag,
      method: 'GET',
      path: '/accounts/{accountId}/passkeys',
      summary: 'Lists the passkeys of an account, oldest first; 20 at the most.',
      access: ownerOr('accounts.read'),
      params: accountIdParams,
      answers: { 200: { description: 'All of them.', schema: z.strictObject({ items: z.array(passkeySchema) }) } },
      async handle(call) {
        const id = judgedAccount(call);
        const { items } = await accounts.passkeys(id, { signal: call.signal });
        return json({ items: items.map(showPasskey) });
      },
    }),
    operation({
      id: 'beginPasskeyRegistration',
      tag,
      method: 'POST',
      path: '/accounts/{accountId}/passkeys/options',
      summary: 'Begins to register a passkey of who asks: options for navigator.credentials.create().',
      access: signedIn,
      params: accountIdParams,
      body: { kind: 'json', schema: startBody },
      answers: { 200: { description: 'To be answered within 5 minutes.', schema: creationOptionsSchema } },
      async handle(call) {
        const id = await provenAccount(accounts, call);
        return json(await accounts.beginPasskeyRegistration(id, { signal: call.signal }));
      },
    }),
    operation({
      id: 'registerPasskey',
      tag,
      method: 'POST',
      path: '/accounts/{accountId}/passkeys',
      summary: 'Keeps the passkey that an authenticator has made. From here on it opens the account.',
      access: signedIn,
      params: accountIdParams,
      body: { kind: 'json', schema: registrationBody, limit: REGISTRATION_LIMIT },
      answers: { 201: { description: 'The passkey.', schema: passkeySchema } },
      async handle(call) {
        const { passkey, name } = call.body;
        const options = { ...defined({ name }), signal: call.signal };
        const kept = await accounts.finishPasskeyRegistration(ownAccount(call), passkey, options);
        return json(showPasskey(kept), { status: 201 });
      },
    }),
    operation({
      id: 'renamePasskey',
      tag,
      method: 'PATCH',
      path: '/accounts/{accountId}/passkeys/{passkeyId}',
      summary: 'Calls a passkey of who asks something else.',
      access: signedIn,
      params: passkeyParams,
      body: { kind: 'json', schema: renamingBody, types: MERGE_PATCH_TYPES },
      answers: { 200: { description: 'The passkey.', schema: passkeySchema } },
      async handle(call) {
        const { passkeyId } = call.params;
        const { name } = call.body;
        return json(
          showPasskey(await accounts.renamePasskey(ownAccount(call), passkeyId, name, { signal: call.signal })),
        );
      },
    }),
    operation({
      id: 'removePasskey',
      tag,
      method: 'DELETE',
      path: '/accounts/{accountId}/passkeys/{passkeyId}',
      summary: 'Removes a passkey of an account. Sessions that it opened go on.',
      access: ownerOr('accounts.write'),
      params: passkeyParams,
      answers: { 204: { description: 'It opens nothing any more.' } },
      async handle(call) {
        const id = judgedAccount(call);
        if (call.isHolder) await judgedVersion(accounts, call, id);
        await accounts.removePasskey(id, call.params.passkeyId, { signal: call.signal });
        return noContent();
      },
    }),
  ];
}
