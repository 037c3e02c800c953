import { toHex } from '../../encoding/hex.ts';
import type { CertificateStatusSource } from '../../ports/certificate-status.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { certificates, generations } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';

/**
 * The managed certificates as a source of their status. All generations of one certificate are that certificate, so that a session outlives a renewal; each stands
 * until it ends, or the certificate is revoked or deleted.
 */
export function managedStatus(context: CertificatesContext): CertificateStatusSource {
  const { store, crypto, clock } = context;
  return {
    async identify(certificateDer, { signal } = {}) {
      throwIfAborted(signal);
      const sha256Fingerprint = toHex(await crypto.digest('SHA-256', certificateDer));
      const { entries } = await store.query(generations, {
        index: 'byFingerprint',
        equals: { sha256Fingerprint },
        limit: 1,
      });
      const generation = entries[0]?.value;
      if (generation === undefined) return undefined;
      const certificate = await store.get(certificates, generation.certificateId);
      if (certificate === undefined) return undefined;
      const { notBefore = 0, notAfter = 0 } = generation;
      const now = clock.now();
      const stands = certificate.value.state === 'issued' && notBefore <= now && now <= notAfter;
      return { certificateId: certificate.id, status: stands ? 'good' : 'revoked' };
    },
  };
}
