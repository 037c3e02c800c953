import type { CertificateAuthority } from '@chancery/core';
import type { GaugeOf } from '../instruments.ts';
import type { Source } from './source.ts';

/** More intermediates than any authority has at a time. The newest are shown. */
const INTERMEDIATES = 50;

/** Looks at how long the CRLs, the OCSP responders and the intermediates of an authority still hold. It signs nothing. */
export const authoritySource: Source<CertificateAuthority> = (authority, { gauge }) => {
  const labels = ['intermediate'] as const;
  const crls = gauge({
    name: 'crl_next_update_timestamp_seconds',
    help: 'The nextUpdate that comes first among the complete or the delta CRLs of an intermediate, one a shard.',
    labels: ['intermediate', 'kind'],
  });
  const missing = gauge({ name: 'crls_missing', help: 'CRLs of an intermediate that were never signed.', labels });
  const responders = gauge({
    name: 'ocsp_responder_not_after_timestamp_seconds',
    help: 'When the certificate of the OCSP responder of an intermediate ends.',
    labels,
  });
  const ends = gauge({
    name: 'intermediate_not_after_timestamp_seconds',
    help: 'When an intermediate ends that signs certificates.',
    labels,
  });

  return async (signal) => {
    const [told, intermediates] = await Promise.all([
      authority.revocationFreshness({ signal }),
      authority.intermediates({ signal }),
    ]);
    return () => {
      for (const each of [crls, missing, responders, ends]) each.reset();
      for (const status of told.slice(0, INTERMEDIATES)) {
        const intermediate = status.intermediateId;
        missing.set({ intermediate }, status.crls.missing);
        setInstant(crls, { intermediate, kind: 'complete' }, status.nextUpdate);
        setInstant(crls, { intermediate, kind: 'delta' }, status.deltaNextUpdate);
        setInstant(responders, { intermediate }, status.responderNotAfter);
      }
      for (const { id, state, notAfter } of intermediates.slice(-INTERMEDIATES)) {
        if (state === 'active') setInstant(ends, { intermediate: id }, notAfter);
      }
    };
  };
};

function setInstant<L extends string>(gauge: GaugeOf<L>, labels: Readonly<Record<L, string>>, at: Date | undefined) {
  if (at !== undefined) gauge.set(labels, at.getTime() / 1_000);
}
