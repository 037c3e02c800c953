import { type GenerationValue, generations } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';

/** Of the requests that were given up, how many are asked for again. More than these were made by somebody who never waited for one. */
export const MOST_GIVEN_UP = 16;

/** A generation that an issuer is to revoke. */
export interface OutstandingGeneration {
  readonly id: string;
  readonly generation: GenerationValue & { readonly issuer: string };
}

/**
 * Whether an issuer is to be told of a generation when its certificate is revoked: a relying party would still accept it, or nobody knows whether there is
 * one. That of one that was imported is not known here.
 *
 * @param now epoch milliseconds
 */
export function isOutstanding(
  generation: GenerationValue,
  now: number,
): generation is GenerationValue & { readonly issuer: string } {
  const { issuer, chainPem, notAfter = 0 } = generation;
  return issuer !== undefined && (chainPem === undefined || notAfter >= now);
}

/** Walks the outstanding generations of a certificate, in the order in which they were asked for. */
export async function* outstandingGenerations(
  { store, clock }: CertificatesContext,
  certificateId: string,
): AsyncGenerator<OutstandingGeneration> {
  const query = { index: 'byCertificate', equals: { certificateId }, limit: 100 } as const;
  for await (const { id, value } of store.walk(generations, query)) {
    if (isOutstanding(value, clock.now())) yield { id, generation: value };
  }
}

/** The latest requests of a certificate whose answer is not known, by id: those that are asked for again. */
export async function unansweredRequests(context: CertificatesContext, certificateId: string): Promise<string[]> {
  const latest: string[] = [];
  for await (const { id, generation } of outstandingGenerations(context, certificateId)) {
    if (generation.chainPem === undefined) latest.push(id);
    if (latest.length > MOST_GIVEN_UP) latest.shift();
  }
  return latest;
}
