import { describe, expect, it } from 'vitest';
import { cloudEventJson, type EventFacts, LocalKeyring } from '../../src/index.ts';
import type { JsonObject } from '../../src/ports/storage.ts';
import { rejection } from '../support/expect-error.ts';
import { allEntries, commit, createTestLog, expectSound, factsOf, sequence } from './support.ts';

const LONG = 513;
let deep: JsonObject = {};
for (let level = 0; level < 40; level++) deep = { deep };
const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;

const REFUSED: readonly (readonly [field: string, why: string, change: Record<string, unknown>])[] = [
  ['type', 'is empty', { type: '' }],
  ['type', 'has capitals', { type: 'Thing' }],
  ['type', 'has a newline', { type: 'thing\n' }],
  ['type', 'has a space', { type: 'thing made' }],
  ['type', 'ends with a dot', { type: 'thing.' }],
  ['type', 'is too long', { type: 'x'.repeat(129) }],
  ['type', 'is a number', { type: 1 }],
  ['source', 'is empty', { source: '' }],
  ['source', 'has a space', { source: '/a b' }],
  ['source', 'has half an escape', { source: '/a%4' }],
  ['source', 'is not ASCII', { source: '/ä' }],
  ['source', 'has a broken host', { source: 'https://[::1' }],
  ['source', 'is too long', { source: `/${'x'.repeat(512)}` }],
  ['subject', 'is empty', { subject: '' }],
  ['subject', 'has NUL', { subject: 'a\0b' }],
  ['subject', 'has a control character', { subject: 'a\u001bb' }],
  ['subject', 'has a C1 control character', { subject: 'a\u0085b' }],
  ['subject', 'has a noncharacter', { subject: 'a\ufffe' }],
  ['subject', 'has a lone surrogate', { subject: 'a\ud800' }],
  ['subject', 'is too long', { subject: 'x'.repeat(LONG) }],
  ['subject', 'is too long in UTF-8', { subject: 'ä'.repeat(257) }],
  ['subject', 'is missing', { subject: undefined }],
  ['subjectRevision', 'is 0', { subjectRevision: 0 }],
  ['subjectRevision', 'is a fraction', { subjectRevision: 1.5 }],
  ['subjectRevision', 'is past 2^31 - 1', { subjectRevision: 2 ** 31 }],
  ['subjectRevision', 'is text', { subjectRevision: '1' }],
  ['data', 'is null', { data: null }],
  ['data', 'is a list', { data: [] }],
  ['data', 'has NUL', { data: { a: ['\0'] } }],
  ['data', 'has a lone surrogate in a key', { data: { '\udc00': 1 } }],
  ['data', 'has undefined', { data: { a: undefined } }],
  ['data', 'has a date', { data: { a: new Date(0) } }],
  ['data', 'has NaN', { data: { a: Number.NaN } }],
  ['data', 'is too deep', { data: deep }],
  ['data', 'is cyclic', { data: cyclic }],
  ['data', 'is too large', { data: { a: 'x'.repeat(65 * 1024) } }],
  ['data', 'is far too large', { data: { a: 'x'.repeat(300 * 1024) } }],
];

describe('an event', () => {
  it.each(REFUSED)('is refused when its %s %s', async (field, _, change) => {
    const { events } = createTestLog();
    const error = await rejection(() => events.write({ ...factsOf('a'), ...change } as EventFacts));
    expect(error).toMatchObject({ code: 'EVENT_INVALID', facts: { field } });
    expect(error.message).toContain(field);
    expect(error.message.length).toBeLessThan(300);
  });

  it('takes what is odd but allowed, to the last byte, and gives it back', async () => {
    const { storage, events } = createTestLog();
    const odd: EventFacts[] = [
      factsOf('x'.repeat(512)),
      factsOf('ä'.repeat(256)),
      factsOf('"; DROP TABLE events; -- \u202e'),
      factsOf('constructor', 2 ** 31 - 1),
      factsOf('𐀀\ue000', 1, JSON.parse('{"𐀀":1,"\ue000":2,"__proto__":{"a":[]},"1e3":1e21,"é":"é","e\u0301":-0.5}')),
      factsOf('deep', 1, JSON.parse(`{"a":${'['.repeat(29)}1${']'.repeat(29)}}`)),
      factsOf('large', 1, { a: 'x'.repeat(64 * 1024 - 40) }),
      { ...factsOf('uri'), source: "https://user@example.com:8443/a%20b?c=[d]#e!$&'()*+,;=~" },
    ];
    await events.pending({ limit: 1 });
    for (const each of odd) await commit(storage, [events.write(each)]);
    const later = createTestLog({ storage, holdBackMs: 0 }).events;
    await sequence(later);
    const entries = await expectSound(later);
    expect(entries).toHaveLength(odd.length);
    for (const facts of odd) {
      expect(entries.find(({ event }) => event.subject === facts.subject)?.event).toMatchObject(facts as never);
    }
  });

  it('does not change with the object that it was made of', async () => {
    const { storage, events } = createTestLog();
    const data = { list: [1] };
    await events.pending({ limit: 1 });
    const write = events.write(factsOf('a', 1, data));
    data.list.push(2);
    await commit(storage, [write]);
    await sequence(events);
    expect((await allEntries(events))[0]?.event.data).toEqual({ list: [1] });
  });
});

describe('the JSON form of an event', () => {
  it('has the attributes of CloudEvents 1.0 in structured mode', async () => {
    const { clock, storage, events } = createTestLog({ keyring: LocalKeyring.generate() });
    await commit(storage, await events.writePersonal(factsOf('a', 7), { owner: 'o', data: { email: 'e' } }));
    // Its first six revisions do not come.
    await sequence(events);
    clock.advance(5_000);
    await sequence(events);
    const [entry] = (await events.list({ limit: 1, includePersonal: true })).items;
    const json = cloudEventJson(entry?.event as never);
    expect(json).toEqual({
      specversion: '1.0',
      id: entry?.event.id,
      type: 'thing.changed',
      source: '/things',
      subject: 'a',
      time: new Date(clock.now() - 5_000).toISOString(),
      datacontenttype: 'application/json',
      subjectrevision: 7,
      data: { name: 'x', personal: { email: 'e' } },
    });
    // CloudEvents 1.0: attribute names are lower-case letters and digits, time is RFC 3339.
    for (const name of Object.keys(json)) expect(name).toMatch(/^[a-z0-9]{1,20}$/);
    expect(json.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(cloudEventJson((await allEntries(events))[0]?.event as never).data).toEqual({ name: 'x' });
  });
});
