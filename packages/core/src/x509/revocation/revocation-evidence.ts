import { InvalidInputError } from '../../errors/families.ts';
import { type OcspResponse, parseOcspResponse } from '../ocsp/ocsp-response.ts';
import { type CrlCache, judgeCrl, type UsableCrl } from './usable-crl.ts';

/** What a caller knows about revocation, sorted into what can be used and why the rest cannot. */
export interface RevocationEvidence {
  readonly lists: readonly UsableCrl[];
  readonly responses: readonly OcspResponse[];
  readonly complaints: readonly string[];
}

/**
 * Reads CRLs and OCSP responses. One that is malformed, stale or not understood is left out, with a complaint: it must not
 * keep the others from being heard.
 *
 * @param crls PEM or DER
 * @param ocspResponses DER
 * @param at the instant, in epoch milliseconds
 * @param cache remembers CRLs that were read before
 */
export function gatherEvidence(
  crls: readonly (string | Uint8Array)[],
  ocspResponses: readonly Uint8Array[],
  at: number,
  cache: CrlCache,
): RevocationEvidence {
  const complaints: string[] = [];
  const lists: UsableCrl[] = [];
  const responses: OcspResponse[] = [];
  for (const input of crls) {
    const list = tryOr(complaints, () => judgeCrl(cache.parse(input), at));
    if (typeof list === 'string') complaints.push(list);
    else if (list !== undefined) lists.push(list);
  }
  for (const input of ocspResponses) {
    const response = tryOr(complaints, () => parseOcspResponse(input));
    if (typeof response === 'string') complaints.push(`An OCSP responder answered with ${response}`);
    else if (response !== undefined) responses.push(response);
  }
  return { lists, responses, complaints };
}

function tryOr<T>(complaints: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InvalidInputError) || error.code === 'INVALID_ARGUMENT') throw error;
    complaints.push(error.message);
    return undefined;
  }
}
