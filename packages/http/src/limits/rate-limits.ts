import { isIPv6 } from 'node:net';
import { type CryptoProvider, InvalidInputError, type Rate, RateLimitError } from '@chancery/core';
import type { StateStorage } from './state-storage.ts';

/** How many requests are let in. */
export interface RateLimitOptions {
  /** Of one account that is signed in. Default 1,200 a minute; `false`: any number. */
  readonly account?: Rate | false;
  /** Of one IPv4 address, or one IPv6 /64, to log in, refresh and register. Default 120 a minute; `false`: any number. */
  readonly address?: Rate | false;
  /** OCSP requests of one address, which are counted by themselves. Default 1,200 a minute; `false`: any number. */
  readonly ocsp?: Rate | false;
  /** Tokens and proofs of one address that are refused, but for those that have run out. Default 120 a minute; `false`: any number. */
  readonly failedTokens?: Rate | false;
}

/** What is counted. */
export type RateKind = keyof RateLimitOptions;

/** What came of charging a request. */
export interface Charge {
  /** Tell how much is left (draft-ietf-httpapi-ratelimit-headers). */
  readonly headers: readonly string[];
  /** RATE_LIMITED, where nothing was. */
  readonly refusal?: RateLimitError;
}

const MINUTE_MS = 60_000;
const DEFAULTS: Readonly<Record<RateKind, Rate>> = {
  account: { limit: 1_200, periodMs: MINUTE_MS },
  address: { limit: 120, periodMs: MINUTE_MS },
  ocsp: { limit: 1_200, periodMs: MINUTE_MS },
  failedTokens: { limit: 120, periodMs: MINUTE_MS },
};
const COUNTED: Readonly<Record<RateKind, string>> = {
  account: 'requests of this account',
  address: 'requests of this address',
  ocsp: 'OCSP requests of this address',
  failedTokens: 'tokens of this address were refused',
};
const KINDS = Object.keys(DEFAULTS) as RateKind[];
const NO_LIMIT: Charge = { headers: [] };

/** A rate, and what clients are told of it. */
interface Limit {
  readonly rate: Rate;
  readonly policy: string;
  /** In seconds. */
  readonly window: number;
}

/** Bounds requests by throttles of the storage, which all instances share. */
export class RateLimits {
  readonly #state: StateStorage;
  readonly #crypto: CryptoProvider;
  readonly #limits: ReadonlyMap<RateKind, Limit>;

  /** @throws {InvalidInputError} INVALID_ARGUMENT: a rate is none */
  constructor(state: StateStorage, crypto: CryptoProvider, options: RateLimitOptions | false = {}) {
    this.#state = state;
    this.#crypto = crypto;
    const limits = new Map<RateKind, Limit>();
    for (const kind of KINDS) {
      const rate = options === false ? false : (options[kind] ?? DEFAULTS[kind]);
      requireRate(`rateLimits.${kind}`, rate);
      if (rate !== false) limits.set(kind, limitOf(kind, rate));
    }
    this.#limits = limits;
  }

  /**
   * Charges a request.
   *
   * @param subject - the account's id, or the address
   * @throws {StorageError} any of its codes
   */
  async charge(kind: RateKind, subject: string): Promise<Charge> {
    const told = this.#limits.get(kind);
    if (told === undefined) return NO_LIMIT;
    const { rate, policy, window } = told;
    const name = kind === 'account' ? subject : await this.#pseudonym(addressBlock(subject));
    const opened = this.#state.opened();
    const storage = opened instanceof Promise ? await opened : opened;
    const request = { key: `http/${kind}/${name}`, limit: rate.limit, periodMs: rate.periodMs };
    const { allowed, retryAfterMs, remaining } = await storage.throttle([request]);
    const left = allowed ? (remaining[0] ?? 0) : 0;
    const headers = ['ratelimit-policy', policy, 'ratelimit', `"${kind}";r=${left};t=${window}`];
    if (allowed) return { headers };
    const message = `Too many ${COUNTED[kind]}`;
    return { headers, refusal: new RateLimitError('RATE_LIMITED', message, { retryAfterMs }) };
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

function limitOf(kind: RateKind, rate: Rate): Limit {
  const window = Math.ceil(rate.periodMs / 1_000);
  return { rate, policy: `"${kind}";q=${rate.limit};w=${window}`, window };
}

function requireRate(option: string, rate: Rate | false): void {
  if (rate === false) return;
  const isWhole = (value: number) => Number.isSafeInteger(value) && value >= 1;
  if (isWhole(rate?.limit) && isWhole(rate.periodMs) && Number.isSafeInteger(rate.limit * rate.periodMs)) return;
  throw new InvalidInputError(
    'INVALID_ARGUMENT',
    `${option} must be false, or have a limit and a periodMs of at least 1`,
  );
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
