import {
  AccountManager,
  CertificateAuthority,
  CertificateManager,
  EventLog,
  type Keyring,
  type Logger,
  RecordVault,
  RenewalScheduler,
  type StorageBackend,
  storageErasureKeys,
} from '@chancery/core';
import { sweepTask } from '@chancery/core/ports';
import {
  type ClientCertificateHeader,
  createHandlers,
  type Exchange,
  type Handler,
  type Metrics,
} from '@chancery/http';

/** What the application stands on. */
export interface ApplicationOptions {
  readonly storage: StorageBackend;
  readonly keyring: Keyring;
  /** What clients see, such as `https://app.example`. */
  readonly origin: string;
  /** Where relying parties fetch CRLs and OCSP: over HTTP, since they do not trust TLS yet. Default: the origin's host. */
  readonly pkiUrl?: string;
  /** Addresses and ranges of the proxies in front. */
  readonly trustedProxies: readonly string[];
  readonly clientCertificate: ClientCertificateHeader;
  /** Default: silence. */
  readonly logger?: Logger;
  /** Times the storage and the authority, counts requests, and looks at the managers. */
  readonly metrics?: Metrics;
  /** Keeps the keys by which owners are erased. */
  readonly erasureStorage?: StorageBackend;
}

/** The managers of one instance, and what it answers with. */
export interface Application {
  readonly authority: CertificateAuthority;
  readonly accounts: AccountManager;
  readonly certificates: CertificateManager;
  readonly scheduler: RenewalScheduler;
  readonly events: EventLog;
  /** For everybody: who brings a header of a client's certificate here brings it in vain. */
  readonly handler: Handler;
  /** For what the proxy lets in by certificate: it writes the header, and it alone reaches this. */
  readonly mtlsHandler: Handler;
}

/** Wires one instance. Nothing runs yet, and nothing is read. */
export function createApplication(options: ApplicationOptions): Application {
  const { keyring, origin, logger, erasureStorage, metrics } = options;
  const storage = metrics?.observedStorage(options.storage) ?? options.storage;
  const { pkiUrl = `http://${new URL(origin).hostname}/pki` } = options;
  const logged = logger && { logger };
  const events = new EventLog({ storage, keyring, ...logged });
  const shared = { storage, keyring, events, ...logged };
  const authority = new CertificateAuthority({ ...shared, baseUrl: pkiUrl, ocsp: { url: `${pkiUrl}/ocsp` } });
  const certificateStatus = authority.certificateStatus();
  const accounts = new AccountManager({ ...shared, issuer: origin, certificateStatus });
  const certificates = new CertificateManager({
    ...shared,
    issuers: { internal: metrics?.observedIssuer('internal', authority) ?? authority },
    accountGuard: accounts.accountGuard(),
    // Each account has the names below a label of its own.
    nameGuard: (accountId, name) => name.endsWith(`.${accountId}.internal`),
  });
  const erasureKeys = erasureStorage && storageErasureKeys({ storage: erasureStorage, keyring });
  const vault = new RecordVault({ ...shared, ...(erasureKeys && { erasureKeys }) });
  const scheduler = new RenewalScheduler({
    certificates,
    ...logged,
    ...(metrics && { onError: metrics.observeRenewalProblem }),
    maintain: [
      ...[authority, accounts, certificates, vault].flatMap((manager) => manager.maintenance()),
      sweepTask(storage, { clock: { now: Date.now } }),
    ],
  });

  metrics?.watch({ accounts, certificates, authority, events, scheduler });

  const log = accessLog(logger);
  const common = {
    ...shared,
    accounts,
    authority,
    certificates,
    vault,
    publicOrigin: origin,
    observe: (exchange: Exchange) => {
      log(exchange);
      metrics?.observe(exchange);
    },
  };
  const { trustedProxies, clientCertificate } = options;
  return {
    authority,
    accounts,
    certificates,
    scheduler,
    events,
    handler: createHandlers({ ...common, trustedProxies }).router,
    mtlsHandler: createHandlers({ ...common, trustedProxies, clientCertificateHeader: clientCertificate }).router,
  };
}

/** A line a request: who, what and how long, and neither query nor body. */
function accessLog(logger: Logger | undefined): (exchange: Exchange) => void {
  return (exchange) => logger?.info('request', { ...exchange, durationMs: Math.round(exchange.durationMs) });
}
