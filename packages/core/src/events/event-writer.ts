import { uuidv7 } from '../crypto/random-id.ts';
import { InvalidInputError } from '../errors/families.ts';
import { requireObject } from '../errors/require-object.ts';
import type { JsonObject, Write } from '../ports/storage.ts';
import type { EventFacts } from './cloud-event.ts';
import { eventRecords } from './event-collections.ts';
import { checkFacts, checkJson, checkSubject } from './event-facts.ts';
import type { LogContext } from './log-context.ts';
import type { OwnerKeys } from './personal/owner-keys.ts';
import { sealPersonal } from './personal/personal-data.ts';

/** The part of an event that its owner can have erased. */
export interface PersonalData {
  /** Whose it is: 1 to 512 bytes of text, such as an account's id. It is kept apart from the event. */
  readonly owner: string;
  /** At most 64 KiB as JSON. */
  readonly data: JsonObject;
}

/** Builds the write that puts an event into the outbox. */
export function eventWrite(context: LogContext, facts: EventFacts): Write {
  const { store, clock, crypto } = context;
  const time = clock.now();
  const record = { ...checkFacts(facts), time, pendingSince: time };
  return store.put(eventRecords, uuidv7(clock, crypto), record, { ifVersion: null });
}

/** Builds the writes of an event with a personal part: the event, and the check that its owner's key is still there. */
export async function personalEventWrites(
  context: LogContext,
  ownerKeys: OwnerKeys,
  facts: EventFacts,
  personal: PersonalData,
): Promise<Write[]> {
  const { store, clock, crypto } = context;
  const checked = checkFacts(facts);
  requireObject(personal, 'The personal part of an event');
  checkSubject(personal.owner, 'personal.owner');
  const data = checkJson('personal', personal.data);
  if (Object.hasOwn(checked.data, 'personal')) {
    const message = "The event's data must not have a member 'personal', where its personal part is put";
    throw new InvalidInputError('EVENT_INVALID', message, { facts: { field: 'data' } });
  }
  const id = uuidv7(clock, crypto);
  const time = clock.now();
  const { id: keyId, key, check } = await ownerKeys.obtain(personal.owner);
  const sealed = await sealPersonal(crypto, key, { namespace: store.namespace, id }, data);
  key.fill(0);
  const record = { ...checked, time, pendingSince: time, personal: { key: keyId, sealed } };
  return [store.put(eventRecords, id, record, { ifVersion: null }), check];
}
