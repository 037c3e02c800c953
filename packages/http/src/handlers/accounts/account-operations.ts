import { type Account, type AccountManager, ConflictError, PermissionError } from '@chancery/core';
import { z } from 'zod';
import { entityTag, ifMatch, preconditionFailed } from '../../conditional/entity-tag.ts';
import { type Answer, json, noContent } from '../../exchange/answer.ts';
import { pageAnswer, pageOf, pageOptions, pageQuery } from '../../pagination/page.ts';
import { holderOf, introduced, ownerOr } from '../../routing/access.ts';
import type { Call } from '../../routing/call.ts';
import { MERGE_PATCH_TYPES, type Operation, operation } from '../../routing/operation.ts';
import { defined } from '../defined.ts';
import {
  accountSchema,
  changePasswordBody,
  createAccountBody,
  patchAccountBody,
  setPasswordBody,
  showAccount,
} from './account-schemas.ts';
import { accountIdParams, accountOf, judgedAccount } from './own-account.ts';

const tag = 'accounts';
const tagged = { ETag: 'The version of the account, for If-Match and If-None-Match.' };
const account = { description: 'The account.', schema: accountSchema, headers: tagged };
const FOR_HOLDERS_ALONE = ['login', 'roles', 'attributes', 'secondFactorRequired'] as const;
const NOT_AT_REGISTRATION = ['roles', 'attributes', 'secondFactorRequired'] as const;

/** Accounts: create, read, change, disable, delete, passwords. */
export function accountOperations(
  accounts: AccountManager,
  { basePath, registration }: { readonly basePath: string; readonly registration: 'open' | 'closed' },
): Operation[] {
  return [
    operation({
      id: 'listAccounts',
      tag,
      method: 'GET',
      path: '/accounts',
      summary: 'Lists accounts: the newest first, or by date of birth the youngest first.',
      access: holderOf('accounts.read'),
      query: z.strictObject({
        ...pageQuery,
        orderBy: z.enum(['createdAt', 'dateOfBirth']).optional(),
        direction: z.enum(['ascending', 'descending']).optional(),
      }),
      answers: { 200: { description: 'A page of accounts.', schema: pageOf(accountSchema) } },
      handle({ incoming, query: { orderBy, direction, ...page }, signal }) {
        const options = { ...pageOptions(page), ...defined({ orderBy, direction }), signal };
        return pageAnswer(incoming, accounts.list(options), showAccount);
      },
    }),
    operation({
      id: 'createAccount',
      tag,
      method: 'POST',
      path: '/accounts',
      summary: 'Creates an account.',
      access: registration === 'open' ? introduced : holderOf('accounts.write'),
      idempotent: 'atomic',
      body: { kind: 'json', schema: createAccountBody },
      answers: { 201: { ...account, headers: { ...tagged, Location: 'Where the account is.' } } },
      async handle(call) {
        const { body, signal } = call;
        if (!call.holds('accounts.write')) refuseFields(call.sender?.accountId, body, NOT_AT_REGISTRATION);
        else call.requireNoMoreThanOwn(body.roles ?? []);
        const created = await accounts.create({ ...defined(body), login: body.login, signal });
        return accountAnswer(created, { status: 201, location: `${basePath}/accounts/${created.id}` });
      },
    }),
    operation({
      id: 'getAccount',
      tag,
      method: 'GET',
      path: '/accounts/{accountId}',
      summary: 'Reads an account.',
      access: ownerOr('accounts.read'),
      tagged: true,
      params: accountIdParams,
      answers: { 200: account },
      async handle(call) {
        const id = judgedAccount(call);
        return accountAnswer(await accounts.get(id, { signal: call.signal }));
      },
    }),
    operation({
      id: 'updateAccount',
      tag,
      method: 'PATCH',
      path: '/accounts/{accountId}',
      summary: 'Changes fields of an account.',
      description: 'Its owner changes what it is called and the date of birth; the rest takes the permission.',
      access: ownerOr('accounts.write'),
      conditional: ['if-match'],
      params: accountIdParams,
      body: { kind: 'json', schema: patchAccountBody, types: MERGE_PATCH_TYPES },
      answers: { 200: account },
      async handle(call) {
        const id = judgedAccount(call);
        const version = ifMatch(call.incoming);
        const judged = call.isHolder ? await judgedVersion(accounts, call, id) : undefined;
        if (call.isHolder) call.requireNoMoreThanOwn(call.body.roles ?? []);
        else refuseFields(call.principal.accountId, call.body, FOR_HOLDERS_ALONE);
        const options = { ...defined({ ifVersion: version ?? judged }), signal: call.signal };
        try {
          return accountAnswer(await accounts.update(id, defined(call.body), options));
        } catch (error) {
          throw isChanged(error) && version !== undefined ? preconditionFailed() : error;
        }
      },
    }),
    operation({
      id: 'deleteAccount',
      tag,
      method: 'DELETE',
      path: '/accounts/{accountId}',
      summary: 'Deletes an account. Its login is free at once, and its sessions are over.',
      access: holderOf('accounts.write'),
      params: accountIdParams,
      answers: { 204: { description: 'It is gone.' } },
      async handle(call) {
        await judgedVersion(accounts, call, accountOf(call));
        await accounts.delete(accountOf(call), { signal: call.signal });
        return noContent();
      },
    }),
    switchOperation('disable', 'Refuses every login of an account, and ends its sessions.', accounts),
    switchOperation('enable', 'Lets a disabled account log in again.', accounts),
    operation({
      id: 'changePassword',
      tag,
      method: 'POST',
      path: '/accounts/{accountId}/password',
      summary: 'Changes the password of who asks, and ends every session.',
      access: ownerOr('accounts.write'),
      params: accountIdParams,
      body: { kind: 'json', schema: changePasswordBody },
      answers: { 204: { description: 'Log in anew.' } },
      async handle(call) {
        const id = judgedAccount(call);
        // Also who may set any password proves the present one here: it guards an open session that was left alone.
        await accounts.changePassword({ accountId: id, ...call.body, signal: call.signal });
        return noContent();
      },
    }),
    operation({
      id: 'setPassword',
      tag,
      method: 'PUT',
      path: '/accounts/{accountId}/password',
      summary: 'Sets a password without asking for the present one, and ends every session.',
      access: holderOf('accounts.write'),
      params: accountIdParams,
      body: { kind: 'json', schema: setPasswordBody },
      answers: { 204: { description: 'It is set.' } },
      async handle(call) {
        await judgedVersion(accounts, call, accountOf(call));
        await accounts.setPassword({ accountId: accountOf(call), ...call.body, signal: call.signal });
        return noContent();
      },
    }),
  ];
}

/**
 * Makes sure that an account may do no more than who acts upon it: to set its password is to become it.
 *
 * @returns the version of the account that was judged
 * @throws {PermissionError} PERMISSION_DENIED
 * @throws {NotFoundError} ACCOUNT_NOT_FOUND
 */
export async function judgedVersion(accounts: AccountManager, call: Call, id: string): Promise<string> {
  const { roles, version } = await accounts.get(id, { signal: call.signal });
  call.requireNoMoreThanOwn(roles);
  return version;
}

function switchOperation(verb: 'disable' | 'enable', summary: string, accounts: AccountManager): Operation {
  return operation({
    id: `${verb}Account`,
    tag,
    method: 'POST',
    path: `/accounts/{accountId}/${verb}`,
    summary,
    access: holderOf('accounts.write'),
    params: accountIdParams,
    answers: { 200: account },
    async handle(call) {
      await judgedVersion(accounts, call, accountOf(call));
      return accountAnswer(await accounts[verb](accountOf(call), { signal: call.signal }));
    },
  });
}

function accountAnswer(account: Account, { status = 200, location = '' } = {}): Answer {
  const headers = ['etag', entityTag(account.version), ...(location === '' ? [] : ['location', location])];
  return json(showAccount(account), { status, headers });
}

/** @throws {PermissionError} PERMISSION_DENIED: a field that only whoever holds the permission may give */
function refuseFields(accountId: string | undefined, body: object, fields: readonly string[]): void {
  const given = fields.filter((field) => Object.hasOwn(body, field));
  if (given.length === 0) return;
  throw new PermissionError('PERMISSION_DENIED', `Without accounts.write nobody may give ${given.join(', ')}`, {
    facts: { ...(accountId === undefined ? {} : { accountId }), permission: 'accounts.write' },
  });
}

function isChanged(error: unknown): boolean {
  return error instanceof ConflictError && error.code === 'ACCOUNT_CHANGED';
}
