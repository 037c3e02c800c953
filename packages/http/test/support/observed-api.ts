import {
  AccountManager,
  CertificateManager,
  EventLog,
  type Issuer,
  LocalKeyring,
  RenewalScheduler,
  type Sink,
  type StorageBackend,
} from '@chancery/core';
import { VirtualClock } from '@chancery/core/testing';
import { MemoryStorage } from '@chancery/storage-memory';
import { createTestAuthority } from '../../../core/test/support/test-authority.ts';
import {
  createHandlers,
  createMetrics,
  type Handlers,
  type HandlersOptions,
  type Metrics,
  type MetricsOptions,
} from '../../src/index.ts';
import { ORIGIN } from './test-api.ts';

/** As cheap as hashing gets: what is tested here is not how hard it is to guess. */
const CHEAP_HASHING = { algorithm: 'scrypt', scrypt: { cost: 16, blockSize: 1, parallelization: 1 } } as const;

export interface ObservedOptions {
  readonly metrics?: MetricsOptions;
  readonly sinks?: readonly Sink[];
  readonly clock?: VirtualClock;
  /** What lies below the observed storage. */
  readonly below?: (storage: StorageBackend) => StorageBackend;
  /** What lies between the observed issuer and the authority. */
  readonly issuer?: (authority: Issuer) => Issuer;
  readonly handlers?: Partial<HandlersOptions>;
}

/** Managers on an observed storage, with everything watched. */
export interface ObservedApi {
  readonly metrics: Metrics;
  readonly handlers: Handlers;
  readonly accounts: AccountManager;
  readonly authority: Awaited<ReturnType<typeof createTestAuthority>>['authority'];
  readonly certificates: CertificateManager;
  readonly events: EventLog;
  readonly scheduler: RenewalScheduler;
  readonly clock: VirtualClock;
  readonly storage: StorageBackend;
  /** Sends a request, and gives the status of its answer. */
  status(method: string, path: string, options?: { token?: string; json?: unknown }): Promise<number>;
  /** Chains and delivers the events that wait. */
  sequence(): Promise<void>;
}

/** Wires managers, handlers and metrics as an application does. */
export async function createObservedApi(options: ObservedOptions = {}): Promise<ObservedApi> {
  const { clock = new VirtualClock(), below = (storage) => storage, issuer = (authority) => authority } = options;
  const metrics = await createMetrics({ clock, ...options.metrics });
  const storage = metrics.observedStorage(below(new MemoryStorage({ clock })));
  const keyring = LocalKeyring.generate();
  const events = new EventLog({ storage, keyring, clock, ...(options.sinks && { sinks: options.sinks }) });
  const { authority } = await createTestAuthority({ clock, storage, keyring });
  const accounts = new AccountManager({
    storage,
    keyring,
    clock,
    events,
    issuer: ORIGIN,
    passwordHashing: CHEAP_HASHING,
    loginThrottle: { pair: false, account: false },
  });
  const certificates = new CertificateManager({
    storage,
    keyring,
    clock,
    events,
    // When each is due follows from its age alone.
    renewalPolicy: { jitter: 0 },
    issuers: { internal: metrics.observedIssuer('internal', issuer(authority)) },
  });
  const scheduler = new RenewalScheduler({ certificates, clock, onError: metrics.observeRenewalProblem });
  metrics.watch({ accounts, certificates, authority, events, scheduler });
  const common = { storage, keyring, accounts, certificates, authority, events, clock, publicOrigin: ORIGIN };
  const handlers = createHandlers({ ...common, observe: metrics.observe, ...options.handlers });
  const chores = events.maintenance();
  return {
    metrics,
    handlers,
    accounts,
    authority,
    certificates,
    events,
    scheduler,
    clock,
    storage,
    async status(method, path, { token, json } = {}) {
      const body = json === undefined ? undefined : JSON.stringify(json);
      const headers = {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json', 'content-length': String(body.length) }),
      };
      const request = new Request(ORIGIN + path, { method, headers, ...(body !== undefined && { body }) });
      const { status } = await handlers.router(request, { remoteAddress: '192.0.2.7', encrypted: true });
      return status;
    },
    async sequence() {
      for (const { name, run } of chores) {
        if (/checkpoint|reseal|retention/.test(name)) continue;
        for (let more = true; more; ) ({ more } = await run({ limit: 1_000 }));
      }
    },
  };
}
