import { z } from 'zod';
import { NotFoundError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Certificate } from '../certificate.ts';
import {
  certificateNotFound,
  certificateNotIssued,
  certificateRevoked,
  requireCertificateId,
} from '../certificate-record.ts';
import { certificates } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { awaitGeneration } from '../generations/await-generation.ts';
import { provenCsr } from '../generations/draft.ts';
import { openGeneration } from '../generations/open-generation.ts';
import { canonicalName } from '../names/subject-names.ts';
import { type ChangeCertificateOptions, conditionInput, csrInput, parseInput } from './certificate-input.ts';
import { deleteCertificate } from './delete.ts';
import { getCertificate } from './find.ts';

/** How a name is taken out. */
export interface RemoveNameOptions extends ChangeCertificateOptions {
  /** Where the key is kept elsewhere: a PKCS#10 request without the name, PEM or DER. */
  readonly csr?: string | Uint8Array;
  /** Whether to wait until the generation without the name is issued. Default true. */
  readonly wait?: boolean;
}

const removeInput = z.strictObject({ csr: csrInput.optional(), wait: z.boolean().optional(), ...conditionInput });

/** See `CertificateManager.removeName`. */
export async function removeName(
  context: CertificatesContext,
  id: string,
  name: string,
  options: RemoveNameOptions,
): Promise<Certificate | undefined> {
  const { csr, wait = true, ifVersion, signal } = parseInput(removeInput, 'removeName() options', options);
  requireCertificateId(id);
  const removed = canonicalName(name);
  throwIfAborted(signal);
  const entry = await context.store.get(certificates, id);
  if (entry === undefined) throw certificateNotFound(id);
  if (entry.value.state === 'revoked') throw certificateRevoked(id);
  if (entry.value.state === 'failed') throw certificateNotIssued(id, entry.value);
  const left = namesLeft(id, entry.value.subjectAltNames, removed);
  if (left.length === 0) {
    await deleteCertificate(context, id, { ...(ifVersion === undefined ? {} : { ifVersion }), ...signalOf(options) });
    return undefined;
  }
  const csrDer = csr === undefined ? undefined : await provenCsr(context, csr);
  const names = (before: readonly string[]): string[] => namesLeft(id, before, removed);
  const opened = await openGeneration(context, id, { csrDer, names, ifVersion, ...signalOf(options) });
  if (opened.outcome === 'overtaken') return removeName(context, id, name, options);
  if (!wait) return getCertificate(context, id, options);
  return awaitGeneration(context, id, opened.generationId, options);
}

function namesLeft(id: string, names: readonly string[], removed: string): string[] {
  if (names.includes(removed)) return names.filter((name) => name !== removed);
  throw new NotFoundError('CERTIFICATE_NAME_NOT_FOUND', `Certificate ${id} does not hold the name ${quote(removed)}`, {
    facts: { certificateId: id, name: removed.slice(0, 256) },
  });
}
