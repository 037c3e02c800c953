import { AccountManager, type AccountManagerOptions, LocalKeyring } from '@chancery/core';
import { MemoryStorage } from '@chancery/storage-memory';

/** Good under every rule; the bench has nothing to hide. */
export const PASSWORD = 'nineteen copper kettles';
/** As long, and wrong. */
export const WRONG_PASSWORD = 'nineteen silver kettles';

/** One hash of a thousandth of the real cost, so that what is around it shows. */
export const CHEAP_HASHING = {
  algorithm: 'scrypt',
  scrypt: { cost: 16, blockSize: 1, parallelization: 1 },
} as const;

/** Nobody is slowed down, since the bench comes from one address and never stops; but every bound is judged. */
const AMPLE = { limit: 1_000_000, periodMs: 1_000 } as const;
const AMPLE_THROTTLE = { account: AMPLE, pair: AMPLE, ip: AMPLE, overall: AMPLE, device: AMPLE } as const;

/** An account manager on memory storage, with a throttle that lets all through. */
export function createAccounts(options: Partial<AccountManagerOptions> = {}): AccountManager {
  const storage = new MemoryStorage();
  const keyring = LocalKeyring.generate();
  return new AccountManager({
    storage,
    keyring,
    issuer: 'https://app.example',
    loginThrottle: AMPLE_THROTTLE,
    ...options,
  });
}

/** Fills in accounts `user-0`, `user-1`, …: every thousandth has `PASSWORD`. */
export async function fillAccounts(accounts: AccountManager, size: number): Promise<void> {
  for (let from = 0; from < size; from += 1_000) {
    const count = Math.min(1_000, size - from);
    await Promise.all(
      Array.from({ length: count }, (_, at) =>
        accounts.create({
          login: `user-${from + at}`,
          dateOfBirth: new Date((from + at) * 20_000_000).toISOString().slice(0, 10),
          ...(at === 0 ? { password: PASSWORD } : {}),
        }),
      ),
    );
  }
}
