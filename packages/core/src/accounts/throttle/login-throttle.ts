import { toBase64Url } from '../../encoding/base64.ts';
import { utf8 } from '../../encoding/bytes.ts';
import { AuthenticationError, RateLimitError } from '../../errors/families.ts';
import { StorageError } from '../../errors/storage-error.ts';
import type { ThrottleRequest } from '../../ports/storage.ts';
import type { AccountsContext } from '../context.ts';
import type { LoginRates, Rate } from './throttle-options.ts';

/** What logins are counted by. */
export interface LoginAttempt {
  /** The folded login, whether an account has it or not. */
  readonly loginKey: string;
  /** As `ipPrefix` gives it. */
  readonly ip?: string | undefined;
  /** The id of a device that is known for the account of this login. */
  readonly deviceId?: string | undefined;
}

/** An attempt that was let through. */
export interface Admission {
  /** Gives back what stands for guesses, since this was none. What bounds load (address, everybody) stays charged. */
  refund(): Promise<void>;
}

/**
 * Bounds how often passwords can be guessed, in one call of the storage before anything is hashed. It counts logins, not accounts, under
 * keyed hashes: names that nobody has are treated alike, and the storage sees neither logins nor addresses.
 */
export class LoginThrottle {
  readonly #context: AccountsContext;
  readonly #rates: LoginRates;

  constructor(context: AccountsContext, rates: LoginRates) {
    this.#context = context;
    this.#rates = rates;
  }

  /** @throws {RateLimitError} RATE_LIMITED: one of the bounds is reached; nothing was charged */
  async admit({ loginKey, ip, deviceId }: LoginAttempt): Promise<Admission> {
    const { account, pair, device } = this.#rates;
    // A stranger who guesses must not shut out a device that its owner has used before: the two share no bucket.
    const guesses =
      deviceId === undefined
        ? [
            await this.#request('account', account, loginKey),
            ip === undefined ? undefined : await this.#request('pair', pair, `${loginKey} ${ip}`),
          ]
        : [await this.#request('device', device, `${loginKey} ${deviceId}`)];
    return this.#charge([...guesses, ...(await this.#load(ip))].filter(isRequest), guesses.filter(isRequest));
  }

  /** Bounds the load of what cannot be guessed, by address and overall. @throws {RateLimitError} RATE_LIMITED */
  async admitLoad(ip: string | undefined): Promise<void> {
    await this.#charge((await this.#load(ip)).filter(isRequest), []);
  }

  /** Bounds the guessing of second factors by somebody who has the password. @throws {RateLimitError} RATE_LIMITED */
  async admitSecondFactor(accountId: string): Promise<Admission> {
    const requests = [await this.#request('second factor', this.#rates.secondFactor, accountId)].filter(isRequest);
    return this.#charge(requests, requests);
  }

  /** Bounds the guessing of codes that are to confirm an enrollment, by somebody who has a session. @throws {RateLimitError} RATE_LIMITED */
  async admitEnrollment(accountId: string): Promise<Admission> {
    // Apart from logins: whoever has stolen a session must not shut its owner out of them.
    const requests = [await this.#request('enrollment', this.#rates.secondFactor, accountId)].filter(isRequest);
    return this.#charge(requests, requests);
  }

  /**
   * Bounds the guessing of the present password by somebody who has a session; and the load of hashing it, right or wrong, as that of an
   * address is bounded.
   *
   * @throws {RateLimitError} RATE_LIMITED
   */
  async admitPasswordChange(accountId: string): Promise<Admission> {
    const { account, ip, overall } = this.#rates;
    const guesses = [await this.#request('password change', account, accountId)].filter(isRequest);
    const load = [await this.#request('password proof', ip, accountId), await this.#request('overall', overall, '')];
    return this.#charge([...guesses, ...load.filter(isRequest)], guesses);
  }

  async #load(ip: string | undefined): Promise<(ThrottleRequest | undefined)[]> {
    return [
      ip === undefined ? undefined : await this.#request('ip', this.#rates.ip, ip),
      await this.#request('overall', this.#rates.overall, ''),
    ];
  }

  async #charge(requests: readonly ThrottleRequest[], refundable: readonly ThrottleRequest[]): Promise<Admission> {
    const { allowed, retryAfterMs } = await this.#context.store.storage.throttle(requests);
    if (!allowed) {
      throw new RateLimitError('RATE_LIMITED', 'Too many attempts; none was made', {
        retryAfterMs,
        facts: { retryAfterMs },
      });
    }
    return { refund: () => this.#refund(refundable) };
  }

  /** A refund that is lost leaves the bucket a little fuller than it should be: no reason to fail a login. */
  async #refund(requests: readonly ThrottleRequest[]): Promise<void> {
    if (requests.length === 0) return;
    try {
      await this.#context.store.storage.throttle(requests.map((request) => ({ ...request, cost: -1 })));
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#context.logger?.warn('A throttled attempt could not be refunded', { code: error.code });
    }
  }

  async #request(kind: string, rate: Rate | false, subject: string): Promise<ThrottleRequest | undefined> {
    if (rate === false) return undefined;
    const { crypto, derivedKeys } = this.#context;
    const tag = await crypto.hmac('SHA-256', await derivedKeys.get('login throttle'), utf8(`${kind} ${subject}`));
    return { key: `accounts/${kind}/${toBase64Url(tag)}`, ...rate };
  }
}

function isRequest(request: ThrottleRequest | undefined): request is ThrottleRequest {
  return request !== undefined;
}

/** A second factor that was not found wrong is no guess, whatever else keeps it from being taken: a proof without a nonce, say. */
export async function refundUnlessGuessed<T>(work: Promise<T>, admission: Admission | undefined): Promise<T> {
  const isGuess = await work.then(
    () => false,
    (error: unknown) => error instanceof AuthenticationError && error.code === 'SECOND_FACTOR_INVALID',
  );
  if (!isGuess) await admission?.refund();
  return work;
}
