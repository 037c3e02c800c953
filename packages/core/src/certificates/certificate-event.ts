import type { EventLog } from '../events/event-log.ts';
import type { JsonObject, Write } from '../ports/storage.ts';
import type { CertificateValue } from './collections.ts';

/** What events tell of a managed certificate. */
export type CertificateEventType =
  | 'certificate.created'
  | 'certificate.imported'
  | 'certificate.issued'
  | 'certificate.renewed'
  | 'certificate.failed'
  | 'certificate.updated'
  | 'certificate.activated'
  | 'certificate.deactivated'
  | 'certificate.names_changed'
  | 'certificate.renewal_required'
  | 'certificate.renewal_failed'
  | 'certificate.expiring'
  | 'certificate.exported'
  | 'certificate.revoked'
  | 'certificate.deleted';

/** The event that a certificate counts as its newest. Neither key nor chain is in it. */
export function certificateEvent(
  events: EventLog,
  type: CertificateEventType,
  id: string,
  value: CertificateValue,
  data: JsonObject = {},
): Write {
  const { name, accountId, issuer, serialNumber, sha256Fingerprint, notAfter } = value;
  return events.write({
    type,
    source: '/certificates',
    subject: id,
    subjectRevision: value.eventCount,
    data: {
      certificateId: id,
      generation: value.generation,
      state: value.state,
      active: value.active,
      subjectAltNames: value.subjectAltNames,
      ...(name === undefined ? {} : { name }),
      ...(accountId === undefined ? {} : { accountId }),
      ...(issuer === undefined ? {} : { issuer }),
      ...(serialNumber === undefined ? {} : { serialNumber }),
      ...(sha256Fingerprint === undefined ? {} : { sha256Fingerprint }),
      ...(notAfter === undefined ? {} : { notAfter: new Date(notAfter).toISOString() }),
      ...data,
    },
  });
}
