import { accountCollections } from '../../../src/accounts/account-collections.ts';
import { accounts } from '../../../src/accounts/accounts/account-record.ts';
import { DerivedKeys } from '../../../src/accounts/derived-keys.ts';
import type { LoginResult } from '../../../src/accounts/sessions/login-result.ts';
import { type OpenSessionRequest, openSession } from '../../../src/accounts/sessions/open-session.ts';
import { sessionCollections } from '../../../src/accounts/sessions/session-collections.ts';
import { createSessionContext, type SessionContext } from '../../../src/accounts/sessions/session-context.ts';
import type { SessionOptions } from '../../../src/accounts/sessions/session-options.ts';
import { defaultCrypto } from '../../../src/crypto/node-provider.ts';
import { uuidv7 } from '../../../src/crypto/random-id.ts';
import { eventCollections } from '../../../src/events/event-collections.ts';
import { EventLog, type Keyring, LocalKeyring, type StorageBackend } from '../../../src/index.ts';
import type { LogFields, Logger } from '../../../src/ports/logger.ts';
import { Store } from '../../../src/store/store.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { createTestStorage } from '../../support/test-storage.ts';

export const ISSUER = 'https://app.example';
export const MINUTE = 60_000;
export const DAY = 86_400_000;

/** What a further instance has differently. */
export interface InstanceOptions extends Partial<SessionOptions> {
  readonly storage?: StorageBackend;
  readonly keyring?: Keyring;
  /** A clock of its own, as another host has one. */
  readonly clock?: VirtualClock;
  /** Waits between attempts; by the runtime's timer where it is left out. */
  readonly sleep?: () => Promise<void>;
}

/** Sessions on a fresh storage, without passwords: a session is opened as a login does it once the password was right. */
export interface SessionBed {
  readonly clock: VirtualClock;
  readonly storage: StorageBackend;
  readonly keyring: Keyring;
  readonly context: SessionContext;
  /** Everything that was logged. */
  readonly log: { readonly message: string; readonly fields: LogFields | undefined }[];
  /** Another instance on the same data, as another process would make it. */
  another(options?: InstanceOptions): SessionContext;
}

/** Makes a bed. Options are those of an account manager. */
export function createSessionBed(options: InstanceOptions = {}): SessionBed {
  const clock = options.clock ?? new VirtualClock();
  const stored = createTestStorage(clock);
  const keyring = options.keyring ?? LocalKeyring.generate();
  const log: SessionBed['log'] = [];
  const note = (message: string, fields?: LogFields) => void log.push({ message, fields });
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const make = (changed: InstanceOptions, usual: StorageBackend): SessionContext => {
    const { storage = usual, keyring: ring = keyring, clock: own = clock, sleep, ...rest } = { ...options, ...changed };
    const events = new EventLog({ storage, clock: own });
    const collections = [...accountCollections, ...sessionCollections, ...eventCollections];
    const store = new Store({
      storage,
      crypto: defaultCrypto,
      clock: own,
      collections,
      keyring: ring,
      ...(sleep && { sleep }),
    });
    const ground = { store, keyring: ring, crypto: defaultCrypto, clock: own, logger, events };
    const derivedKeys = new DerivedKeys(store, ring);
    return createSessionContext({ ...ground, derivedKeys }, { issuer: ISSUER, ...rest });
  };
  const storage = options.storage ?? stored.storage;
  return {
    clock,
    storage,
    keyring,
    context: make({}, storage),
    log,
    another: (changed = {}) => make(changed, options.storage ?? stored.another()),
  };
}

let numbered = 0;

/** Creates an account without a password. @returns its id */
export async function addAccount({ store, clock, crypto }: SessionContext, roles: string[] = []): Promise<string> {
  const id = uuidv7(clock, crypto);
  const now = clock.now();
  numbered += 1;
  const login = `user-${numbered}`;
  const value = { login, loginKey: login, roles, epoch: 0, revision: 1, createdAt: now, updatedAt: now };
  await store.commit([store.put(accounts, id, value, { ifVersion: null })]);
  return id;
}

/** Changes an account's document. */
export async function changeAccount(
  { store }: SessionContext,
  id: string,
  change: { roles?: string[]; disabled?: true; epoch?: number },
): Promise<void> {
  await store.transact(async (transaction) => {
    const entry = await transaction.get(accounts, id);
    if (entry === undefined) throw new Error(`there is no account ${id}`);
    transaction.put(accounts, id, { ...entry.value, ...change });
  });
}

/** Deletes an account's document. */
export async function removeAccount({ store }: SessionContext, id: string): Promise<void> {
  await store.commit([store.delete(accounts, id)]);
}

/** Opens a session as a login does. */
export function open(
  context: SessionContext,
  accountId: string,
  request: Omit<OpenSessionRequest, 'account'> = {},
): Promise<LoginResult> {
  return context.store.transact(
    async (transaction) => {
      const account = await transaction.get(accounts, accountId);
      if (account === undefined) throw new Error(`there is no account ${accountId}`);
      const { writes, result } = await openSession(context, { account, ...request });
      for (const write of writes) transaction.add(write);
      return result;
    },
    { attempts: 60 },
  );
}
