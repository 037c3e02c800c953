import { z } from 'zod';
import { uuidv7 } from '../../crypto/random-id.ts';
import { invalidArgument } from '../../errors/from-issues.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { Clock } from '../../ports/clock.ts';
import type { JsonObject } from '../../ports/storage.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { AccountsContext } from '../context.ts';
import { credentials, type SealedCredential } from '../passwords/credential-record.ts';
import { passwordInput } from '../passwords/password-input.ts';
import type { Passwords } from '../passwords/passwords.ts';
import { type Account, toAccount } from './account.ts';
import { accountEvent } from './account-event.ts';
import { attributesInput, dateOfBirthInput, displayNameInput, loginInput, rolesInput } from './account-input.ts';
import { type AccountValue, accounts } from './account-record.ts';
import { onLoginTaken } from './login-taken.ts';

/** What to make an account of. */
export interface CreateAccountOptions extends Abortable {
  /** 1 to 256 characters; unique without regard to case, width and the composition of accents (NFKC, case-folded). */
  readonly login: string;
  /** Without one, nobody can log in until `setPassword`. */
  readonly password?: string;
  /**
   * In place of a password: a hash that another system has made. argon2id, scrypt, bcrypt, or PBKDF2 as PHC, passlib or Django write it.
   * The first login replaces it by one of this manager's own.
   */
  readonly passwordHash?: string;
  readonly displayName?: string;
  /** `YYYY-MM-DD`. */
  readonly dateOfBirth?: string;
  readonly roles?: readonly string[];
  /** Anything that survives JSON, at most 16 KiB. */
  readonly attributes?: JsonObject;
  /** No login succeeds without a second factor; in return, 8 characters will do for a password. Default false. */
  readonly secondFactorRequired?: boolean;
}

const createInput = (clock: Clock) =>
  z
    .strictObject({
      login: loginInput,
      password: passwordInput.optional(),
      passwordHash: z.string().optional(),
      displayName: displayNameInput.optional(),
      dateOfBirth: dateOfBirthInput(clock).optional(),
      roles: rolesInput.optional(),
      attributes: attributesInput.optional(),
      secondFactorRequired: z.boolean().optional(),
      signal: abortSignal,
    })
    .refine(({ password, passwordHash }) => password === undefined || passwordHash === undefined, {
      path: ['passwordHash'],
      message: 'must not be given together with a password',
    });

type CreateInput = z.output<ReturnType<typeof createInput>>;

/** Creates an account, its credential and its event in one commit. */
export async function createAccount(
  context: AccountsContext,
  passwords: Passwords,
  options: CreateAccountOptions,
): Promise<Account> {
  const parsed = createInput(context.clock).safeParse(options);
  if (!parsed.success) throw invalidArgument('create() options', parsed.error.issues);
  throwIfAborted(options.signal);
  const { store, clock, crypto } = context;
  const id = uuidv7(clock, crypto);
  const credential = await credentialOf(passwords, id, parsed.data, options);
  const creating = store.transact(async (transaction) => {
    const value = newAccount(parsed.data, clock.now());
    transaction.put(accounts, id, value, { ifVersion: null });
    if (credential !== undefined) {
      transaction.put(credentials, id, credential.value, { ifVersion: null, bytes: credential.bytes });
    }
    if (context.events !== undefined) transaction.add(accountEvent(context.events, 'account.created', id, value));
    const written = await transaction.get(accounts, id);
    return toAccount({ id, value, version: written?.version ?? '' });
  }, signalOf(options));
  return onLoginTaken(creating, parsed.data.login.login);
}

async function credentialOf(
  passwords: Passwords,
  id: string,
  { login, password, passwordHash, secondFactorRequired = false }: CreateInput,
  options: Abortable,
): Promise<SealedCredential | undefined> {
  if (passwordHash !== undefined) return passwords.import(id, passwordHash);
  if (password === undefined) return undefined;
  return passwords.create(id, password, { login: login.login, secondFactorRequired, ...signalOf(options) });
}

function newAccount(input: CreateInput, now: number): AccountValue {
  const { login, displayName, dateOfBirth, roles = [], attributes, secondFactorRequired } = input;
  return {
    ...login,
    ...dateOfBirth,
    ...(displayName === undefined ? {} : { displayName }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(secondFactorRequired === true ? { secondFactorRequired } : {}),
    roles,
    epoch: 0,
    revision: 1,
    createdAt: now,
    updatedAt: now,
  };
}
