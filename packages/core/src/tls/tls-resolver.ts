import type { Server } from 'node:net';
import type { SecureContext } from 'node:tls';
import { ChanceryError } from '../errors/chancery-error.ts';
import { InvalidInputError } from '../errors/families.ts';
import { invalidArgument } from '../errors/from-issues.ts';
import { parseCertificates } from '../x509/certificate/certificate.ts';
import { listenForChallenges } from './challenge/challenge-listener.ts';
import { ChallengeResponder } from './challenge/challenge-responder.ts';
import { Closing } from './closing.ts';
import { ContextCache } from './contexts/context-cache.ts';
import { type ClientTrust, ContextMaker } from './contexts/context-maker.ts';
import { preferOthers } from './contexts/key-preference.ts';
import { Fallback } from './fallback/fallback.ts';
import { NameLookup } from './name-lookup.ts';
import { Freshness } from './names/freshness.ts';
import { ServedNames } from './names/served-names.ts';
import { VersionChecks } from './names/version-checks.ts';
import { OnDemand } from './on-demand/on-demand.ts';
import { RateBudget } from './rate-budget.ts';
import { hostName } from './server-name.ts';
import {
  type CheckedTlsOptions,
  checkTlsOptions,
  clientTrust,
  type TlsResolverOptions,
} from './tls-resolver-options.ts';

/** How many names are remembered, as a multiple of the contexts: a certificate may have many. */
const NAMES_PER_CONTEXT = 10;
const CHALLENGES_PER_SECOND = 50;

/** What `tls.createServer` calls for the certificate of a name. */
export type SniCallback = (name: string, callback: (error: Error | null, context?: SecureContext) => void) => void;

/** Options for `https.createServer`, `tls.createServer` and `http2.createSecureServer`. */
export interface TlsServerOptions {
  readonly SNICallback: SniCallback;
  /** The fallback, for clients that send no name. */
  readonly cert?: string;
  readonly key?: string;
  /** The order that lets certificates of every kind of key serve beside the fallback. */
  readonly sigalgs?: string;
  readonly ciphers?: string;
  /** Trust in clients; nobody's where no `clientTrust` was given. */
  readonly ca: string[];
  readonly crl?: string[];
}

/** How a resolver does. */
export interface TlsHealth {
  /** `stale`: certificates cannot be read at present, and what was loaded before is served. */
  readonly status: 'current' | 'stale';
  readonly staleSince?: Date;
  /** How many contexts are loaded. */
  readonly contexts: number;
  /** How many of them were presented after they had expired. */
  readonly expired: number;
  /** How many names with a certificate are known, and how many without. */
  readonly names: { readonly served: number; readonly absent: number };
}

/** Presents the right certificate in each handshake. It hangs together as it is: its functions may be handed on alone. */
export class TlsResolver {
  /**
   * For the option `SNICallback` of a server. It calls back at once when the certificate is at hand, and never throws; an error ends the
   * handshake.
   */
  readonly sniCallback: SniCallback;
  readonly #options: CheckedTlsOptions;
  readonly #closing = new Closing();
  readonly #maker: ContextMaker;
  readonly #contexts: ContextCache;
  readonly #freshness: Freshness;
  readonly #names: ServedNames;
  readonly #checks: VersionChecks;
  readonly #fallback: Fallback;
  readonly #lookup: NameLookup;
  readonly #letGo: (() => void)[];

  /** @internal Use {@link createTlsResolver}. */
  constructor(options: CheckedTlsOptions) {
    const { certificates, clock, timer, logger, crypto, maxContexts } = options;
    const closing = this.#closing;
    this.#options = options;
    this.#maker = new ContextMaker(options.clientTrust);
    this.#contexts = new ContextCache(this.#maker, maxContexts);
    this.#fallback = new Fallback({ fallback: options.fallback, maker: this.#maker, clock, crypto });
    this.#freshness = new Freshness(clock, logger, options.checkIntervalMs);
    const limit = NAMES_PER_CONTEXT * maxContexts;
    const [contexts, freshness] = [this.#contexts, this.#freshness];
    this.#names = new ServedNames({ source: certificates, contexts, freshness, limit, clock, timer, logger, closing });
    this.#checks = new VersionChecks({
      names: this.#names,
      freshness,
      intervalMs: options.checkIntervalMs,
      clock,
      timer,
    });
    this.#lookup = new NameLookup({
      names: this.#names,
      contexts,
      checks: this.#checks,
      freshness,
      fallback: this.#fallback,
      onDemand: onDemandOf(options, closing),
      budget: new RateBudget(options.lookupsPerSecond, 1_000, clock),
      timer,
      closing,
    });
    this.#letGo = [
      certificates.on('changed', (change) => this.#names.changed(change)),
      certificates.on('missed', () => this.#names.missed()),
    ];
    this.sniCallback = (name, callback) => this.#choose(name, callback);
  }

  /**
   * Options for a server: the callback, and what has to fit it. Spread them into your own; what you add or replace counts.
   *
   * @example
   * ```ts
   * const server = https.createServer({ ...(await tls.serverOptions()), minVersion: 'TLSv1.3' }, app);
   * ```
   */
  async serverOptions(): Promise<TlsServerOptions> {
    const options = { SNICallback: this.sniCallback, ...this.#maker.trust };
    const pem = await this.#fallback.pem();
    if (pem === undefined) return options;
    const [certificate] = parseCertificates(pem.certPem);
    const { kind } = await this.#options.crypto.importPublicKey((certificate as { spki: Uint8Array }).spki);
    return { ...options, cert: pem.certPem, key: pem.keyPem, ...preferOthers(kind) };
  }

  /**
   * The context that a handshake for a name gets, for servers that take no SNICallback.
   *
   * @param name a host name in A-labels
   * @returns undefined where the server's own default is meant
   * @throws {RateLimitError} OVERLOADED: nothing is known of the name, and too many such names are being asked about
   * @throws {InvalidInputError} KEY_INVALID: what is served under the name does not make a context
   * @throws {StorageError} any of its codes, where nothing was loaded for the name before
   * @throws {ChanceryError} ABORTED: there was no answer in time, or the resolver was closed; any of the source's, such as for a key that
   *   does not open
   */
  async secureContext(name: string): Promise<SecureContext | undefined> {
    this.#requireOpen();
    const host = hostName(name);
    if (host === undefined) return (await this.#fallback.ask()).secureContext;
    return (this.#lookup.known(host) ?? (await this.#lookup.ask(host))).secureContext;
  }

  /**
   * Puts the answer to tls-alpn-01 challenges (RFC 8737) before a server: it reads the ClientHello of every connection, answers those of
   * an ACME server, and gives all others to the server as they came. Add listeners of your own to `connection` before.
   *
   * @param server a TLS, HTTPS or HTTP/2 server
   * @returns takes it away again
   * @throws {InvalidInputError} INVALID_ARGUMENT: the option `acme` was not given, or it is no server
   * @throws {ChanceryError} ABORTED: the resolver was closed
   */
  listener(server: Server): () => void {
    this.#requireOpen();
    const { acme: source, clock, timer, logger } = this.#options;
    if (source === undefined) throw new InvalidInputError('INVALID_ARGUMENT', 'listener() needs the option acme');
    if (typeof server?.listeners !== 'function' || server.listeners('connection').length === 0) {
      throw new InvalidInputError('INVALID_ARGUMENT', 'listener() takes a TLS server');
    }
    const responder = new ChallengeResponder({
      source,
      maker: this.#maker,
      budget: new RateBudget(CHALLENGES_PER_SECOND, 1_000, clock),
      timer,
      logger,
      closing: this.#closing,
    });
    const takeAway = listenForChallenges(server, responder, timer);
    this.#letGo.push(takeAway);
    return takeAway;
  }

  /**
   * Changes whose client certificates are accepted, such as for a CRL that was signed anew: every context is made anew at its next use. A
   * server's default context is its own, and so are its sessions, which whom it trusted before resumes without being judged again: replace
   * it with `server.setSecureContext`, by the options that the server was made with and those of `serverOptions()`.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT, CERTIFICATE_INVALID, PEM_INVALID, CRL_INVALID: it cannot be read; the earlier trust stays
   */
  setClientTrust(trust: ClientTrust): void {
    const parsed = clientTrust.safeParse(trust);
    if (!parsed.success) throw invalidArgument('clientTrust', parsed.error.issues);
    this.#maker.setTrust(trust);
    this.#contexts.clear();
    this.#fallback.reset();
  }

  /** Tells whether what is served is current, and how much is loaded. It reads nothing. */
  health(): TlsHealth {
    const { staleSince } = this.#freshness;
    const { servedCount: served, absentCount: absent } = this.#names.table;
    return {
      status: staleSince === undefined ? 'current' : 'stale',
      ...(staleSince !== undefined && { staleSince: new Date(staleSince) }),
      contexts: this.#contexts.size,
      expired: this.#names.countExpired(),
      names: { served, absent },
    };
  }

  /** Lets go of contexts, subscriptions and timers; handshakes that come later are refused. Connections stay. Closing twice does no harm. */
  async close(): Promise<void> {
    this.#closing.close();
    this.#checks.stop();
    for (const letGo of this.#letGo.splice(0)) letGo();
    this.#contexts.clear();
    this.#names.table.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #choose(name: string, callback: Parameters<SniCallback>[1]): void {
    if (this.#closing.isClosed) {
      callback(closed());
      return;
    }
    const host = hostName(name);
    const known = host === undefined ? this.#fallback.known : this.#lookup.known(host);
    if (known !== undefined) {
      callback(null, known.secureContext);
      return;
    }
    const asked = host === undefined ? this.#fallback.ask() : this.#lookup.ask(host);
    asked.then(
      ({ secureContext }) => callback(null, secureContext),
      (error: Error) => callback(error),
    );
  }

  #requireOpen(): void {
    if (this.#closing.isClosed) throw closed();
  }
}

/**
 * Makes a resolver: what a TLS server asks for the certificate of each name. Certificates are read from storage when they are first
 * wanted, kept, and replaced within a second when they change, in every process that shares the storage, without a connection being
 * dropped.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: an option is missing, malformed or out of range
 * @throws {InvalidInputError} KEY_INVALID: the fallback's chain and key cannot be read, or do not belong together
 * @throws {InvalidInputError} CERTIFICATE_INVALID, PEM_INVALID, CRL_INVALID: `clientTrust` cannot be read
 *
 * @example
 * ```ts
 * const tls = createTlsResolver({ certificates, fallback: 'self-signed' });
 * https.createServer(await tls.serverOptions(), app).listen(443);
 * ```
 */
export function createTlsResolver(options: TlsResolverOptions): TlsResolver {
  return new TlsResolver(checkTlsOptions(options));
}

function onDemandOf(
  { onDemand, certificates, clock, timer, logger }: CheckedTlsOptions,
  closing: Closing,
): OnDemand | undefined {
  if (onDemand === undefined) return undefined;
  const { allow, maxPending, perMinute, waitMs } = onDemand;
  return new OnDemand({
    obtain: async (name, options) => certificates.obtain?.(name, options),
    allow,
    maxPending,
    budget: new RateBudget(perMinute, 60_000, clock),
    clock,
    logger,
    waitMs,
    timer,
    closing,
  });
}

function closed(): ChanceryError {
  return new ChanceryError('ABORTED', 'The resolver was closed');
}
