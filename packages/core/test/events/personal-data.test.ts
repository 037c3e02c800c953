import { describe, expect, it } from 'vitest';
import { eventRecords } from '../../src/events/event-collections.ts';
import { LocalKeyring } from '../../src/index.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { afterQueries } from '../support/test-storage.ts';
import { allEntries, commit, createTestLog, expectSound, factsOf, runChore, sequence } from './support.ts';

const keyring = LocalKeyring.generate();
const personalOf = (events: ReturnType<typeof createTestLog>['events']) =>
  events.list({ limit: 100, includePersonal: true }).then(({ items }) => items.map(({ event }) => event.personal));

describe('personal data', () => {
  it('opens where it was asked for, and lies sealed in storage', async () => {
    const { clock, storage, events, another } = createTestLog({ keyring });
    await commit(
      storage,
      await events.writePersonal(factsOf('a'), { owner: 'owner-1', data: { email: 'e@x.example' } }),
    );
    clock.advance(1);
    await commit(storage, [events.write(factsOf('b'))]);
    await sequence(events);
    expect(await personalOf(another())).toEqual([{ email: 'e@x.example' }, undefined]);
    expect((await allEntries(events)).map(({ event }) => 'personal' in event)).toEqual([false, false]);
    const { documents } = await storage.query({ collection: eventRecords.name, index: 'bySequence', limit: 9 });
    expect(JSON.stringify(documents)).not.toMatch(/x\.example|owner-1/);
  });

  it('goes with its owner, while the chain stays whole', async () => {
    const { clock, storage, events, another } = createTestLog({ keyring });
    for (const [at, owner] of ['o1', 'o2', 'o1'].entries()) {
      clock.advance(1);
      await commit(storage, await events.writePersonal(factsOf(`s${at}`), { owner, data: { at } }));
    }
    await sequence(events);
    const { note } = await events.checkpoint();
    await events.eraseOwner('o1');
    await events.eraseOwner('o1');
    await another().eraseOwner('nobody');
    expect(await personalOf(another())).toEqual([null, { at: 1 }, null]);
    expect(await events.verify({ checkpoints: [note] })).toMatchObject({ valid: true, checkpoints: 2 });
    // What is written later has a fresh key; what was erased stays so.
    await commit(storage, await events.writePersonal(factsOf('s3'), { owner: 'o1', data: { at: 3 } }));
    await sequence(events);
    expect(await personalOf(another())).toEqual([null, { at: 1 }, null, { at: 3 }]);
    await expectSound(events);
  });

  it('has one key an owner, however many write first', async () => {
    const { events, another } = createTestLog({ keyring });
    const instances = [events, another(), another(), another(), another()];
    await Promise.all(
      instances.map(async (each, at) => {
        const writes = await each.writePersonal(factsOf(`s${at}`), { owner: 'o', data: { at } });
        await commit(each.storage, writes);
      }),
    );
    await sequence(events);
    expect((await personalOf(events)).toSorted()).toHaveLength(5);
    await events.eraseOwner('o');
    expect(await personalOf(events)).toEqual(instances.map(() => null));
  });

  it('does not get into storage behind an erasure', async () => {
    const { storage, events, another } = createTestLog({ keyring });
    const writes = await events.writePersonal(factsOf('a'), { owner: 'o', data: {} });
    await another().eraseOwner('o');
    expect((await storage.commit(writes)).committed).toBe(false);
    await commit(storage, await events.writePersonal(factsOf('a'), { owner: 'o', data: {} }));
  });

  it('is refused while its owner is erased again and again', async () => {
    const test = createTestLog({ keyring });
    const eraser = test.another();
    // Nobody finds the key that was just made.
    const storage = afterQueries(test.storage, async ({ collection }) => {
      if (collection === 'events_owner_keys') await eraser.eraseOwner('o');
    });
    const events = test.another({ storage });
    const writing = events.writePersonal(factsOf('a'), { owner: 'o', data: {} });
    const outcome = await writing.then((writes) => storage.commit(writes)).catch((error: unknown) => error);
    expect(outcome).toMatchObject(outcome instanceof Error ? { code: 'COMMIT_CONFLICT' } : { committed: false });
  });

  it('opens in its own event only', async () => {
    const { storage, events } = createTestLog({ keyring });
    for (const subject of ['a', 'b']) {
      await commit(storage, await events.writePersonal(factsOf(subject), { owner: 'o', data: { subject } }));
    }
    await sequence(events);
    const [a, b] = (await storage.query({ collection: 'events', index: 'bySequence', limit: 9 })).documents;
    const moved = { ...a?.data, personal: b?.data.personal as never };
    await commit(storage, [{ kind: 'put', collection: 'events', id: a?.id ?? '', version: 'x', data: moved }]);
    expect(await codeOf(personalOf(events))).toBe('SEAL_OPEN_FAILED');
    expect((await events.verify()).problems).toMatchObject([{ kind: 'changed', sequence: 0 }]);
  });

  it('survives the rotation of the keyring', async () => {
    const rotated = keyring.rotate();
    const { clock, storage, events, another } = createTestLog({ keyring });
    for (const owner of ['o1', 'o2', 'o3']) {
      clock.advance(1);
      await commit(storage, await events.writePersonal(factsOf(owner), { owner, data: { owner } }));
    }
    await sequence(events);
    const key = await events.verifierKey();
    await runChore(another({ keyring: rotated }), 'reseal', 1);
    const { keys, current } = rotated.export();
    const newest = LocalKeyring.fromKeys({ current, keys: { [current]: keys[current] as Uint8Array } });
    const later = another({ keyring: newest });
    expect(await personalOf(later)).toEqual([{ owner: 'o1' }, { owner: 'o2' }, { owner: 'o3' }]);
    expect(await later.verifierKey()).toBe(key);
  });

  it.each([
    ['personal.owner', { owner: '' }],
    ['personal.owner', { owner: 'a\0' }],
    ['personal.owner', { owner: 'x'.repeat(513) }],
    ['personal.owner', { owner: '\ud800' }],
    ['personal', { data: null as never }],
    ['personal', { data: { a: '\0' } }],
    ['personal', { data: { a: 'x'.repeat(65 * 1024) } }],
  ])('is refused with a malformed %s', async (field, change) => {
    const { events } = createTestLog({ keyring });
    const error = await rejection(events.writePersonal(factsOf('a'), { owner: 'o', data: {}, ...change }));
    expect(error).toMatchObject({ code: 'EVENT_INVALID', facts: { field } });
  });

  it('takes a keyring, and a place of its own in the data', async () => {
    const { events } = createTestLog();
    expect(await codeOf(events.writePersonal(factsOf('a'), { owner: 'o', data: {} }))).toBe('EVENTS_KEYRING_MISSING');
    const sealed = createTestLog({ keyring }).events;
    const facts = factsOf('a', 1, { personal: 1 });
    expect(await codeOf(sealed.writePersonal(facts, { owner: 'o', data: {} }))).toBe('EVENT_INVALID');
  });
});
