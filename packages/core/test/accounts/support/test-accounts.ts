import {
  type Account,
  AccountManager,
  type AccountManagerOptions,
  type CreateAccountOptions,
  type CryptoProvider,
  EventLog,
  type Keyring,
  LocalKeyring,
  nodeCrypto,
  type StorageBackend,
} from '../../../src/index.ts';
import type { LogFields, Logger } from '../../../src/ports/logger.ts';
import { SeededRandom } from '../../../src/testing/random.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { seededCrypto } from '../../support/seeded-crypto.ts';
import { createTestStorage } from '../../support/test-storage.ts';

/** Passes every rule. */
export const PASSWORD = 'seventeen purple otters';
/** Another one that does. */
export const OTHER_PASSWORD = 'eleven amber lanterns';
export const MINUTE = 60_000;
export const DAY = 86_400_000;

/** A thousandth of the cost of a real hash. Never for production. */
export const CHEAP_HASHING = {
  algorithm: 'scrypt',
  scrypt: { cost: 16, blockSize: 1, parallelization: 1 },
} as const;

export type TestAccountOptions = Partial<Omit<AccountManagerOptions, 'clock'>>;

export interface TestAccounts {
  readonly accounts: AccountManager;
  readonly clock: VirtualClock;
  readonly events: EventLog;
  readonly keyring: Keyring;
  readonly storage: StorageBackend;
  /** Everything that was logged, one line each. */
  readonly log: string[];
  /** A further instance on the same data, as another process would make it. */
  another(options?: TestAccountOptions): AccountManager;
  /** Creates an account with `PASSWORD`. */
  add(login: string, options?: Partial<CreateAccountOptions>): Promise<Account>;
}

/** Makes an account manager on a fresh storage, with hashes that cost nothing. */
export function createTestAccounts(options: TestAccountOptions = {}): TestAccounts {
  const clock = new VirtualClock();
  const stored = createTestStorage(clock);
  const keyring = options.keyring ?? LocalKeyring.generate();
  const log: string[] = [];
  const note = (message: string, fields?: LogFields) => void log.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const make = (changed: TestAccountOptions, usual: StorageBackend) => {
    const storage = changed.storage ?? options.storage ?? usual;
    const events = new EventLog({ storage, clock });
    const settings = { issuer: 'https://app.example', passwordHashing: CHEAP_HASHING, ...options, ...changed };
    return { events, accounts: new AccountManager({ keyring, logger, events, ...settings, storage, clock }) };
  };
  const storage = options.storage ?? stored.storage;
  const { accounts, events } = make({}, storage);
  return {
    accounts,
    clock,
    events,
    keyring,
    storage,
    log,
    another: (changed = {}) => make(changed, stored.another()).accounts,
    add: (login, rest = {}) =>
      accounts.create({ login, ...(rest.passwordHash === undefined ? { password: PASSWORD } : {}), ...rest }),
  };
}

/**
 * The same, with secrets that a seed repeats. For what leans on one code being another than the next: of six digits, two are the same once in a
 * million.
 */
export function seededTestAccounts(options: TestAccountOptions = {}): TestAccounts {
  return createTestAccounts({ crypto: seededCrypto(new SeededRandom(6_238)), ...options });
}

/** A provider at whose scrypt a test can do something: after an account was read, before anything is committed. */
export function whileHashing(act: () => Promise<unknown>): CryptoProvider {
  const provider = nodeCrypto();
  const scrypt: CryptoProvider['scrypt'] = async (...given) => {
    await act();
    return provider.scrypt(...given);
  };
  return new Proxy(provider, {
    get(target, property) {
      const value: unknown = property === 'scrypt' ? scrypt : Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
