import { uuidv7 } from '../../crypto/random-id.ts';
import { utf8 } from '../../encoding/bytes.ts';
import type { StoredDocument, Write } from '../../ports/storage.ts';
import { randomVersion } from '../../store/receipts.ts';
import { eventRecords, type LogHeadValue, setAsideEvents } from '../event-collections.ts';
import { eventWrite } from '../event-writer.ts';
import type { LogContext } from '../log-context.ts';
import type { HeadLease } from '../sequencing/log-head.ts';

/** The source of what the log says of itself. */
export const LOG_SOURCE = '/events';

const TWO_HOURS_MS = 2 * 3_600_000;
// Each may take as much as a document can, of the 4 MiB of a commit.
const AT_ONCE = 8;

/** A document of the outbox that is no event. */
export interface MalformedEvent {
  readonly document: StoredDocument;
  /** Names fields and rules, and nothing that the document holds. */
  readonly reason: string;
}

/**
 * Takes malformed documents out of the outbox, under the lease of the head. Each is kept as it was, and an event tells of it, so that the
 * log itself says that something is not in it.
 *
 * @param head - as it is to be
 * @returns how many, the first ones; `undefined`: the lease is lost, or one of the documents has changed, and nothing was written
 * @throws {StorageError} any of its codes
 */
export async function setAside(
  context: LogContext,
  lease: HeadLease,
  head: LogHeadValue,
  malformed: readonly MalformedEvent[],
): Promise<number | undefined> {
  const { clock, crypto, logger } = context;
  const some = malformed.slice(0, AT_ONCE).map((each) => ({ ...each, setAsideId: uuidv7(clock, crypto) }));
  const writes = some.flatMap((each) => writesFor(context, each));
  if (!(await lease.move(head, writes))) return undefined;
  for (const { setAsideId, reason, document } of some) {
    const message = 'A document of the outbox is no event, and was set aside';
    logger?.error(message, { eventId: document.id, setAsideId, reason });
  }
  return some.length;
}

function writesFor(
  context: LogContext,
  { document, reason, setAsideId }: MalformedEvent & { readonly setAsideId: string },
): Write[] {
  const { store, clock, crypto } = context;
  const { id: eventId, version } = document;
  const value = { eventId, reason, setAsideAt: clock.now() };
  const bytes = utf8(JSON.stringify(document.data));
  return [
    store.put(setAsideEvents, setAsideId, value, { ifVersion: null, bytes }),
    // In no index, and gone by itself: whether its insertion took effect may be asked for an hour.
    {
      kind: 'put',
      collection: eventRecords.name,
      id: eventId,
      version: randomVersion(crypto),
      ifVersion: version,
      data: { v: eventRecords.recordVersion },
      expiresAt: clock.now() + TWO_HOURS_MS,
    },
    eventWrite(context, {
      type: 'event.set_aside',
      source: LOG_SOURCE,
      subject: setAsideId,
      subjectRevision: 1,
      data: { eventId, reason },
    }),
  ];
}
