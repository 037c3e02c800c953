import { type EventFacts, EventLog, type EventLogOptions } from '@chancery/core';
import type { CollectionDefinition, StorageBackend, Write } from '@chancery/core/ports';

/** What a manager keeps: documents of about 300 bytes with two indexes. */
const THINGS: CollectionDefinition = {
  name: 'things',
  indexes: { byOwner: { equals: ['owner'], orderBy: 'changedAt' }, byTime: { orderBy: 'changedAt' } },
};
/** And what each change is checked against: one document that everybody reads. */
const GUARDS: CollectionDefinition = { name: 'guards' };

/** Changes as managers commit them, with an event or without. */
export interface Changes {
  readonly events: EventLog;
  /** Commits one change: a new document, beside the check of another. */
  commit(withEvent: boolean): Promise<void>;
  /** Commits events only, so many at once. */
  commitEvents(count: number): Promise<void>;
}

/** Opens changes on a storage. */
export async function openChanges(storage: StorageBackend, options: Partial<EventLogOptions> = {}): Promise<Changes> {
  const events = new EventLog({ storage, ...options });
  await storage.open([THINGS, GUARDS]);
  await events.pending({ limit: 1 });
  await storage.commit([{ kind: 'put', collection: 'guards', id: 'guard', version: 'v', data: {} }]);
  const prefix = Math.random().toString(36).slice(2);
  let made = 0;

  const send = async (writes: readonly Write[]): Promise<void> => {
    const { committed } = await storage.commit(writes);
    if (!committed) throw new Error('a conflict where there can be none');
  };
  return {
    events,
    commit: (withEvent) => {
      const number = ++made;
      const id = `${prefix}-${number}`;
      const data = { owner: `owner-${number % 20}`, changedAt: number, text: `thing ${number} `.repeat(16) };
      const writes: Write[] = [
        { kind: 'check', collection: 'guards', id: 'guard', ifVersion: 'v' },
        { kind: 'put', collection: 'things', id, version: id, ifVersion: null, data },
      ];
      if (withEvent) writes.push(events.write(factsOf(id, number)));
      return send(writes);
    },
    commitEvents: (count) => {
      const first = made + 1;
      made += count;
      return send(
        Array.from({ length: count }, (_, at) => events.write(factsOf(`${prefix}-${first + at}`, first + at))),
      );
    },
  };
}

/** About what a certificate's event says. */
function factsOf(subject: string, number: number): EventFacts {
  return {
    type: 'certificate.issued',
    source: '/authorities/internal',
    subject,
    subjectRevision: 1,
    data: {
      serialNumber: subject,
      profile: 'server',
      subject: `CN=host-${number}.example`,
      subjectAltNames: [`host-${number}.example`, `www.host-${number}.example`],
      notAfter: '2027-01-01T00:00:00.000Z',
    },
  };
}

/** Chains everything that waits. Returns how many events there were. */
export async function chainAll(events: EventLog): Promise<number> {
  const [task] = events.maintenance();
  const before = (await events.verify({ from: Number.MAX_SAFE_INTEGER })).size;
  while ((await task?.run({ limit: 5_000 }))?.more === true);
  return (await events.verify({ from: Number.MAX_SAFE_INTEGER })).size - before;
}
