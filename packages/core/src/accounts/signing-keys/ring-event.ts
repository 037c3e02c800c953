import type { EventLog } from '../../events/event-log.ts';
import type { Write } from '../../ports/storage.ts';
import type { KeyRing } from './signing-key-record.ts';

/** The event that tells which signing keys are in which state. */
export function ringEvent(events: EventLog, { revision, keys }: KeyRing): Write {
  const kids = (wanted: string) => keys.filter(({ state }) => state === wanted).map(({ kid }) => kid);
  return events.write({
    type: 'signing_keys.changed',
    source: '/accounts',
    subject: 'signing-keys',
    subjectRevision: revision,
    data: {
      pending: kids('pending'),
      active: kids('active'),
      verifyOnly: kids('verify-only'),
      retired: kids('retired'),
    },
  });
}
