import type { EventLog } from '../events/event-log.ts';
import type { Write } from '../ports/storage.ts';
import type { LedgerValue } from './ledger.ts';

const TYPES = { issued: 'certificate.issued', revoked: 'certificate.revoked', onHold: 'certificate.held' } as const;

/** The event that tells of a ledger entry's newest state. */
export function ledgerEvent(events: EventLog, value: LedgerValue): Write {
  const released = value.state === 'issued' && value.revision > 1;
  return events.write({
    type: released ? 'certificate.released' : TYPES[value.state],
    source: `/authorities/${value.authority}`,
    subject: value.serialNumber,
    subjectRevision: value.revision,
    data: {
      serialNumber: value.serialNumber,
      profile: value.profile,
      subject: value.subject,
      subjectAltNames: value.subjectAltNames,
      notAfter: new Date(value.notAfter).toISOString(),
      sha256Fingerprint: value.sha256Fingerprint,
      ...(value.accountId === undefined ? {} : { accountId: value.accountId }),
      ...(value.reason === undefined ? {} : { reason: value.reason }),
    },
  });
}
