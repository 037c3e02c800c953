import { utf8 } from '../encoding/bytes.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Write } from '../ports/storage.ts';
import type { LedgerValue } from './ledger.ts';

const TYPES = { issued: 'certificate.issued', revoked: 'certificate.revoked', onHold: 'certificate.held' } as const;

/** An event holds 64 KiB; a hundred long URIs are more. */
const NAMES_BYTES = 48 * 1024;

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
      ...toldNames(value.subjectAltNames),
      notAfter: new Date(value.notAfter).toISOString(),
      sha256Fingerprint: value.sha256Fingerprint,
      ...(value.accountId === undefined ? {} : { accountId: value.accountId }),
      ...(value.reason === undefined ? {} : { reason: value.reason }),
    },
  });
}

/** As many names as an event can hold, and how many it leaves to the certificate. */
function toldNames(names: readonly string[]): { subjectAltNames: string[]; subjectAltNamesOmitted?: number } {
  let bytes = 0;
  const told = names.filter((name) => {
    bytes += utf8(JSON.stringify(name)).length + 1;
    return bytes <= NAMES_BYTES;
  });
  const omitted = names.length - told.length;
  return omitted === 0 ? { subjectAltNames: told } : { subjectAltNames: told, subjectAltNamesOmitted: omitted };
}
