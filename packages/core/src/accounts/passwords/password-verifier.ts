import { parsePasswordHash } from '../../crypto/passwords/parse.ts';
import type { PasswordHasher } from '../../crypto/passwords/password-hasher.ts';
import type { Entry } from '../../store/entry.ts';
import type { AccountsContext } from '../context.ts';
import { type CredentialValue, openHash, sealedHashOf, sealHash } from './credential-record.ts';
import type { HashQueue, QueuedFor } from './hash-queue.ts';
import type { PasswordText } from './password-text.ts';

/** The id under which the decoy is sealed. No account has it. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** What was found out about a password. */
export interface PasswordVerdict {
  readonly fits: boolean;
  /** Another function, cost or keyring key than the present one: hash and seal the password anew. */
  readonly isOutdated: boolean;
}

/** Verifies passwords against stored credentials, and against a decoy where there is none: the work is the same. */
export class PasswordVerifier {
  readonly #context: AccountsContext;
  readonly #hasher: PasswordHasher;
  readonly #queue: HashQueue;
  #decoy: Promise<Uint8Array> | undefined;

  constructor(context: AccountsContext, hasher: PasswordHasher, queue: HashQueue) {
    this.#context = context;
    this.#hasher = hasher;
    this.#queue = queue;
  }

  /**
   * Judges a password, in its turn.
   *
   * @param credential - of the account; undefined where there is no account, or no password
   * @throws {RateLimitError} OVERLOADED
   * @throws {SealError} the hash does not open
   * @throws {ChanceryError} CRYPTO_UNSUPPORTED: the package that the hash needs is not installed; ABORTED
   */
  verify(
    password: PasswordText,
    credential: Entry<CredentialValue> | undefined,
    queued: QueuedFor,
  ): Promise<PasswordVerdict> {
    return this.#queue.run(async () => {
      const id = credential?.id ?? NOBODY;
      const sealed = credential === undefined ? await this.#sealedDecoy() : sealedHashOf(credential);
      const encoded = await openHash(this.#context, id, sealed);
      const imported = credential?.value.imported === true;
      const hash = parsePasswordHash(encoded, this.#context.crypto);
      const fits = await hash.verify(imported ? password.typed : password.bytes);
      const isOutdated =
        imported || this.#context.keyring.needsReseal(sealed) || (await this.#hasher.needsRehash(encoded));
      return { fits: fits && credential !== undefined, isOutdated };
    }, queued);
  }

  #sealedDecoy(): Promise<Uint8Array> {
    this.#decoy ??= this.#hasher
      .decoy()
      .then((encoded) => sealHash(this.#context, NOBODY, encoded))
      .catch((error: unknown) => {
        this.#decoy = undefined;
        throw error;
      });
    return this.#decoy;
  }
}
