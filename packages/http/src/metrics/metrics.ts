import type {
  AccountManager,
  CertificateAuthority,
  CertificateManager,
  EventLog,
  Issuer,
  RenewalProblem,
  RenewalScheduler,
  StorageBackend,
} from '@chancery/core';
import { systemClock, systemTimer } from '@chancery/core/ports';
import type { Registry } from 'prom-client';
import type { Handler } from '../handler.ts';
import { invalidOption, shown } from '../invalid-option.ts';
import type { Exchange } from '../routing/dispatcher.ts';
import { DistinctValues } from './distinct-values.ts';
import { eventMetrics } from './event-metrics.ts';
import { httpMetrics } from './http-metrics.ts';
import { type GaugeOf, Instruments } from './instruments.ts';
import { issuerMetrics } from './issuer-metrics.ts';
import { loginMetrics } from './login-metrics.ts';
import { metricsHandler } from './metrics-handler.ts';
import { checkMetricsOptions, type MetricsOptions } from './metrics-options.ts';
import { schedulerMetrics } from './scheduler-metrics.ts';
import { authoritySource } from './sources/authority-source.ts';
import { certificateSource } from './sources/certificate-source.ts';
import { eventSource } from './sources/event-source.ts';
import { Refreshed } from './sources/refreshed.ts';
import { schedulerSource } from './sources/scheduler-source.ts';
import type { Source } from './sources/source.ts';
import { storageMetrics } from './storage-metrics.ts';

/** How many issuers have series of their own. */
const ISSUERS = 50;

/** What metrics can look at and listen to. */
export interface WatchedManagers {
  /** Its logins are counted, those over HTTP among them. */
  readonly accounts?: AccountManager;
  readonly certificates?: CertificateManager;
  readonly authority?: CertificateAuthority;
  readonly events?: EventLog;
  readonly scheduler?: RenewalScheduler;
}

/** Metrics for Prometheus. Its functions need no `this`. */
export interface Metrics {
  /** Counts a request: for the option `observe` of `createHandlers`. */
  readonly observe: (exchange: Exchange) => void;
  /** Counts what a scheduler could not do: for its option `onError`. */
  readonly observeRenewalProblem: (error: unknown, problem: RenewalProblem) => void;
  /**
   * The same storage, timed. Give it to the managers in place of the other: all of them the same one.
   *
   * @throws nothing that the storage does not throw
   */
  readonly observedStorage: (storage: StorageBackend) => StorageBackend;
  /**
   * The same issuer, timed, for the option `issuers` of a certificate manager.
   *
   * @param name - what it is called there
   */
  readonly observedIssuer: (name: string, issuer: Issuer) => Issuer;
  /**
   * Looks at managers from now on, when metrics are read, and listens to their events and logins.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: one of the kind is watched already
   */
  readonly watch: (managers: WatchedManagers) => void;
  /** Answers with all metrics. It asks nobody who they are: serve it where only Prometheus gets to. */
  readonly handler: Handler;
  /** Ends listening. What was counted stays. */
  readonly close: () => void;
}

// biome-ignore lint/style/noRestrictedGlobals: the one default that reads it
const systemStopwatch = () => performance.now();

/**
 * Makes metrics for Prometheus, by the package prom-client, which is loaded only here.
 *
 * No label has values that a client chooses, and none more than a hundred. What is read from the storage is read at most every `refreshMs`,
 * however often it is scraped, and at a cost that does not grow with what is stored.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: names the option that is malformed or out of range
 * @throws {ChanceryError} PACKAGE_MISSING: prom-client is not installed
 *
 * @example
 * ```ts
 * const metrics = await createMetrics();
 * const storage = metrics.observedStorage(new MemoryStorage());
 * const { router } = createHandlers({ storage, keyring, certificates, observe: metrics.observe });
 * metrics.watch({ accounts, certificates, authority, events, scheduler });
 * createServer(toNodeListener(metrics.handler)).listen(9464, '127.0.0.1');
 * ```
 */
export async function createMetrics(options: MetricsOptions = {}): Promise<Metrics> {
  const settings = checkMetricsOptions(options);
  const { clock = systemClock, timer = systemTimer, logger, stopwatch = systemStopwatch } = options;
  const instruments = await Instruments.load(options.register as Registry | undefined, settings.prefix);
  const issuers = new DistinctValues(ISSUERS);
  const events = eventMetrics(instruments, issuers);
  const logins = loginMetrics(instruments);
  const watched = new Set<string>();
  const endings: (() => void)[] = [];
  const sources: Refreshed[] = [];
  const refreshAll = async () => void (await Promise.all(sources.map((source) => source.refresh())));
  const labels = ['source'] as const;
  const healthy = instruments.gauge(
    {
      name: 'metrics_source_healthy',
      help: '1 where what is read from the storage could be read; what was read before is shown otherwise.',
      labels,
    },
    refreshAll,
  );
  const lastSuccess = instruments.gauge(
    { name: 'metrics_source_last_success_timestamp_seconds', help: 'When it could be read last.', labels },
    refreshAll,
  );

  function look<Manager>(name: string, manager: Manager, source: Source<Manager>): void {
    const { refreshMs, scrapeTimeoutMs: timeoutMs } = settings;
    const refreshed: Refreshed = new Refreshed({
      name,
      look: (signal) => lookAt(signal),
      ...{ refreshMs, timeoutMs, clock, timer, logger, healthy, lastSuccess },
    });
    const gauge = <L extends string = never>(described: Parameters<typeof instruments.gauge<L>>[0]): GaugeOf<L> =>
      instruments.gauge<L>(described, () => refreshed.refresh());
    const lookAt = source(manager, { gauge, settings, clock });
    sources.push(refreshed);
  }

  function watch(managers: WatchedManagers): void {
    const given = Object.entries(managers).filter(([, manager]) => manager !== undefined);
    for (const [name] of given) {
      if (name !== 'accounts' && !Object.hasOwn(SOURCES, name))
        throw invalidOption(`watch() does not know ${shown(name)}`);
      if (watched.has(name)) throw invalidOption(`${name} are watched already`);
    }
    for (const [name, manager] of given) {
      watched.add(name);
      if (name !== 'accounts') look(name, manager, SOURCES[name as keyof typeof SOURCES] as Source<unknown>);
    }
    if (managers.accounts) endings.push(logins.watch(managers.accounts));
    if (managers.events) endings.push(events.watch(managers.events));
    if (managers.certificates) events.expect(managers.certificates.queues().filter((name) => name !== ''));
  }

  return {
    observe: httpMetrics(instruments),
    observeRenewalProblem: schedulerMetrics(instruments),
    observedStorage: storageMetrics(instruments, stopwatch),
    observedIssuer: issuerMetrics(instruments, { names: issuers, stopwatch }),
    watch,
    handler: metricsHandler(instruments.register),
    close() {
      for (const end of endings.splice(0)) end();
    },
  };
}

const SOURCES: {
  readonly [Name in Exclude<keyof WatchedManagers, 'accounts'>]-?: Source<NonNullable<WatchedManagers[Name]>>;
} = {
  certificates: certificateSource,
  authority: authoritySource,
  events: eventSource,
  scheduler: schedulerSource,
};
