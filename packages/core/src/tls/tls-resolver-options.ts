import { z } from 'zod';
import { defaultCrypto } from '../crypto/node-provider.ts';
import { InvalidInputError } from '../errors/families.ts';
import { invalidArgument } from '../errors/from-issues.ts';
import type { CertificateSource } from '../ports/certificate-source.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Logger } from '../ports/logger.ts';
import { systemClock } from '../ports/system-clock.ts';
import { systemTimer } from '../ports/system-timer.ts';
import type { Timer } from '../ports/timer.ts';
import type { TlsAlpnSource } from './challenge/challenge-responder.ts';
import type { CertificatePem } from './contexts/certificate-pem.ts';
import type { ClientTrust } from './contexts/context-maker.ts';
import type { OnDemandOptions } from './on-demand/on-demand.ts';

/** What `createTlsResolver` works with. */
export interface TlsResolverOptions {
  /** Where certificates come from: a `CertificateManager`. */
  readonly certificates: CertificateSource;
  /**
   * What names without a certificate get: a certificate of your own, or a self-signed one for localhost, valid for 365 days, which this
   * process makes at the first need and keeps in memory. Default: the server's default certificate, if it has one.
   */
  readonly fallback?: 'self-signed' | CertificatePem;
  /** How many contexts are kept, of 30 to 40 KiB each; certificates used longest ago are loaded again. Default 1,000. */
  readonly maxContexts?: number;
  /**
   * How many names a second that nothing is known of are looked up, by this process. Handshakes for more are refused, unless a wildcard
   * serves them. Default 1,000.
   */
  readonly lookupsPerSecond?: number;
  /** How often names in demand are checked, in milliseconds, 50 to 60,000; with more than 500 a renewal that no notice tells of may serve only after twice as long. Default 500. */
  readonly checkIntervalMs?: number;
  /** Gets certificates for names at their first handshake. Default: it does not. */
  readonly onDemand?: OnDemandOptions;
  /** Answers tls-alpn-01 challenges, see `listener`: an `AcmeIssuer`. */
  readonly acme?: TlsAlpnSource;
  /** Whose client certificates are accepted, where the server asks for them. Default: nobody's. */
  readonly clientTrust?: ClientTrust;
  readonly clock?: Clock;
  /** Makes the self-signed certificate. */
  readonly crypto?: CryptoProvider;
  /** Waits. Default: the runtime's timer. */
  readonly timer?: Timer;
  readonly logger?: Logger;
}

/** Options that have passed every check, with what counts where one was left out. */
export interface CheckedTlsOptions {
  readonly certificates: CertificateSource;
  readonly fallback: 'self-signed' | CertificatePem | undefined;
  readonly maxContexts: number;
  readonly lookupsPerSecond: number;
  readonly checkIntervalMs: number;
  readonly onDemand: Required<OnDemandOptions> | undefined;
  readonly acme: TlsAlpnSource | undefined;
  readonly clientTrust: ClientTrust | undefined;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly timer: Timer;
  readonly logger: Logger | undefined;
}

const withMethods = <T>(...methods: readonly (keyof T & string)[]) =>
  z.custom<T>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function'),
    `expected an object with ${methods.join(', ')}`,
  );
const aFunction = <T>() => z.custom<T>((value) => typeof value === 'function', 'expected a function');
const pems = z.union([z.string(), z.array(z.string()).min(1)]);

/** The trust in clients, as it is given. */
export const clientTrust = z.strictObject({ trustAnchorsPem: pems, crlPem: pems.optional() });

const options = z.strictObject({
  certificates: withMethods<CertificateSource>('served', 'versions', 'on'),
  fallback: z.union([z.literal('self-signed'), z.strictObject({ certPem: z.string(), keyPem: z.string() })]).optional(),
  maxContexts: z.number().int().min(1).max(1_000_000).default(1_000),
  lookupsPerSecond: z.number().int().min(1).max(1_000_000).default(1_000),
  checkIntervalMs: z.number().int().min(50).max(60_000).default(500),
  onDemand: z
    .strictObject({
      allow: aFunction<OnDemandOptions['allow']>(),
      maxPending: z.number().int().min(1).max(10_000).default(10),
      perMinute: z.number().int().min(1).max(100_000).default(60),
      waitMs: z.number().int().min(1).max(600_000).default(10_000),
    })
    .optional(),
  acme: withMethods<TlsAlpnSource>('tlsAlpnCertificate').optional(),
  clientTrust: clientTrust.optional(),
  clock: withMethods<Clock>('now').default(systemClock),
  crypto: withMethods<CryptoProvider>('generateKey', 'sign').default(defaultCrypto),
  timer: aFunction<Timer>().default(() => systemTimer),
  logger: withMethods<Logger>('info', 'warn', 'error').optional(),
});

/**
 * Checks the options. The error names paths and rules, not values: one of them is a private key.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: one is missing, malformed or out of range
 */
export function checkTlsOptions(given: TlsResolverOptions): CheckedTlsOptions {
  const parsed = options.safeParse(given);
  if (!parsed.success) throw invalidArgument('createTlsResolver() options', parsed.error.issues);
  const { fallback, onDemand, acme, clientTrust: trust, logger, ...rest } = parsed.data;
  if (onDemand !== undefined && rest.certificates.obtain === undefined) {
    throw new InvalidInputError('INVALID_ARGUMENT', 'onDemand needs certificates that can obtain()');
  }
  return { ...rest, fallback, onDemand, acme, clientTrust: trust as ClientTrust | undefined, logger };
}
