import { z } from 'zod';
import { invalidArgument } from '../../errors/from-issues.ts';
import type { Abortable } from '../../ports/abortable.ts';
import type { Clock } from '../../ports/clock.ts';
import type { JsonObject } from '../../ports/storage.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import type { AccountsContext } from '../context.ts';
import { type Account, accountChanged } from './account.ts';
import { attributesInput, dateOfBirthInput, displayNameInput, loginInput, rolesInput } from './account-input.ts';
import type { AccountValue } from './account-record.ts';
import { changeAccount } from './change.ts';
import { onLoginTaken } from './login-taken.ts';

/** What to change of an account. What is left out stays; `null` removes. */
export interface AccountPatch {
  readonly login?: string;
  readonly displayName?: string | null;
  /** `YYYY-MM-DD`. */
  readonly dateOfBirth?: string | null;
  /** All of them: those left out are taken away. */
  readonly roles?: readonly string[];
  /** All of them: those left out are removed. */
  readonly attributes?: JsonObject | null;
  /** To do without again takes a new password, since a shorter one may have been set: see `setPassword`. */
  readonly secondFactorRequired?: true;
}

/** Under which condition to change it. */
export interface UpdateAccountOptions extends Abortable {
  /** The `version` that the caller saw. */
  readonly ifVersion?: string;
}

const patchInput = (clock: Clock) =>
  z.strictObject({
    login: loginInput.optional(),
    displayName: displayNameInput.nullable().optional(),
    dateOfBirth: dateOfBirthInput(clock).nullable().optional(),
    roles: rolesInput.optional(),
    attributes: z.union([z.null(), attributesInput]).optional(),
    secondFactorRequired: z.literal(true).optional(),
  });

const optionsInput = z.strictObject({ ifVersion: z.string().optional(), signal: abortSignal });

type Patch = z.output<ReturnType<typeof patchInput>>;

/** Changes fields of an account. A patch that changes nothing writes nothing. */
export async function updateAccount(
  context: AccountsContext,
  id: string,
  given: AccountPatch,
  options: UpdateAccountOptions,
): Promise<Account> {
  const parsed = patchInput(context.clock).safeParse(given);
  if (!parsed.success) throw invalidArgument('update() patch', parsed.error.issues);
  const condition = optionsInput.safeParse(options);
  if (!condition.success) throw invalidArgument('update() options', condition.error.issues);
  const patch = parsed.data;
  const changing = changeAccount(context, id, options, ({ version, value }) => {
    if (options.ifVersion !== undefined && options.ifVersion !== version) throw accountChanged(id);
    const next = patched(value, patch);
    const changed = Object.keys(patch).filter((field) => !isSame(value, next, field as keyof AccountValue));
    if (changed.length === 0) return undefined;
    return { value: next, event: 'account.updated', data: { changed } };
  });
  return onLoginTaken(changing, patch.login?.login);
}

function patched(value: AccountValue, patch: Patch): AccountValue {
  const { displayName, dateOfBirth, bornOn, attributes, ...rest } = value;
  const birth = patch.dateOfBirth === undefined ? given({ dateOfBirth, bornOn }) : (patch.dateOfBirth ?? {});
  return {
    ...rest,
    ...patch.login,
    ...(patch.roles === undefined ? {} : { roles: patch.roles }),
    ...(patch.secondFactorRequired === undefined ? {} : { secondFactorRequired: true as const }),
    ...given({ displayName: patch.displayName === undefined ? displayName : (patch.displayName ?? undefined) }),
    ...given({ attributes: patch.attributes === undefined ? attributes : (patch.attributes ?? undefined) }),
    ...birth,
  };
}

/** Leaves out what is undefined. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function isSame(before: AccountValue, after: AccountValue, field: keyof AccountValue): boolean {
  return JSON.stringify(before[field]) === JSON.stringify(after[field]);
}
