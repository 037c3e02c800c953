import { isIPv6 } from 'node:net';
import { type CryptoProvider, InvalidInputError, type Rate, RateLimitError } from '@chancery/core';
import type { StateStorage } from './state-storage.ts';

/** How many requests are let in. */
export interface RateLimitOptions {
  /** Of one account that is signed in. Default 1,200 a minute; `false`: any number. */
  readonly account?: Rate | false;
  /** Of one IPv4 address, or one IPv6 /64, to log in, refresh and register. Default 120 a minute; `false`: any number. */
  readonly address?: Rate | false;
}

const DEFAULTS = { account: { limit: 1_200, periodMs: 60_000 }, address: { limit: 120, periodMs: 60_000 } };

/** Bounds requests by throttles of the storage, which all instances share. */
export class RateLimits {
  readonly #state: StateStorage;
  readonly #crypto: CryptoProvider;
  readonly #rates: { readonly account: Rate | false; readonly address: Rate | false };

  /** @throws {InvalidInputError} INVALID_ARGUMENT: a rate is none */
  constructor(state: StateStorage, crypto: CryptoProvider, options: RateLimitOptions | false = {}) {
    this.#state = state;
    this.#crypto = crypto;
    const { account = DEFAULTS.account, address = DEFAULTS.address } =
      options === false ? { account: false as const, address: false as const } : options;
    requireRate('rateLimits.account', account);
    requireRate('rateLimits.address', address);
    this.#rates = { account, address };
  }

  /**
   * Charges a request.
   *
   * @param subject - the account's id, or the address
   * @returns the headers that tell how much is left (draft-ietf-httpapi-ratelimit-headers)
   * @throws {RateLimitError} RATE_LIMITED
   */
  async charge(kind: 'account' | 'address', subject: string): Promise<readonly string[]> {
    const rate = this.#rates[kind];
    if (rate === false) return [];
    const name = kind === 'address' ? await this.#pseudonym(addressBlock(subject)) : subject;
    const storage = await this.#state.opened();
    const { allowed, retryAfterMs, remaining } = await storage.throttle([{ key: `http/${kind}/${name}`, ...rate }]);
    if (!allowed) {
      throw new RateLimitError('RATE_LIMITED', `Too many requests of this ${kind}`, { retryAfterMs });
    }
    const { limit, periodMs } = rate;
    return [
      'ratelimit-policy',
      `"${kind}";q=${limit};w=${Math.ceil(periodMs / 1_000)}`,
      'ratelimit',
      `"${kind}";r=${remaining[0] ?? 0};t=${Math.ceil(periodMs / 1_000)}`,
    ];
  }

  /** Addresses are persons’ data: storage sees them under a keyed hash. */
  async #pseudonym(address: string): Promise<string> {
    const tag = await this.#crypto.hmac('SHA-256', await this.#state.secret(), new TextEncoder().encode(address));
    return hex(tag.subarray(0, 16));
  }
}

/** What is counted as one client: an IPv4 address, or the /64 of an IPv6 one. */
export function addressBlock(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = (address.split('%')[0] as string).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined ? left : [...left, ...new Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

function requireRate(option: string, rate: Rate | false): void {
  if (rate === false) return;
  const isWhole = (value: number) => Number.isSafeInteger(value) && value >= 1;
  if (isWhole(rate.limit) && isWhole(rate.periodMs) && Number.isSafeInteger(rate.limit * rate.periodMs)) return;
  throw new InvalidInputError(
    'INVALID_ARGUMENT',
    `${option} must be false, or have a limit and a periodMs of at least 1`,
  );
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
