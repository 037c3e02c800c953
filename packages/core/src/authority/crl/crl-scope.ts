import { InvalidInputError } from '../../errors/families.ts';
import type { InstalledIntermediate } from '../intermediates/signing-state.ts';
import type { LedgerValue } from '../ledger.ts';

/** How many shards an intermediate may have. */
export const MAX_CRL_SHARDS = 256;

/**
 * The certificates that one CRL speaks for (RFC 5280 section 5): all of an intermediate, or one of its shards. The complete and the
 * delta CRLs of a scope share one sequence of numbers.
 */
export interface CrlScope {
  /** Where the storage keeps the scope's CRLs. */
  readonly id: string;
  readonly intermediate: InstalledIntermediate;
  /** Absent where one CRL speaks for all. */
  readonly shard: number | undefined;
}

/** Every scope of an intermediate. */
export function crlScopes(intermediate: InstalledIntermediate): CrlScope[] {
  const { crlShards } = intermediate;
  if (crlShards === 1) return [scopeOf(intermediate, undefined)];
  return Array.from({ length: crlShards }, (_, shard) => scopeOf(intermediate, shard));
}

/**
 * The scope that a caller named.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: no such shard, or none named where there are several
 */
export function namedScope(intermediate: InstalledIntermediate, shard: number | undefined): CrlScope {
  const { id, crlShards } = intermediate;
  if (crlShards === 1 && (shard === undefined || shard === 0)) return scopeOf(intermediate, undefined);
  if (shard !== undefined && Number.isInteger(shard) && shard >= 0 && shard < crlShards)
    return scopeOf(intermediate, shard);
  const wanted = crlShards === 1 ? '0, or left out' : `a whole number from 0 to ${crlShards - 1}`;
  throw new InvalidInputError('INVALID_ARGUMENT', `shard of intermediate ${id} must be ${wanted}, not ${shard}`, {
    facts: { intermediate: id, crlShards },
  });
}

/** The id of the scope that a certificate of the ledger belongs to. */
export function scopeIdOf({ intermediate, crlShard }: Pick<LedgerValue, 'intermediate' | 'crlShard'>): string {
  return scopeId(intermediate, crlShard);
}

/**
 * The shard of a certificate, by its serial number, which is random.
 *
 * @param serialNumber - 4 octets or more, big-endian
 * @param shards - how many there are
 * @returns undefined where there is one
 */
export function shardOf(serialNumber: Uint8Array, shards: number): number | undefined {
  if (shards === 1) return undefined;
  const { buffer, byteOffset, length } = serialNumber;
  return new DataView(buffer, byteOffset, length).getUint32(length - 4) % shards;
}

function scopeOf(intermediate: InstalledIntermediate, shard: number | undefined): CrlScope {
  return { id: scopeId(intermediate.id, shard), intermediate, shard };
}

function scopeId(intermediate: string, shard: number | undefined): string {
  return shard === undefined ? intermediate : `${intermediate}/${shard}`;
}
