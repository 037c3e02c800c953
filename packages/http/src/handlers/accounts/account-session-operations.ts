import type { AccountManager, Session } from '@chancery/core';
import { z } from 'zod';
import { noContent } from '../../exchange/answer.ts';
import { pageAnswer, pageOf, pageOptions, pageQuery } from '../../pagination/page.ts';
import { ownerOr } from '../../routing/access.ts';
import { type Operation, operation } from '../../routing/operation.ts';
import { judgedVersion } from './account-operations.ts';
import { sessionSchema } from './account-schemas.ts';
import { accountIdParams, judgedAccount } from './own-account.ts';

const tag = 'accounts';

/** The sessions of an account: listed, and ended. */
export function accountSessionOperations(accounts: AccountManager): Operation[] {
  return [
    operation({
      id: 'listSessions',
      tag,
      method: 'GET',
      path: '/accounts/{accountId}/sessions',
      summary: 'Lists the open sessions of an account, newest first.',
      access: ownerOr('accounts.read'),
      params: accountIdParams,
      query: z.strictObject(pageQuery),
      answers: { 200: { description: 'A page of sessions.', schema: pageOf(sessionSchema) } },
      async handle(call) {
        const id = judgedAccount(call);
        const reading = accounts.sessions(id, { ...pageOptions(call.query), signal: call.signal });
        return pageAnswer(call.incoming, reading, showSession);
      },
    }),
    operation({
      id: 'endSessions',
      tag,
      method: 'DELETE',
      path: '/accounts/{accountId}/sessions',
      summary: 'Ends every session of an account.',
      access: ownerOr('accounts.write'),
      params: accountIdParams,
      answers: { 204: { description: 'They are over.' } },
      async handle(call) {
        const id = judgedAccount(call);
        if (call.isHolder) await judgedVersion(accounts, call, id);
        await accounts.logoutEverywhere(id, { signal: call.signal });
        return noContent();
      },
    }),
    operation({
      id: 'endSession',
      tag,
      method: 'DELETE',
      path: '/accounts/{accountId}/sessions/{sessionId}',
      summary: 'Ends one session of an account. Ending one that is over changes nothing.',
      access: ownerOr('accounts.write'),
      params: accountIdParams.extend({ sessionId: z.string() }),
      answers: { 204: { description: 'It is over.' } },
      async handle(call) {
        const id = judgedAccount(call);
        if (call.isHolder) await judgedVersion(accounts, call, id);
        await accounts.logout({ accountId: id, sessionId: call.params.sessionId, signal: call.signal });
        return noContent();
      },
    }),
  ];
}

function showSession(session: Session): object {
  const { sessionId, createdAt, lastUsedAt, expiresAt, boundTo, ip, userAgent, deviceId, clientId } = session;
  return { sessionId, createdAt, lastUsedAt, expiresAt, boundTo, ip, userAgent, deviceId, clientId };
}
