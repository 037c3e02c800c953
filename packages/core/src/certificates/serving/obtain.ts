import { ChanceryError } from '../../errors/chancery-error.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { ServedCertificate } from '../../ports/certificate-source.ts';
import { certificates } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { awaitGeneration } from '../generations/await-generation.ts';
import { isVerdict } from '../generations/refusal.ts';
import { canonicalName, isServable } from '../names/subject-names.ts';
import { ON_DEMAND } from '../verbs/certificate-input.ts';
import { beginCertificate } from '../verbs/create.ts';
import { deleteCertificate } from '../verbs/delete.ts';
import { servedCertificate } from './served.ts';

/** See `CertificateManager.obtain`. */
export async function obtainCertificate(
  context: CertificatesContext,
  text: string,
  options: Abortable,
): Promise<ServedCertificate | undefined> {
  const name = canonicalName(text);
  if (!isServable(name))
    throw new InvalidInputError('INVALID_ARGUMENT', `No TLS server is asked for the name ${quote(name)}`);
  const served = await servedCertificate(context, name, signalOf(options));
  if (served !== undefined) return served;
  const certificate = await beginOrJoin(context, name, options);
  if (certificate.generationId !== undefined) await issue(context, certificate.id, certificate.generationId, options);
  return servedCertificate(context, name, signalOf(options));
}

/** The unique name of the certificate is what makes it one, however many instances ask. */
async function beginOrJoin(
  context: CertificatesContext,
  name: string,
  options: Abortable,
): Promise<{ readonly id: string; readonly generationId: string | undefined }> {
  const label = `${ON_DEMAND}${name}`;
  try {
    return await beginCertificate(context, { subjectAltNames: [name], ...signalOf(options) }, label);
  } catch (error) {
    if (!(error instanceof ChanceryError) || error.code !== 'CERTIFICATE_NAME_TAKEN') throw error;
    const query = { index: 'byName', equals: { heldName: label }, limit: 1 } as const;
    const [entry] = (await context.store.query(certificates, query)).entries;
    if (entry === undefined) throw error;
    // One that was issued and is not served was taken out of service, which is not for a handshake to undo.
    const { state, pending } = entry.value;
    return { id: entry.id, generationId: state === 'pending' ? pending : undefined };
  }
}

/** What is refused is forgotten: names come from whoever connects, and must not fill the storage with failures. */
async function issue(
  context: CertificatesContext,
  id: string,
  generationId: string,
  options: Abortable,
): Promise<void> {
  try {
    await awaitGeneration(context, id, generationId, signalOf(options));
  } catch (error) {
    if (isVerdict(error)) await forget(context, id);
    throw error;
  }
}

async function forget(context: CertificatesContext, id: string): Promise<void> {
  try {
    await deleteCertificate(context, id, {});
  } catch (error) {
    // Another instance that waited for it was faster.
    if (!(error instanceof ChanceryError) || error.code !== 'CERTIFICATE_NOT_FOUND') throw error;
  }
}
