import type { JsonObject, Write } from '../ports/storage.ts';
import type { VaultContext } from './context.ts';
import type { RecordValue } from './records/record.ts';

const SOURCE = '/vault';

/** What happens to records. */
export type RecordEventType =
  | 'record.stored'
  | 'record.deleted'
  | 'record.undeleted'
  | 'record.spent'
  | 'record.purged';

/** The event that tells of a record's newest state, for the commit that brings it about. It names owner and record by random names. */
export function recordEvent(context: VaultContext, type: RecordEventType, value: RecordValue): Write[] {
  const { subject, revision, owner, version } = value;
  return vaultEvent(context, { type, subject, revision, data: { owner, version } });
}

/** An event of the vault, where events are kept. */
export function vaultEvent(
  { events }: VaultContext,
  {
    type,
    subject,
    revision,
    data,
  }: {
    readonly type: string;
    readonly subject: string;
    readonly revision: number;
    readonly data: JsonObject;
  },
): Write[] {
  return events === undefined ? [] : [events.write({ type, source: SOURCE, subject, subjectRevision: revision, data })];
}
