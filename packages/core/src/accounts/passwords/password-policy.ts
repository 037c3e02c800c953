import { toHex } from '../../encoding/hex.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { foldLogin } from '../accounts/login-name.ts';
import { isGuessable } from './guessable.ts';
import type { PasswordText } from './password-text.ts';

/**
 * Looks a password up among those that have leaked.
 *
 * @param sha1 - SHA-1 of the password in UTF-8, upper-case hex, as such lists have it
 * @returns true where it is among them
 */
export type BreachedPasswordCheck = (sha1: string, options: Abortable) => boolean | Promise<boolean>;

/** What a password must be when it is set. Passwords that are set already are not judged again. */
export interface PasswordPolicyOptions {
  /** Characters at the least, 15 by default and never fewer than 8 (NIST SP 800-63B-4 section 3.1.1.2). */
  readonly minimumLength?: number;
  /** The same for accounts that no login opens without a second factor; 8 by default and at the least. */
  readonly minimumLengthWithSecondFactor?: number;
  /** Passwords that the host does not want, beside the bundled list; compared without regard to case. */
  readonly refused?: readonly string[];
  /** Where it throws, the password is refused: a check that could not be made was not passed. */
  readonly breached?: BreachedPasswordCheck;
}

/** The rule that a password breaks. */
export type PasswordRule = 'too-short' | 'common' | 'contains-login' | 'breached' | 'breach-unknown' | 'unchanged';

/** What a password is judged with. */
export interface PasswordCircumstances extends Abortable {
  readonly login: string;
  readonly secondFactorRequired: boolean;
}

const LEAST = 8;
const DEFAULT_MINIMUM = 15;
const SHORTEST_LOGIN_INSIDE = 4;

/** Judges passwords that are to be set. */
export class PasswordPolicy {
  readonly #crypto: CryptoProvider;
  readonly #minimum: number;
  readonly #minimumWithSecondFactor: number;
  readonly #refused: ReadonlySet<string>;
  readonly #breached: BreachedPasswordCheck | undefined;

  /** @throws {InvalidInputError} INVALID_ARGUMENT: a minimum below 8, or an option of the wrong type */
  constructor(crypto: CryptoProvider, options: PasswordPolicyOptions = {}) {
    this.#crypto = crypto;
    this.#minimum = requireMinimum('minimumLength', options.minimumLength ?? DEFAULT_MINIMUM);
    this.#minimumWithSecondFactor = requireMinimum(
      'minimumLengthWithSecondFactor',
      options.minimumLengthWithSecondFactor ?? LEAST,
    );
    this.#refused = new Set(options.refused?.map((password) => password.normalize('NFC').toLowerCase()));
    if (options.breached !== undefined && typeof options.breached !== 'function') {
      throw new InvalidInputError('INVALID_ARGUMENT', 'passwordPolicy.breached must be a function');
    }
    this.#breached = options.breached;
  }

  /** Characters (Unicode code points) that a password has at the least. */
  minimumFor(secondFactorRequired: boolean): number {
    return secondFactorRequired ? Math.min(this.#minimumWithSecondFactor, this.#minimum) : this.#minimum;
  }

  /**
   * Refuses a password that must not be set.
   *
   * @throws {InvalidInputError} PASSWORD_REFUSED: `facts.rule` names the rule
   */
  async require(password: PasswordText, circumstances: PasswordCircumstances): Promise<void> {
    const minimum = this.minimumFor(circumstances.secondFactorRequired);
    const length = [...password.text].length;
    if (length < minimum) {
      throw passwordRefused('too-short', `it has fewer than ${minimum} characters`, { minimum });
    }
    if (isGuessable(password.text) || this.#refused.has(password.text.toLowerCase())) {
      throw passwordRefused('common', 'it is among the first that anybody would try');
    }
    if (containsLogin(password.text, circumstances.login)) {
      throw passwordRefused('contains-login', 'it contains the login');
    }
    if (this.#breached !== undefined) await this.#requireNotBreached(this.#breached, password, circumstances);
  }

  async #requireNotBreached(check: BreachedPasswordCheck, { bytes }: PasswordText, options: Abortable): Promise<void> {
    const sha1 = toHex(await this.#crypto.digest('SHA-1', bytes)).toUpperCase();
    let isBreached: boolean;
    try {
      isBreached = await check(sha1, signalOf(options));
    } catch (cause) {
      const message = 'whether it has leaked could not be found out';
      throw passwordRefused('breach-unknown', message, {}, cause);
    }
    if (isBreached !== false) throw passwordRefused('breached', 'it is among those that have leaked');
  }
}

/** Makes the error for a password that must not be set. */
export function passwordRefused(
  rule: PasswordRule,
  problem: string,
  facts: Readonly<Record<string, number>> = {},
  cause?: unknown,
): InvalidInputError {
  return new InvalidInputError('PASSWORD_REFUSED', `The password is refused: ${problem}`, {
    facts: { rule, ...facts },
    issues: [{ path: ['password'], message: problem }],
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The login as a whole, or of an e-mail address the part before the at sign. */
function containsLogin(password: string, login: string): boolean {
  const folded = foldLogin(password);
  const key = foldLogin(login);
  const names = [key, key.split('@')[0] ?? ''];
  return names.some((name) => folded === name || (name.length >= SHORTEST_LOGIN_INSIDE && folded.includes(name)));
}

function requireMinimum(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= LEAST && value <= 256) return value;
  throw new InvalidInputError('INVALID_ARGUMENT', `passwordPolicy.${name} must be 8 to 256, not ${String(value)}`);
}
