import { describe, expect, it } from 'vitest';
import { LocalKeyring, type LogVerification } from '../../src/index.ts';
import type { JsonObject, StorageBackend, StoredDocument } from '../../src/ports/storage.ts';
import { codeOf } from '../support/expect-error.ts';
import { storageSize } from '../support/test-storage.ts';
import { commit, createTestLog, factsOf, sequence, writeEvents } from './support.ts';

const SIZE = 12;

/** A log with a checkpoint in its middle and one at its end, and hands on its documents. */
async function scene(options: { keyring?: false } = {}) {
  const test = createTestLog(options.keyring === false ? {} : { keyring: LocalKeyring.generate() });
  const { events, storage, clock } = test;
  const notes: string[] = [];
  for (let half = 0; half < 2; half++) {
    const facts = Array.from({ length: SIZE / 2 }, (_, at) => factsOf(`s${half * (SIZE / 2) + at}`));
    await writeEvents(events, facts);
    await sequence(events);
    clock.advance(1_000);
    if (options.keyring !== false) notes.push((await events.checkpoint()).note);
  }
  expect(await events.verify({ checkpoints: notes })).toMatchObject({ valid: true, size: SIZE });
  return { ...test, notes, documents: await documentsOf(storage) };
}

async function documentsOf(storage: StorageBackend): Promise<StoredDocument[]> {
  const { documents } = await storage.query({ collection: 'events', index: 'bySequence', limit: 1_000 });
  return documents;
}

/** Writes past the log, as somebody would who has the database. */
async function put(storage: StorageBackend, document: StoredDocument, data: JsonObject, id = document.id) {
  const { collection, dueAt } = document;
  const due = dueAt === undefined ? {} : { dueAt };
  await commit(storage, [{ kind: 'put', collection, id, version: `tampered ${id}`, data, ...due }]);
}

const problemsOf = (report: LogVerification) =>
  report.problems.map(({ kind, sequence: at }) => `${kind} ${at}`).toSorted();

const at = (documents: readonly StoredDocument[], sequence: number) => documents[sequence] as StoredDocument;

const CHANGES: readonly (readonly [string, JsonObject])[] = [
  ['its data', { data: { name: 'y' } }],
  ['its subject', { subject: 'other' }],
  ['its time', { time: 1 }],
  ['when it was logged', { loggedAt: 1 }],
  ['its revision', { subjectRevision: 2 }],
  ['its leaf hash', { leafHash: 'A'.repeat(43).concat('=') }],
  ['its chain hash to no hash', { chainHash: '!' }],
  ['that it has a data', { data: 7 }],
  ['a field more', { more: 1 }],
];

describe('verify finds', () => {
  it.each(storageSize(CHANGES, CHANGES.slice(0, 2)))('an entry that was changed: %s', async (_, change) => {
    const { events, storage, documents } = await scene();
    const victim = at(documents, 4);
    await put(storage, victim, { ...victim.data, ...change });
    const report = await events.verify();
    expect(problemsOf(report)[0]).toBe('changed 4');
    expect(report.problems).toHaveLength(1);
    expect(report.problems[0]).toMatchObject({ eventId: victim.id });
    expect(report.valid).toBe(false);
  });

  it('a changed entry whose leaf hash was made to fit', async () => {
    const { events, storage, documents } = await scene();
    const other = createTestLog();
    // A log of one other entry gives a leaf hash that is well made.
    await writeEvents(other.events, [factsOf('forged')]);
    await sequence(other.events);
    const [forged] = await documentsOf(other.storage);
    const victim = at(documents, 4);
    await put(storage, victim, { ...victim.data, leafHash: forged?.data.leafHash as string });
    expect(problemsOf(await events.verify())).toEqual(['changed 4']);
  });

  it('entries that were removed', async () => {
    const { events, storage, documents } = await scene();
    await commit(storage, [
      { kind: 'delete', collection: 'events', id: at(documents, 3).id },
      { kind: 'delete', collection: 'events', id: at(documents, 8).id },
      { kind: 'delete', collection: 'events', id: at(documents, 9).id },
    ]);
    const report = await events.verify();
    expect(problemsOf(report)).toEqual(['missing 3', 'missing 8']);
    expect(report.problems.map(({ count }) => count)).toEqual([undefined, 2]);
  });

  it.each(['000', 'zzz'])('an entry that was inserted beside another, with id %s', async (id) => {
    const { events, storage, documents } = await scene();
    const victim = at(documents, 5);
    await put(storage, victim, { ...victim.data, subject: 'forged' }, id);
    const report = await events.verify();
    expect(report.problems).toEqual([{ kind: 'inserted', sequence: 5, eventId: id }]);
  });

  it('entries that were inserted outside its bounds', async () => {
    const { events, storage, documents } = await scene();
    const last = at(documents, SIZE - 1);
    await put(storage, last, { ...last.data, sequence: SIZE }, 'behind');
    expect(problemsOf(await events.verify())).toEqual([`inserted ${SIZE}`]);
  });

  it.each(['numbers', 'numbers and hashes'])('entries that were reordered: their %s exchanged', async (what) => {
    const { events, storage, documents } = await scene();
    const [one, two] = [at(documents, 2), at(documents, 7)];
    const fields = what === 'numbers' ? ['sequence'] : ['sequence', 'loggedAt', 'leafHash', 'chainHash'];
    const exchanged = (to: JsonObject): JsonObject =>
      Object.fromEntries(fields.map((field) => [field, to[field] as JsonObject[string]]));
    await put(storage, one, { ...one.data, ...exchanged(two.data) });
    await put(storage, two, { ...two.data, ...exchanged(one.data) });
    const report = await events.verify();
    expect(report.problems).toMatchObject([
      { kind: 'reordered', sequence: 2, movedFrom: 7, eventId: two.id },
      { kind: 'reordered', sequence: 7, movedFrom: 2, eventId: one.id },
    ]);
    expect(report.problems).toHaveLength(2);
  });

  it('that its end was cut off', async () => {
    const { events, storage, documents } = await scene();
    await commit(
      storage,
      documents.slice(SIZE - 2).map(({ id }) => ({ kind: 'delete', collection: 'events', id }) as const),
    );
    expect((await events.verify()).problems).toMatchObject([{ kind: 'truncated', sequence: SIZE - 2, count: 2 }]);
  });

  it('that its end was cut off and its head moved, by a checkpoint', async () => {
    const { events, storage, documents, notes } = await scene();
    await cutBack(storage, documents, 8);
    const { documents: stored } = await storage.query({ collection: 'events_checkpoints', index: 'bySize', limit: 10 });
    expect(stored).toHaveLength(2);
    expect((await events.verify()).problems).toMatchObject([{ kind: 'truncated', sequence: 8, checkpoint: SIZE }]);
    // The stored checkpoint goes the same way: those outside are left.
    await commit(storage, [{ kind: 'delete', collection: 'events_checkpoints', id: String(SIZE) }]);
    expect(await events.verify()).toMatchObject({ valid: true, checkpoints: 1 });
    expect((await events.verify({ checkpoints: notes })).problems).toMatchObject([
      { kind: 'truncated', sequence: 8, count: 4, checkpoint: SIZE },
    ]);
  });

  it('that it is shorter than where the verification was to begin, by a checkpoint', async () => {
    const { events, storage, documents, notes } = await scene();
    await cutBack(storage, documents, 8);
    await commit(storage, [{ kind: 'delete', collection: 'events_checkpoints', id: String(SIZE) }]);
    for (const from of [SIZE, SIZE - 1, 9]) {
      expect((await events.verify({ from, checkpoints: notes })).problems).toEqual([
        { kind: 'truncated', sequence: 8, count: 4, checkpoint: SIZE },
      ]);
    }
    expect(await events.verify({ from: SIZE })).toMatchObject({ from: 8, size: 8 });
  });

  it('that it is another log than a checkpoint says', async () => {
    const { clock, events, storage, documents, notes } = await scene();
    await cutBack(storage, documents, 4);
    await commit(storage, [
      { kind: 'delete', collection: 'events_checkpoints', id: '6' },
      { kind: 'delete', collection: 'events_checkpoints', id: String(SIZE) },
    ]);
    await writeEvents(
      events,
      Array.from({ length: 10 }, (_, more) => factsOf(`other ${more}`)),
    );
    await sequence(events);
    expect(await events.verify()).toMatchObject({
      valid: true,
      size: 14,
      forks: [{ lostSize: SIZE, continuedFrom: 4, foundAt: new Date(clock.now()) }],
    });
    const report = await events.verify({ checkpoints: notes.toReversed() });
    expect(report.problems).toEqual([
      { kind: 'fork', sequence: 5, checkpoint: 6 },
      { kind: 'fork', sequence: 11, checkpoint: 12 },
    ]);
  });

  it('that its head is gone, or does not fit', async () => {
    const { events, storage, documents } = await scene();
    const [head] = await storage.get([{ collection: 'events_heads', id: 'log' }]);
    await put(storage, head as StoredDocument, { ...head?.data, chainHash: at(documents, 3).data.chainHash as string });
    expect(problemsOf(await events.verify())).toEqual([`head ${SIZE - 1}`]);
    await put(storage, head as StoredDocument, { ...head?.data, first: SIZE + 1 });
    expect(problemsOf(await events.verify())).toContain(`head ${SIZE - 1}`);
    await commit(storage, [{ kind: 'delete', collection: 'events_heads', id: 'log' }]);
    expect(problemsOf(await events.verify())).toEqual([`head ${SIZE - 1}`]);
    // The log goes on behind its last entry, and not from the beginning.
    await writeEvents(events, [factsOf('more')]);
    await sequence(events);
    expect(await events.verify()).toMatchObject({ valid: true, size: SIZE + 1 });
  });

  it('a stored checkpoint that was not signed by its key', async () => {
    const { events, storage } = await scene();
    const forger = createTestLog({ keyring: LocalKeyring.generate() });
    const { note } = await forger.events.checkpoint();
    const [stored] = await storage.get([{ collection: 'events_checkpoints', id: '6' }]);
    await put(storage, stored as StoredDocument, { ...stored?.data, note });
    expect((await events.verify()).problems).toEqual([{ kind: 'checkpoint', sequence: 5, checkpoint: 6 }]);
  });

  it('problems in a stretch, and none before it', async () => {
    const { events, storage, documents } = await scene();
    for (const number of [2, 9]) {
      const victim = at(documents, number);
      await put(storage, victim, { ...victim.data, subject: 'changed' });
    }
    expect(problemsOf(await events.verify({ from: 5 }))).toEqual(['changed 9']);
    expect(problemsOf(await events.verify({ from: 10 }))).toEqual([]);
    expect(problemsOf(await events.verify())).toEqual(['changed 2', 'changed 9']);
  });

  it('at most a hundred problems, and says that there are more', async () => {
    const test = createTestLog();
    await writeEvents(
      test.events,
      Array.from({ length: 102 }, (_, more) => factsOf(`s${more}`)),
    );
    await sequence(test.events);
    const documents = await documentsOf(test.storage);
    await commit(
      test.storage,
      documents.map(({ id, data }) => ({
        kind: 'put',
        collection: 'events',
        id,
        version: 'x',
        data: { ...data, type: 'y' },
      })),
    );
    const report = await test.events.verify();
    expect(report).toMatchObject({ valid: false, more: true });
    expect(report.problems).toHaveLength(100);
  });
});

describe('verify', () => {
  it('works without a keyring, but for checkpoints', async () => {
    const { events, notes } = await scene();
    const bare = await scene({ keyring: false });
    expect(await bare.events.verify()).toMatchObject({ valid: true, checkpoints: 0 });
    expect(await codeOf(bare.events.verify({ checkpoints: notes }))).toBe('EVENTS_KEYRING_MISSING');
    expect(await codeOf(bare.events.checkpoint())).toBe('EVENTS_KEYRING_MISSING');
    const verifierKeys = [await events.verifierKey()];
    const report = await bare.events.verify({ checkpoints: notes, verifierKeys });
    expect(problemsOf(report)).toEqual(['fork 11', 'fork 5']);
  });

  it('says nothing of an empty log', async () => {
    const { events } = createTestLog({ keyring: LocalKeyring.generate() });
    expect(await events.verify()).toEqual({
      valid: true,
      from: 0,
      size: 0,
      checkpoints: 0,
      problems: [],
      more: false,
      setAside: 0,
      forks: [],
    });
    const { note } = await events.checkpoint();
    expect(await events.verify({ checkpoints: [note] })).toMatchObject({ valid: true, checkpoints: 2 });
  });

  it('stays true of a log that grows meanwhile', async () => {
    const { events, another } = await scene();
    const writer = another();
    let growing = true;
    const growth = (async () => {
      await writer.pending({ limit: 1 });
      for (let more = 0; growing; more++) {
        await commit(writer.storage, [writer.write(factsOf(`more ${more}`))]);
        await sequence(writer);
        if (more % 5 === 0) await writer.checkpoint();
      }
    })();
    for (let turn = 0; turn < storageSize(5, 2); turn++)
      expect(await events.verify()).toMatchObject({ valid: true, problems: [] });
    growing = false;
    await growth;
  });
});

/** Puts the log back to what it was, as far as the database tells. */
async function cutBack(storage: StorageBackend, documents: readonly StoredDocument[], size: number): Promise<void> {
  const [head] = await storage.get([{ collection: 'events_heads', id: 'log' }]);
  const chainHash = at(documents, size - 1).data.chainHash as string;
  await put(storage, head as StoredDocument, { ...head?.data, size, told: size, chainHash });
  await commit(
    storage,
    documents.slice(size).map(({ id }) => ({ kind: 'delete', collection: 'events', id }) as const),
  );
}
