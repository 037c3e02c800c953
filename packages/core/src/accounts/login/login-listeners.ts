import { ChanceryError } from '../../errors/chancery-error.ts';
import { codeOrClass } from '../../errors/code-or-class.ts';
import type { ChanceryErrorCode } from '../../errors/codes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { Logger } from '../../ports/logger.ts';

/** What one attempt to log in came to. It says nothing of who it was. */
export type LoginOutcome = { readonly method: LoginMethod } & (
  | { readonly succeeded: true }
  /** `code`: of the error; undefined where it was none of the SDK's. */
  | { readonly succeeded: false; readonly code: ChanceryErrorCode | undefined }
);

/** By what somebody logs in. */
export type LoginMethod = 'password' | 'passkey';

/** Is told of attempts to log in. What it returns is not waited for. */
export type LoginListener = (outcome: LoginOutcome) => unknown;

/** Who listens to the logins of one manager. */
export class LoginListeners {
  readonly #logger: Logger | undefined;
  readonly #listeners = new Set<{ readonly listener: LoginListener }>();

  constructor(logger: Logger | undefined) {
    this.#logger = logger;
  }

  /**
   * Adds a listener.
   *
   * @returns a function that removes it
   * @throws {InvalidInputError} INVALID_ARGUMENT: no function
   */
  add(listener: LoginListener): () => void {
    if (typeof listener !== 'function') {
      throw new InvalidInputError('INVALID_ARGUMENT', `onLogin() takes a function, not ${typeof listener}`);
    }
    const added = { listener };
    this.#listeners.add(added);
    return () => {
      this.#listeners.delete(added);
    };
  }

  /** Runs a login, and tells what it came to. */
  async around<T>(method: LoginMethod, logIn: () => Promise<T>): Promise<T> {
    try {
      const result = await logIn();
      this.#tell({ method, succeeded: true });
      return result;
    } catch (error) {
      this.#tell({ method, succeeded: false, code: error instanceof ChanceryError ? error.code : undefined });
      throw error;
    }
  }

  #tell(outcome: LoginOutcome): void {
    for (const { listener } of this.#listeners) {
      // In a promise's chain, so that whatever it throws or rejects with is no failure of the login.
      Promise.resolve(outcome)
        .then(listener)
        .catch((error: unknown) => {
          this.#logger?.error('A listener to logins failed', { error: codeOrClass(error) });
        });
    }
  }
}
