import { z } from 'zod';
import { invalidArgument } from '../../errors/from-issues.ts';

/** So many in a period, in one go or spread over it; from then on one each `periodMs / limit`. */
export interface Rate {
  readonly limit: number;
  /** Milliseconds. */
  readonly periodMs: number;
}

/** How often logins may be tried, by what they have in common. `false` leaves a bound out. */
export interface LoginThrottleOptions {
  /** One account, for clients without a device token of it. Default 10 in 15 minutes. */
  readonly account?: Rate | false;
  /** One account from one address. Default 5 in 5 minutes. */
  readonly pair?: Rate | false;
  /**
   * One IPv4 address or IPv6 /64, whatever the account and the outcome; and one account that proves its password once more. Default 100
   * in 10 minutes.
   */
  readonly ip?: Rate | false;
  /** Everybody together. Default 6,000 in a minute. */
  readonly overall?: Rate | false;
  /** One account from one known device. Default 10 in 15 minutes. */
  readonly device?: Rate | false;
  /** Second factors of one account, for those who have its password; and, apart, codes that are to confirm an enrollment. Default 10 in an hour. */
  readonly secondFactor?: Rate | false;
}

/** The bounds as they are in force. */
export type LoginRates = { readonly [K in keyof LoginThrottleOptions]-?: Rate | false };

const MINUTE = 60_000;

const DEFAULTS: LoginRates = {
  account: { limit: 10, periodMs: 15 * MINUTE },
  pair: { limit: 5, periodMs: 5 * MINUTE },
  ip: { limit: 100, periodMs: 10 * MINUTE },
  overall: { limit: 6_000, periodMs: MINUTE },
  device: { limit: 10, periodMs: 15 * MINUTE },
  secondFactor: { limit: 10, periodMs: 60 * MINUTE },
};

const rate = z
  .union([
    z.literal(false),
    z.strictObject({
      limit: z.number().int().min(1).max(1_000_000),
      periodMs: z.number().int().min(1).max(86_400_000),
    }),
  ])
  .optional();

const options = z.strictObject({
  account: rate,
  pair: rate,
  ip: rate,
  overall: rate,
  device: rate,
  secondFactor: rate,
});

/** Checks the option `loginThrottle`. @throws {InvalidInputError} INVALID_ARGUMENT */
export function loginRates(given: LoginThrottleOptions = {}): LoginRates {
  const parsed = options.safeParse(given);
  if (!parsed.success) throw invalidArgument('loginThrottle', parsed.error.issues);
  const named = Object.entries(parsed.data).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, ...Object.fromEntries(named) };
}
