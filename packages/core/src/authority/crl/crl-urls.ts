import { toHex } from '../../encoding/hex.ts';
import type { InstalledIntermediate } from '../intermediates/signing-state.ts';

/**
 * Where the complete CRL of an intermediate, or of one of its shards, is served.
 *
 * @param shard - undefined where one CRL speaks for all, and for a certificate that is to point to none
 * @param baseUrl - the authority's, undefined where nothing is served; shards keep that of their installation
 */
export function crlUrl(
  intermediate: InstalledIntermediate,
  shard: number | undefined,
  baseUrl: string | undefined,
): string | undefined {
  return urlOf(intermediate, shard, baseUrl, '.crl');
}

/** Where the delta CRL is served; as {@link crlUrl}. Undefined where the intermediate's CRLs point to none. */
export function deltaCrlUrl(
  intermediate: InstalledIntermediate,
  shard: number | undefined,
  baseUrl: string | undefined,
): string | undefined {
  return intermediate.deltaCrls ? urlOf(intermediate, shard, baseUrl, '-delta.crl') : undefined;
}

function urlOf(
  { certificate, crlShards, crlBaseUrl }: InstalledIntermediate,
  shard: number | undefined,
  baseUrl: string | undefined,
  ending: string,
): string | undefined {
  const base = crlShards === 1 ? baseUrl : crlBaseUrl;
  if (base === undefined || (crlShards > 1 && shard === undefined)) return undefined;
  const issuer = toHex(certificate.subjectKeyIdentifier ?? new Uint8Array());
  return `${base}/${issuer}${shard === undefined ? '' : `-${shard}`}${ending}`;
}
