import { ChanceryError } from '../../errors/chancery-error.ts';
import { quote } from '../../errors/quote.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { CertificateValue } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import type { AskedGeneration } from './ask-issuer.ts';
import type { CertificateChain } from './chain.ts';

/** A generation that is asked for, and the whole certificate that it is of. */
export interface PendingGeneration extends AskedGeneration {
  readonly certificate: CertificateValue;
}

/**
 * Shows a generation to every processor, in order, before it takes effect.
 *
 * @throws {ChanceryError} PROCESSOR_FAILED: names the processor; those after it are not called
 */
export async function runProcessors(
  { processors, logger }: CertificatesContext,
  { certificateId, certificate, generation }: PendingGeneration,
  { chainPem, notBefore, notAfter, serialNumber, sha256Fingerprint }: CertificateChain,
  options: Abortable,
): Promise<void> {
  const { name, accountId } = certificate;
  const { number, issuer, subjectAltNames } = generation;
  for (const [at, processor] of processors.entries()) {
    throwIfAborted(options.signal);
    try {
      await processor(
        {
          certificateId,
          generation: number,
          ...(name === undefined ? {} : { name }),
          ...(accountId === undefined ? {} : { accountId }),
          issuer,
          subjectAltNames: [...subjectAltNames],
          chainPem,
          notBefore: new Date(notBefore),
          notAfter: new Date(notAfter),
          serialNumber,
          sha256Fingerprint,
        },
        signalOf(options),
      );
    } catch (cause) {
      logger?.warn('A certificate processor has failed, so the generation waits', { certificateId, processor: at });
      throw new ChanceryError(
        'PROCESSOR_FAILED',
        `Processor ${at + 1} failed for generation ${number} of certificate ${quote(name ?? certificateId)}`,
        { facts: { certificateId, generation: number, processor: at + 1 }, cause },
      );
    }
  }
}
