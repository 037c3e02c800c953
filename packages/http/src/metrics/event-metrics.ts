import type { CloudEvent, EventLog } from '@chancery/core';
import { DistinctValues } from './distinct-values.ts';
import type { Instruments } from './instruments.ts';

const TYPES = 100;

/** What the events of managed certificates count as. */
const OUTCOMES: Readonly<Record<string, readonly ['issuances' | 'renewals', string]>> = {
  'certificate.issued': ['issuances', 'succeeded'],
  'certificate.failed': ['issuances', 'failed'],
  'certificate.renewed': ['renewals', 'succeeded'],
  'certificate.renewal_failed': ['renewals', 'failed'],
};

/**
 * Counts events, and what became of issuances and renewals by issuer. An event is counted by the instance that chains it, so that the sum over
 * all instances is right.
 */
export function eventMetrics(
  instruments: Instruments,
  issuers: DistinctValues,
): { watch(events: EventLog): () => void; expect(issuerNames: readonly string[]): void } {
  const all = instruments.counter({
    name: 'events_total',
    help: 'Events that were chained by this instance, by type.',
    labels: ['type'],
  });
  const labels = ['issuer', 'outcome'] as const;
  const counters = {
    issuances: instruments.counter({
      name: 'certificate_issuances_total',
      help: 'First issues of managed certificates, by issuer and outcome.',
      labels,
    }),
    renewals: instruments.counter({
      name: 'certificate_renewals_total',
      help: 'Renewals of managed certificates, by issuer and outcome; every attempt that fails counts.',
      labels,
    }),
  };
  const types = new DistinctValues(TYPES);

  const count = ({ type, source, data }: CloudEvent): void => {
    all.inc({ type: types.of(type) });
    // The ledger of an authority tells of the same certificate under its own source.
    const told = source === '/certificates' && Object.hasOwn(OUTCOMES, type) ? OUTCOMES[type] : undefined;
    if (told === undefined) return;
    const issuer = issuers.of(typeof data.issuer === 'string' ? data.issuer : 'none');
    counters[told[0]].inc({ issuer, outcome: told[1] });
  };
  return {
    watch: (events) => events.on('*', count),
    // A series that begins with its first failure shows no increase by it.
    expect(issuerNames) {
      for (const issuer of issuerNames) {
        for (const [kind, outcome] of Object.values(OUTCOMES))
          counters[kind].inc({ issuer: issuers.of(issuer), outcome }, 0);
      }
    },
  };
}
