import { defaultCrypto } from '../crypto/node-provider.ts';
import { requireObject } from '../errors/require-object.ts';
import { eventCollections } from '../events/event-collections.ts';
import { requireSameStorage } from '../events/event-log.ts';
import { type Abortable, signalOf } from '../ports/abortable.ts';
import type { AccountGuard } from '../ports/account-guard.ts';
import type { MaintenanceTask } from '../ports/maintenance.ts';
import { systemClock } from '../ports/system-clock.ts';
import { requireDurability } from '../store/durability.ts';
import type { Entry } from '../store/entry.ts';
import { Store } from '../store/store.ts';
import { accountCollections } from './account-collections.ts';
import type { AccountManagerOptions } from './account-manager-options.ts';
import type { Account } from './accounts/account.ts';
import { accountGuard } from './accounts/account-guard.ts';
import type { AccountValue } from './accounts/account-record.ts';
import { type CreateAccountOptions, createAccount } from './accounts/create.ts';
import { deleteAccount } from './accounts/delete.ts';
import { disableAccount, enableAccount } from './accounts/disable.ts';
import { findAccountByLogin, getAccount, type ListAccountsOptions, listAccounts } from './accounts/find.ts';
import { type AccountPatch, type UpdateAccountOptions, updateAccount } from './accounts/update.ts';
import type { AccountsContext } from './context.ts';
import { DerivedKeys } from './derived-keys.ts';
import { logIn } from './login/login.ts';
import { type LoginListener, LoginListeners } from './login/login-listeners.ts';
import { type LoginOptions, parseLogin } from './login/login-options.ts';
import type { PasswordLoginResult } from './login/login-result.ts';
import {
  type BeginPasskeyOptions,
  beginPasskeyLogin,
  logInWithPasskey,
  type PasskeyLoginOptions,
} from './login/passkey-login.ts';
import { Passwords } from './passwords/passwords.ts';
import { type PasswordProofParts, type VerifyPasswordOptions, verifyPassword } from './passwords/prove-password.ts';
import {
  type ChangePasswordOptions,
  changePassword,
  type SetPasswordOptions,
  setPassword,
} from './passwords/set-password.ts';
import { Permissions, type RoleHolder } from './permissions.ts';
import { resealTasks } from './reseal.ts';
import {
  confirmTotp,
  type EnrollTotpOptions,
  enrollTotp,
  type RecoveryCodeSet,
  removeSecondFactor,
  renewRecoveryCodes,
  type SecondFactorStatus,
  secondFactorStatus,
  type TotpEnrollment,
} from './second-factor/enrollment.ts';
import { listPasskeys, type Passkey, removePasskey, renamePasskey } from './second-factor/passkeys/passkey.ts';
import type {
  PasskeyCreationOptions,
  PasskeyRegistrationResponse,
  PasskeyRequestOptions,
} from './second-factor/passkeys/passkey-ceremony.ts';
import { passkeySettings } from './second-factor/passkeys/passkey-options.ts';
import {
  beginPasskeyRegistration,
  finishPasskeyRegistration,
  type RegisterPasskeyOptions,
} from './second-factor/passkeys/register-passkey.ts';
import { type AuthenticateOptions, authenticate } from './sessions/authenticate.ts';
import { logoutEverywhere } from './sessions/end-sessions.ts';
import { type ListSessionsOptions, listSessions, type Session } from './sessions/list-sessions.ts';
import type { LoginResult } from './sessions/login-result.ts';
import { type LogoutOptions, logout } from './sessions/logout.ts';
import { sessionTasks } from './sessions/maintenance.ts';
import { openSession } from './sessions/open-session.ts';
import { type RefreshOptions, refreshSession } from './sessions/refresh-session.ts';
import { sessionCollections } from './sessions/session-collections.ts';
import { createSessionContext, type SessionContext } from './sessions/session-context.ts';
import type { JsonWebKeySet } from './signing-keys/json-web-key-set.ts';
import type { RotatedSigningKey, RotateSigningKeyOptions } from './signing-keys/signing-keys.ts';
import { LoginThrottle } from './throttle/login-throttle.ts';
import { loginRates } from './throttle/throttle-options.ts';
import type { Principal } from './tokens/principal.ts';

/**
 * Accounts with passwords, second factors, sessions and tokens, in any number of instances on one storage.
 *
 * @example
 * ```ts
 * const accounts = new AccountManager({ storage, keyring, issuer: 'https://app.example' });
 * await accounts.create({ login: 'ann@example.com', password });
 * const { accessToken, refreshToken } = await accounts.login({ login: 'Ann@Example.com', password, ip });
 * const principal = await accounts.authenticate(accessToken);
 * ```
 */
export class AccountManager {
  readonly #context: SessionContext & AccountsContext;
  readonly #passwords: Passwords;
  readonly #throttle: LoginThrottle;
  readonly #permissions: Permissions;
  readonly #loginListeners: LoginListeners;

  /**
   * Does no I/O: collections open and keys load at first use.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT, PASSWORD_HASH_INVALID: an option is malformed or out of range
   * @throws {ConflictError} EVENTS_STORAGE_MISMATCH: `events` stands on another storage
   * @throws {StorageError} STORAGE_UNSAFE_CONFIG: the storage is less durable than `requireDurability`
   */
  constructor(options: AccountManagerOptions) {
    requireObject(options, 'AccountManager options');
    requireObject(options.storage, 'storage');
    requireObject(options.keyring, 'keyring');
    const { storage, keyring, clock = systemClock, crypto = defaultCrypto, logger, events } = options;
    requireSameStorage(events, storage);
    requireDurability(storage, options.requireDurability, { what: 'accounts', logger });
    const collections = [
      ...accountCollections,
      ...sessionCollections,
      ...(events === undefined ? [] : eventCollections),
    ];
    const store = new Store({ storage, crypto, clock, collections, keyring });
    const derivedKeys = new DerivedKeys(store, keyring);
    const ground = { store, keyring, crypto, clock, logger, events, derivedKeys };
    this.#context = { ...createSessionContext(ground, options), passkeys: passkeySettings(options.passkeys) };
    this.#passwords = new Passwords(this.#context, options);
    this.#throttle = new LoginThrottle(this.#context, loginRates(options.loginThrottle));
    this.#permissions = new Permissions(options.permissions);
    this.#loginListeners = new LoginListeners(logger);
  }

  /**
   * Creates an account.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed; PASSWORD_REFUSED: the policy forbids the password;
   *   PASSWORD_HASH_INVALID: `passwordHash` is in no known form
   * @throws {ConflictError} LOGIN_TAKEN: another account has the login, but for case, width or accents
   * @throws {RateLimitError} OVERLOADED: too many passwords wait to be hashed
   * @throws {StorageError} any of its codes; with STORAGE_OUTCOME_UNKNOWN the account may exist
   */
  async create(options: CreateAccountOptions): Promise<Account> {
    requireObject(options, 'create() options');
    return createAccount(this.#context, this.#passwords, options);
  }

  /** Reads an account. @throws {NotFoundError} ACCOUNT_NOT_FOUND */
  get(id: string, options: Abortable = {}): Promise<Account> {
    return getAccount(this.#context, id, options);
  }

  /**
   * Finds the account of a login, without regard to case.
   *
   * @returns undefined where nobody has it
   * @throws {InvalidInputError} INVALID_ARGUMENT: no account can have it
   */
  findByLogin(login: string, options: Abortable = {}): Promise<Account | undefined> {
    return findAccountByLogin(this.#context, login, options);
  }

  /**
   * Lists accounts: the newest first, or by date of birth the youngest first.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed, such as a limit outside 1 to 1,000
   * @throws {StorageError} STORAGE_INVALID: the cursor of another list
   */
  list(options: ListAccountsOptions): Promise<{ items: Account[]; cursor?: string }> {
    return listAccounts(this.#context, options);
  }

  /**
   * Changes fields of an account. What the patch leaves out stays, `null` removes.
   *
   * @throws {NotFoundError} ACCOUNT_NOT_FOUND
   * @throws {InvalidInputError} INVALID_ARGUMENT: names the field at fault
   * @throws {ConflictError} LOGIN_TAKEN; ACCOUNT_CHANGED: the account is not at `ifVersion`
   */
  async update(id: string, patch: AccountPatch, options: UpdateAccountOptions = {}): Promise<Account> {
    requireObject(patch, 'update() patch');
    requireObject(options, 'update() options');
    return updateAccount(this.#context, id, patch, options);
  }

  /**
   * Deletes an account. Its login is free at once, its sessions are over, and the event tells others.
   *
   * @throws {NotFoundError} ACCOUNT_NOT_FOUND
   */
  async delete(id: string, options: Abortable = {}): Promise<void> {
    return deleteAccount(this.#context, id, options);
  }

  /** Refuses every login of an account and ends its sessions. @throws {NotFoundError} ACCOUNT_NOT_FOUND */
  disable(id: string, options: Abortable = {}): Promise<Account> {
    return disableAccount(this.#context, id, options);
  }

  /** Lets a disabled account log in again. @throws {NotFoundError} ACCOUNT_NOT_FOUND */
  enable(id: string, options: Abortable = {}): Promise<Account> {
    return enableAccount(this.#context, id, options);
  }

  /**
   * Logs in by password, and where the account has one by a second factor, and opens a session.
   *
   * @returns the tokens of the session, and a token by which this device is known the next time
   * @throws {AuthenticationError} CREDENTIALS_INVALID: unknown, wrong, disabled or without password, which nothing tells apart;
   *   SECOND_FACTOR_REQUIRED, SECOND_FACTOR_INVALID; PROOF_REQUIRED, PROOF_INVALID, PROOF_NONCE_REQUIRED, PROOF_REPLAYED
   * @throws {RateLimitError} RATE_LIMITED: too many attempts, this one was not made; OVERLOADED: too many passwords wait to be hashed
   * @throws {ConflictError} SESSION_LIMIT: the account has all sessions that it may have
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed; the account was not looked for
   * @throws {StorageError} any of its codes; with STORAGE_OUTCOME_UNKNOWN a session may be open, whose tokens nobody has
   */
  async login(options: LoginOptions): Promise<PasswordLoginResult> {
    requireObject(options, 'login() options');
    const parts = { ...this.#loginParts(options), passwords: this.#passwords };
    return this.#loginListeners.around('password', async () => logIn(parts, parseLogin(options), signalOf(options)));
  }

  /**
   * Tells a function of every attempt to log in at this instance, by password or passkey, and what it came to: for metrics. It says nothing
   * of who it was. What the function returns is not waited for, and what it throws is logged by its code or class.
   *
   * @returns a function that ends it
   * @throws {InvalidInputError} INVALID_ARGUMENT: no function
   */
  onLogin(listener: LoginListener): () => void {
    return this.#loginListeners.add(listener);
  }

  /**
   * Gives new tokens for a refresh token, which is worth nothing after.
   *
   * @throws {AuthenticationError} TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED; REFRESH_TOKEN_REUSED: it came a second time, and the
   *   session is over; BINDING_REQUIRED; PROOF_REQUIRED, PROOF_INVALID, PROOF_NONCE_REQUIRED, PROOF_REPLAYED
   * @throws {StorageError} any of its codes
   */
  async refresh(options: RefreshOptions): Promise<LoginResult> {
    requireObject(options, 'refresh() options');
    return refreshSession(this.#context, options);
  }

  /**
   * Finds out who asks, by an access token.
   *
   * @throws {AuthenticationError} TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED; BINDING_REQUIRED; PROOF_REQUIRED, PROOF_INVALID,
   *   PROOF_NONCE_REQUIRED, PROOF_REPLAYED
   * @throws {StorageError} any of its codes
   */
  authenticate(accessToken: string, options: AuthenticateOptions = {}): Promise<Principal> {
    return authenticate(this.#context, accessToken, options);
  }

  /**
   * Ends one session. Ending one that is over changes nothing.
   *
   * @throws {AuthenticationError} TOKEN_INVALID: not a token of this manager's
   * @throws {InvalidInputError} INVALID_ARGUMENT
   */
  async logout(options: LogoutOptions): Promise<void> {
    requireObject(options, 'logout() options');
    return logout(this.#context, options);
  }

  /** Ends every session of an account. @throws {NotFoundError} ACCOUNT_NOT_FOUND */
  logoutEverywhere(accountId: string, options: Abortable = {}): Promise<void> {
    return logoutEverywhere(this.#context, accountId, options);
  }

  /**
   * Lists the open sessions of an account, newest first.
   *
   * @throws {NotFoundError} ACCOUNT_NOT_FOUND
   * @throws {InvalidInputError} INVALID_ARGUMENT
   */
  async sessions(accountId: string, options: ListSessionsOptions = {}): Promise<{ items: Session[]; cursor?: string }> {
    requireObject(options, 'sessions() options');
    return listSessions(this.#context, accountId, options);
  }

  /** The public keys that verify access tokens, as a JWK Set (RFC 7517 section 5). */
  jwks(options: Abortable = {}): Promise<JsonWebKeySet> {
    return this.#context.signingKeys.jwks(options);
  }

  /**
   * Makes a new signing key. It is published at once, and signs once every verifier can have read it.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is unknown or malformed
   */
  async rotateSigningKey(options: RotateSigningKeyOptions = {}): Promise<RotatedSigningKey> {
    requireObject(options, 'rotateSigningKey() options');
    return this.#context.signingKeys.rotate(options);
  }

  /**
   * Changes a password for its owner, and ends every session: the owner logs in anew with it.
   *
   * @throws {NotFoundError} ACCOUNT_NOT_FOUND: no account can have that id, or it was deleted meanwhile
   * @throws {AuthenticationError} CREDENTIALS_INVALID: `current` is not the present password, or there is none
   * @throws {InvalidInputError} INVALID_ARGUMENT, PASSWORD_REFUSED
   * @throws {RateLimitError} RATE_LIMITED, OVERLOADED
   * @throws {ConflictError} ACCOUNT_CHANGED: what the password was judged by was changed meanwhile
   */
  async changePassword(options: ChangePasswordOptions): Promise<Account> {
    requireObject(options, 'changePassword() options');
    return changePassword(this.#proofParts(), options);
  }

  /**
   * Makes sure that whoever has a session also knows the password, before something that would outlast the session: enrolling a second
   * factor, say.
   *
   * @throws {NotFoundError} ACCOUNT_NOT_FOUND: no account can have that id
   * @throws {AuthenticationError} CREDENTIALS_INVALID: it is not the present password, or there is none
   * @throws {RateLimitError} RATE_LIMITED, OVERLOADED: together with changes of the password
   * @throws {InvalidInputError} INVALID_ARGUMENT
   */
  async verifyPassword(options: VerifyPasswordOptions): Promise<void> {
    requireObject(options, 'verifyPassword() options');
    return verifyPassword(this.#proofParts(), options);
  }

  /**
   * Sets a password for the host, without asking for the present one, and ends every session.
   *
   * @throws {NotFoundError} ACCOUNT_NOT_FOUND
   * @throws {InvalidInputError} INVALID_ARGUMENT, PASSWORD_REFUSED
   * @throws {RateLimitError} OVERLOADED
   * @throws {ConflictError} ACCOUNT_CHANGED: what the password was judged by was changed meanwhile
   */
  async setPassword(options: SetPasswordOptions): Promise<Account> {
    requireObject(options, 'setPassword() options');
    return setPassword(this.#context, this.#passwords, options);
  }

  /** Tells whether an account has an authenticator app. @throws {NotFoundError} ACCOUNT_NOT_FOUND */
  secondFactor(accountId: string, options: Abortable = {}): Promise<SecondFactorStatus> {
    return secondFactorStatus(this.#context, accountId, options);
  }

  /**
   * Begins to enroll an authenticator app (RFC 6238). Nothing changes for logins before `confirmTotp`.
   *
   * @throws {NotFoundError} ACCOUNT_NOT_FOUND
   * @throws {InvalidInputError} INVALID_ARGUMENT
   */
  async enrollTotp(accountId: string, options: EnrollTotpOptions = {}): Promise<TotpEnrollment> {
    requireObject(options, 'enrollTotp() options');
    return enrollTotp(this.#context, accountId, this.#context.settings.issuer, options);
  }

  /**
   * Ends the enrollment with a code of the app: from here on logins need one.
   *
   * @returns ten recovery codes, shown this once
   * @throws {NotFoundError} ACCOUNT_NOT_FOUND, SECOND_FACTOR_NOT_FOUND: no enrollment is under way
   * @throws {AuthenticationError} SECOND_FACTOR_INVALID: the code does not fit
   * @throws {RateLimitError} RATE_LIMITED: too many that did not fit
   */
  confirmTotp(accountId: string, code: string, options: Abortable = {}): Promise<RecoveryCodeSet> {
    return confirmTotp({ context: this.#context, throttle: this.#throttle }, accountId, code, options);
  }

  /**
   * Replaces the recovery codes.
   *
   * @throws {NotFoundError} ACCOUNT_NOT_FOUND, SECOND_FACTOR_NOT_FOUND
   */
  renewRecoveryCodes(accountId: string, options: Abortable = {}): Promise<RecoveryCodeSet> {
    return renewRecoveryCodes(this.#context, accountId, options);
  }

  /**
   * Takes the second factor away. An account that requires one lets nobody in until another is enrolled.
   *
   * @throws {NotFoundError} ACCOUNT_NOT_FOUND, SECOND_FACTOR_NOT_FOUND
   */
  removeSecondFactor(accountId: string, options: Abortable = {}): Promise<void> {
    return removeSecondFactor(this.#context, accountId, options);
  }

  /** Whether the manager has the option `passkeys`. */
  get takesPasskeys(): boolean {
    return this.#context.passkeys !== undefined;
  }

  /**
   * Begins to register a passkey of an account. Its owner must be known: who asks decides whom the passkey will open.
   *
   * @returns options for the browser's `navigator.credentials.create()`, to be answered within 5 minutes
   * @throws {NotFoundError} ACCOUNT_NOT_FOUND
   * @throws {ConflictError} PASSKEY_LIMIT: the account has 20
   * @throws {InvalidInputError} INVALID_ARGUMENT: the manager has no option `passkeys`
   * @throws {ChanceryError} CRYPTO_UNSUPPORTED: the optional package `@simplewebauthn/server` is missing
   */
  beginPasskeyRegistration(accountId: string, options: Abortable = {}): Promise<PasskeyCreationOptions> {
    return beginPasskeyRegistration(this.#context, accountId, options);
  }

  /**
   * Keeps the passkey that an authenticator has made. From here on it opens the account.
   *
   * @param response - what the browser gave, as JSON
   * @throws {AuthenticationError} PASSKEY_INVALID: not an answer to a challenge of this account, or not from an origin of the option `passkeys`
   * @throws {NotFoundError} ACCOUNT_NOT_FOUND
   * @throws {ConflictError} PASSKEY_EXISTS, PASSKEY_LIMIT
   * @throws {InvalidInputError} INVALID_ARGUMENT
   */
  async finishPasskeyRegistration(
    accountId: string,
    response: PasskeyRegistrationResponse,
    options: RegisterPasskeyOptions = {},
  ): Promise<Passkey> {
    requireObject(options, 'finishPasskeyRegistration() options');
    return finishPasskeyRegistration(this.#context, accountId, response, options);
  }

  /**
   * Begins a login by passkey, or one whose second factor is a passkey. It names no account, and tells nothing of any.
   *
   * @returns options for the browser's `navigator.credentials.get()`, to be answered within 5 minutes
   * @throws {RateLimitError} RATE_LIMITED: by address or overall
   * @throws {InvalidInputError} INVALID_ARGUMENT
   * @throws {ChanceryError} CRYPTO_UNSUPPORTED: the optional package `@simplewebauthn/server` is missing
   */
  async beginPasskeyAuthentication(options: BeginPasskeyOptions = {}): Promise<PasskeyRequestOptions> {
    requireObject(options, 'beginPasskeyAuthentication() options');
    return beginPasskeyLogin({ context: this.#context, throttle: this.#throttle }, options);
  }

  /**
   * Logs in by a passkey alone, and opens a session. It is two factors by itself: the device, and what that asks of its owner.
   *
   * @throws {AuthenticationError} PASSKEY_INVALID: it opens no account that may log in; PROOF_REQUIRED, PROOF_INVALID, PROOF_NONCE_REQUIRED,
   *   PROOF_REPLAYED
   * @throws {RateLimitError} RATE_LIMITED: by address or overall
   * @throws {ConflictError} SESSION_LIMIT
   * @throws {InvalidInputError} INVALID_ARGUMENT
   * @throws {StorageError} any of its codes; with STORAGE_OUTCOME_UNKNOWN a session may be open, whose tokens nobody has
   */
  async loginWithPasskey(options: PasskeyLoginOptions): Promise<PasswordLoginResult> {
    requireObject(options, 'loginWithPasskey() options');
    return this.#loginListeners.around('passkey', () => logInWithPasskey(this.#loginParts(options), options));
  }

  /** Lists the passkeys of an account, oldest first; 20 at the most. @throws {NotFoundError} ACCOUNT_NOT_FOUND */
  passkeys(accountId: string, options: Abortable = {}): Promise<{ items: Passkey[] }> {
    return listPasskeys(this.#context, accountId, options);
  }

  /**
   * Calls a passkey something else.
   *
   * @param name - 1 to 256 characters
   * @throws {NotFoundError} ACCOUNT_NOT_FOUND, PASSKEY_NOT_FOUND
   * @throws {InvalidInputError} INVALID_ARGUMENT
   */
  renamePasskey(accountId: string, passkeyId: string, name: string, options: Abortable = {}): Promise<Passkey> {
    return renamePasskey(this.#context, accountId, passkeyId, name, options);
  }

  /** Removes a passkey. Sessions that it opened go on. @throws {NotFoundError} ACCOUNT_NOT_FOUND, PASSKEY_NOT_FOUND */
  removePasskey(accountId: string, passkeyId: string, options: Abortable = {}): Promise<void> {
    return removePasskey(this.#context, accountId, passkeyId, options);
  }

  /** @throws {PermissionError} PERMISSION_DENIED: none of the roles is held */
  requireRole(principal: RoleHolder, ...anyOf: readonly [string, ...string[]]): void {
    this.#permissions.requireRole(principal, ...anyOf);
  }

  /** @throws {PermissionError} PERMISSION_DENIED: no role that is held gives the permission, by the option `permissions` */
  requirePermission(principal: RoleHolder, permission: string): void {
    this.#permissions.requirePermission(principal, permission);
  }

  /** For other managers: a check that an account exists, to join their commits. */
  accountGuard(): AccountGuard {
    return accountGuard(this.#context);
  }

  /** The chores: rotating signing keys, and sealing secrets anew after the keyring has rotated. */
  maintenance(): MaintenanceTask[] {
    return [...sessionTasks(this.#context), ...resealTasks(this.#context)];
  }

  #proofParts(): PasswordProofParts {
    return { context: this.#context, passwords: this.#passwords, throttle: this.#throttle };
  }

  #loginParts({ ip, userAgent, clientId, proof, bindingSecret }: Omit<LoginOptions, 'login' | 'password'>) {
    const session = { ip, userAgent, clientId, proof, bindingSecret };
    return {
      context: this.#context,
      throttle: this.#throttle,
      openSession: (account: Entry<AccountValue>, deviceId: string) =>
        openSession(this.#context, { ...session, account, deviceId }),
    };
  }
}
