import { equalBytes } from '../encoding/bytes.ts';
import { NotFoundError } from '../errors/families.ts';
import type { Abortable } from '../ports/abortable.ts';
import type { CertificateStatusSource, IdentifiedCertificate } from '../ports/certificate-status.ts';
import { throwIfAborted } from '../store/backoff.ts';
import { parseCertificate } from '../x509/certificate/certificate.ts';
import type { AuthorityContext } from './context.ts';
import type { LedgerValue } from './ledger.ts';

/**
 * The ledger as a source of certificates' status. A certificate of the authority's is identified by its serial number: each one stands for
 * itself, since the authority does not know which renews which.
 */
export function ledgerStatus(context: AuthorityContext): CertificateStatusSource {
  return {
    async identify(certificateDer: Uint8Array, { signal }: Abortable = {}) {
      throwIfAborted(signal);
      const { serialNumber } = parseCertificate(certificateDer);
      return identified(context, serialNumber, certificateDer);
    },
  };
}

async function identified(
  { ledger, clock }: AuthorityContext,
  serialNumber: string,
  certificateDer: Uint8Array,
): Promise<IdentifiedCertificate | undefined> {
  try {
    const { value, bytes } = await ledger.entry(serialNumber);
    if (bytes === undefined || !equalBytes(bytes, certificateDer)) return undefined;
    return { certificateId: value.serialNumber, status: stands(value, clock.now()) ? 'good' : 'revoked' };
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

function stands({ state, notBefore, notAfter }: LedgerValue, now: number): boolean {
  return state === 'issued' && notBefore <= now && now <= notAfter;
}
