import { defaultCrypto } from '../../crypto/node-provider.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { requireObject } from '../../errors/require-object.ts';
import type { Abortable } from '../../ports/abortable.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { dns01Value } from '../jws/key-authorization.ts';
import { type DnsResolver, delegatedName, hasTxtRecord, systemResolver } from './dns-lookup.ts';
import type { ChallengeSolver, PresentedChallenge } from './solver.ts';

/** One TXT record. Several of one name, with different values, stand beside one another: a name and its wildcard need two. */
export interface TxtRecord {
  /** Without a full stop at the end. */
  readonly name: string;
  readonly value: string;
}

/** How dns-01 is solved. */
export interface Dns01Options {
  /** Adds a record, and leaves others of its name alone. Adding it twice does no harm. */
  readonly setTxt: (record: TxtRecord, options: Abortable) => Promise<void>;
  /** Removes a record by name and value. One that is gone does no harm. */
  readonly removeTxt: (record: TxtRecord, options: Abortable) => Promise<void>;
  /**
   * Where records go when `_acme-challenge.<domain>` is a CNAME into another zone: `true` follows the CNAMEs there are, a function names the
   * place. Default: into the domain's own zone.
   */
  readonly cnameDelegation?: boolean | ((domain: string) => string);
  /**
   * Whether to wait until the record can be looked up before the server is told to, and for how long. Default: by the system's resolver, every
   * 5 seconds for 10 minutes. `false` trusts `setTxt` to resolve only then.
   */
  readonly propagation?: false | { readonly intervalMs?: number; readonly timeoutMs?: number };
  /** Looks names up. Default: as the system does; the zone's own name servers see a change first. */
  readonly resolver?: DnsResolver;
  readonly crypto?: CryptoProvider;
}

const INTERVAL_MS = 5_000;
const TIMEOUT_MS = 600_000;

/**
 * Solves dns-01 (RFC 8555 section 8.4), the only type for wildcards.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: `setTxt` or `removeTxt` is no function, or `propagation` is out of range
 */
export function dns01(options: Dns01Options): ChallengeSolver {
  requireObject(options, 'dns01() options');
  const { setTxt, removeTxt, cnameDelegation = false, propagation = {}, crypto = defaultCrypto } = options;
  if (typeof setTxt !== 'function' || typeof removeTxt !== 'function')
    throw new InvalidInputError('INVALID_ARGUMENT', 'dns01() takes the functions setTxt and removeTxt');
  const resolver = options.resolver ?? systemResolver();
  const recordOf = async ({ identifier, keyAuthorization }: PresentedChallenge): Promise<TxtRecord> => {
    const own = `_acme-challenge.${identifier.value}`;
    const delegated = typeof cnameDelegation === 'function' ? cnameDelegation(identifier.value) : undefined;
    const name = delegated ?? (cnameDelegation === true ? await delegatedName(own, resolver) : own);
    return { name: name.replace(/\.$/, ''), value: await dns01Value(keyAuthorization, crypto) };
  };
  const solver: ChallengeSolver = {
    type: 'dns-01',
    supports: ({ type }) => type === 'dns',
    present: async (challenge, given) => setTxt(await recordOf(challenge), given),
    remove: async (challenge, given) => removeTxt(await recordOf(challenge), given),
  };
  if (propagation === false) return solver;
  const { intervalMs = INTERVAL_MS, timeoutMs = TIMEOUT_MS } = propagation;
  for (const [name, value] of Object.entries({ intervalMs, timeoutMs })) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `propagation.${name} must be a positive integer, not ${String(value)}`,
    );
  }
  return {
    ...solver,
    isReady: async (challenge) => hasTxtRecord(await recordOf(challenge), resolver),
    readyIntervalMs: intervalMs,
    readyTimeoutMs: timeoutMs,
  };
}
