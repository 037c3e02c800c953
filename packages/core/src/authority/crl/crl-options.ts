import { InvalidInputError } from '../../errors/families.ts';
import { MAX_CRL_SHARDS } from './crl-scope.ts';

/** How an intermediate publishes its CRLs; fixed when it is installed. */
export interface CrlOptions {
  /**
   * How many CRLs share its certificates, 1 (default) to 256. Each certificate points to the CRL of its shard, so more than one
   * takes a `baseUrl`.
   */
  readonly crlShards?: number;
  /** Whether its CRLs point to delta CRLs (freshestCRL), where there is a `baseUrl`; default true. */
  readonly deltaCrls?: boolean;
}

/** As an intermediate's document holds them. */
export interface StoredCrlOptions {
  readonly crlShards?: number;
  readonly crlBaseUrl?: string;
  readonly deltaCrls: boolean;
}

/**
 * Checks what was asked for.
 *
 * @param options - as the caller gave them
 * @param baseUrl - the authority's
 * @throws {InvalidInputError} INVALID_ARGUMENT: a number of shards that cannot be, or shards without a `baseUrl`
 */
export function checkCrlOptions(
  { crlShards = 1, deltaCrls = true }: CrlOptions,
  baseUrl: string | undefined,
): StoredCrlOptions {
  if (!Number.isInteger(crlShards) || crlShards < 1 || crlShards > MAX_CRL_SHARDS) {
    const message = `crlShards must be a whole number from 1 to ${MAX_CRL_SHARDS}, not ${crlShards}`;
    throw new InvalidInputError('INVALID_ARGUMENT', message, { facts: { crlShards } });
  }
  if (typeof deltaCrls !== 'boolean')
    throw new InvalidInputError('INVALID_ARGUMENT', 'deltaCrls must be true or false');
  if (crlShards === 1) return { deltaCrls };
  if (baseUrl === undefined) {
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `crlShards ${crlShards} takes a baseUrl: certificates must say which CRL is theirs`,
      { facts: { crlShards } },
    );
  }
  return { crlShards, crlBaseUrl: baseUrl, deltaCrls };
}
