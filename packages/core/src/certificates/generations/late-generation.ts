import { equalBytes } from '../../encoding/bytes.ts';
import { toHex } from '../../encoding/hex.ts';
import { ChanceryError } from '../../errors/chancery-error.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { type Certificate, parseCertificates } from '../../x509/certificate/certificate.ts';
import { parseCsr } from '../../x509/csr/csr.ts';
import { certificates, type GenerationValue, generations, unsettledRevocations } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { type AskedGeneration, askIssuer } from './ask-issuer.ts';
import type { CertificateChain } from './chain.ts';
import { answerRefused } from './check-answer.ts';
import { storedCsr } from './draft.ts';
import { gaveNothing } from './refusal.ts';
import { reopenRevocation } from './unsettled-revocation.ts';

/** What a generation needs to hold for its certificate to be revoked. */
type LateCertificate = Omit<CertificateChain, 'leaf' | 'names'>;

/**
 * Asks the issuer what it gave for a generation that was given up, and writes that down for the revocation. A request that never reached the issuer
 * is answered by this, too: nobody can tell the two apart, and the certificate is revoked at once.
 *
 * @returns when to ask again, epoch milliseconds, where the issuer is still at work; undefined: it is known what it gave
 * @throws {ChanceryError} ISSUER_ANSWER_REFUSED: the answer cannot be read, so that nobody knows what it gave
 * @throws what the issuer failed with; what it refuses is no failure, since then it gave nothing
 */
export async function learnWhatWasGiven(
  context: CertificatesContext,
  givenUp: AskedGeneration,
  options: Abortable,
): Promise<number | undefined> {
  const asked = await askIssuer(context, givenUp, options).catch((error: unknown) => {
    if (!gaveNothing(error)) throw error;
  });
  if (asked?.outcome === 'pending') return asked.retryAt;
  const late = asked?.outcome === 'answered' ? await readLate(context, givenUp, asked.answer) : undefined;
  if (late === undefined) await forget(context, givenUp.generationId, options);
  else await recordLate(context, givenUp, late);
  return undefined;
}

/**
 * Writes down what an issuer gave for a generation that was given up meanwhile: it never comes into force, but it is revoked with the others. Where
 * they are revoked already, the revocation goes on.
 */
export async function recordLate(
  context: CertificatesContext,
  { certificateId, generationId, generation }: AskedGeneration,
  late: LateCertificate,
): Promise<void> {
  const recording = context.store.transact(async (transaction) => {
    const [certificate, unsettled, present] = await Promise.all([
      transaction.get(certificates, certificateId),
      transaction.get(unsettledRevocations, certificateId),
      transaction.get(generations, generationId),
    ]);
    // Of what is deleted nothing is known, unless it is still to be revoked.
    if (certificate === undefined && unsettled === undefined) return;
    // What is pending is asked for again by the same request.
    if (certificate?.value.pending === generationId || present?.value.chainPem !== undefined) return;
    transaction.put(generations, generationId, lateGeneration(generation, late), { expiresAt: late.notAfter });
    // Who settles it meanwhile keeps the lease, and finds that the revocation has changed.
    if (unsettled !== undefined) transaction.put(unsettledRevocations, certificateId, unsettled.value);
    else if (certificate !== undefined) await reopenRevocation(context, transaction, certificate);
  });
  await recording.catch((error: unknown) => {
    if (!(error instanceof ChanceryError) || error.code !== 'UNIQUE_CONFLICT') throw error;
    // It is known by another generation.
    return forget(context, generationId);
  });
}

function lateGeneration(generation: GenerationValue, late: LateCertificate): GenerationValue {
  const { chainPem, notBefore, notAfter, serialNumber, sha256Fingerprint } = late;
  return { ...generation, hasPrivateKey: false, chainPem, notBefore, notAfter, serialNumber, sha256Fingerprint };
}

/**
 * What was given for the key of the request, whatever else is wrong with it. Undefined where that is nothing.
 *
 * @throws {ChanceryError} ISSUER_ANSWER_REFUSED: there is no telling
 */
async function readLate(
  { crypto }: CertificatesContext,
  { certificateId, generation }: AskedGeneration,
  answer: unknown,
): Promise<LateCertificate | undefined> {
  const leaf = leafOf((answer as { chainPem?: unknown } | null | undefined)?.chainPem);
  if (leaf === undefined)
    throw answerRefused({ certificateId, issuer: generation.issuer }, 'it holds no chain that can be read');
  if (!equalBytes(leaf.spki, parseCsr(storedCsr(generation.csr)).spki)) return undefined;
  return {
    chainPem: leaf.toPem(),
    notBefore: leaf.notBefore.getTime(),
    notAfter: leaf.notAfter.getTime(),
    serialNumber: leaf.serialNumber,
    sha256Fingerprint: toHex(await crypto.digest('SHA-256', leaf.der)),
  };
}

function leafOf(chainPem: unknown): Certificate | undefined {
  if (typeof chainPem !== 'string') return undefined;
  try {
    return parseCertificates(chainPem)[0];
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}

async function forget({ store }: CertificatesContext, generationId: string, options: Abortable = {}): Promise<void> {
  await store.transact(async (transaction) => {
    const generation = await transaction.get(generations, generationId);
    if (generation?.value.chainPem === undefined) transaction.delete(generations, generationId);
  }, signalOf(options));
}
