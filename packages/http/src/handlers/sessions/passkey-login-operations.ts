import type { AccountManager } from '@chancery/core';
import { json } from '../../exchange/answer.ts';
import { anybody } from '../../routing/access.ts';
import { type Operation, operation } from '../../routing/operation.ts';
import { requestOptionsSchema } from '../accounts/passkey-schemas.ts';
import type { HandlerContext } from '../context.ts';
import { defined } from '../defined.ts';
import { openedAnswer, openingOptions } from './session-opening.ts';
import { passkeyLoginBody, tokensSchema } from './session-schemas.ts';

const tag = 'sessions';

/** Logging in by a passkey. */
export function passkeyLoginOperations(accounts: AccountManager, context: HandlerContext): Operation[] {
  return [
    operation({
      id: 'beginPasskeyLogin',
      tag,
      method: 'POST',
      path: '/sessions/passkey/options',
      summary: 'Begins a login by passkey, or one whose second factor is one: options for navigator.credentials.get().',
      description: 'They are the same for everybody, and tell nothing of any account.',
      access: anybody,
      rate: 'address',
      answers: { 200: { description: 'To be answered within 5 minutes.', schema: requestOptionsSchema } },
      async handle({ ip, signal }) {
        return json(await accounts.beginPasskeyAuthentication({ ...defined({ ip }), signal }));
      },
    }),
    operation({
      id: 'logInByPasskey',
      tag,
      method: 'POST',
      path: '/sessions/passkey',
      summary: 'Logs in by a passkey alone, which is two factors by itself.',
      description:
        'A DPoP proof binds the session to its key. With `cookie` the tokens are bound to a cookie of the browser.',
      access: anybody,
      rate: 'address',
      body: { kind: 'json', schema: passkeyLoginBody },
      answers: {
        201: {
          description: 'A session is open.',
          schema: tokensSchema,
          headers: { 'Set-Cookie': 'The cookies of the session, where it has them.' },
        },
      },
      async handle(call) {
        const options = openingOptions(call, context);
        const session = await accounts.loginWithPasskey({ passkey: call.body.passkey, ...options });
        return openedAnswer(session, call.body, context);
      },
    }),
  ];
}
