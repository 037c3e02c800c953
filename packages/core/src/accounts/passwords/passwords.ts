import { parsePasswordHash } from '../../crypto/passwords/parse.ts';
import { PasswordHasher, type PasswordHashing } from '../../crypto/passwords/password-hasher.ts';
import { requireObject } from '../../errors/require-object.ts';
import type { Entry } from '../../store/entry.ts';
import type { AccountsContext } from '../context.ts';
import { type CredentialValue, type SealedCredential, sealHash } from './credential-record.ts';
import { HashQueue, type HashQueueOptions, type QueuedFor } from './hash-queue.ts';
import { type PasswordCircumstances, PasswordPolicy, type PasswordPolicyOptions } from './password-policy.ts';
import type { PasswordText } from './password-text.ts';
import { PasswordVerifier } from './password-verifier.ts';

/** How an account manager treats passwords. */
export interface PasswordOptions {
  /** What passwords must be when they are set. */
  readonly passwordPolicy?: PasswordPolicyOptions;
  /** How they are hashed. The defaults are right for production; tests may take less. */
  readonly passwordHashing?: PasswordHashing;
  /** How many are hashed at once, and how many may wait. */
  readonly hashQueue?: HashQueueOptions;
}

/** The lane of hashing that the host asks for, rather than somebody at an address. */
export const HOST_LANE: QueuedFor = { lane: 'host', known: true };

/** Passwords of accounts: judged, hashed in turn, sealed. */
export class Passwords {
  readonly verifier: PasswordVerifier;
  readonly #context: AccountsContext;
  readonly #hasher: PasswordHasher;
  readonly #policy: PasswordPolicy;
  readonly #queue: HashQueue;

  /** @throws {InvalidInputError} INVALID_ARGUMENT, PASSWORD_HASH_INVALID: an option is out of range */
  constructor(context: AccountsContext, options: PasswordOptions) {
    const { passwordPolicy = {}, passwordHashing = {}, hashQueue = {} } = options;
    requireObject(passwordPolicy, 'passwordPolicy');
    requireObject(passwordHashing, 'passwordHashing');
    requireObject(hashQueue, 'hashQueue');
    this.#context = context;
    this.#hasher = new PasswordHasher(context.crypto, passwordHashing);
    this.#policy = new PasswordPolicy(context.crypto, passwordPolicy);
    this.#queue = new HashQueue(hashQueue);
    this.verifier = new PasswordVerifier(context, this.#hasher, this.#queue);
  }

  /**
   * Judges a new password and makes the credential that holds it.
   *
   * @throws {InvalidInputError} PASSWORD_REFUSED
   * @throws {RateLimitError} OVERLOADED
   */
  async create(
    accountId: string,
    password: PasswordText,
    circumstances: PasswordCircumstances,
  ): Promise<SealedCredential> {
    await this.#policy.require(password, circumstances);
    const bytes = await this.#hash(accountId, password, { ...HOST_LANE, signal: circumstances.signal });
    const minimumLength = this.#policy.minimumFor(circumstances.secondFactorRequired);
    return { value: { passwordRevision: 1, minimumLength, changedAt: this.#context.clock.now() }, bytes };
  }

  /**
   * Makes the credential of a hash that another system has made.
   *
   * @throws {InvalidInputError} PASSWORD_HASH_INVALID
   */
  async import(accountId: string, encoded: string): Promise<SealedCredential> {
    parsePasswordHash(encoded, this.#context.crypto);
    const bytes = await sealHash(this.#context, accountId, encoded);
    return { value: { passwordRevision: 1, imported: true, changedAt: this.#context.clock.now() }, bytes };
  }

  /** Hashes and seals anew a password that was just verified; it stays the same password. */
  async renew(
    credential: Entry<CredentialValue>,
    password: PasswordText,
    queued: QueuedFor,
  ): Promise<SealedCredential> {
    const { imported: _, ...value } = credential.value;
    return { value, bytes: await this.#hash(credential.id, password, queued) };
  }

  #hash(accountId: string, password: PasswordText, queued: QueuedFor): Promise<Uint8Array> {
    return this.#queue.run(
      async () => sealHash(this.#context, accountId, await this.#hasher.hash(password.bytes)),
      queued,
    );
  }
}
