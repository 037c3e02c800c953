import { describe, expect, it } from 'vitest';
import { CertificateAuthority, LocalKeyring } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { codeOf } from '../support/expect-error.ts';
import { addIntermediate, createTestAuthority, DAY } from '../support/test-authority.ts';
import { createTestStorage, overriding, recordCommits } from '../support/test-storage.ts';

const HOUR = 3_600_000;
const crlTask = (authority: CertificateAuthority) => {
  const task = authority.maintenance().find(({ name }) => name === 'authority:internal:crl');
  if (task === undefined) throw new Error('no such task');
  return task;
};

describe('the chores of an authority', () => {
  it('sign CRLs before anybody asks: the first, one that lacks a revocation, one that grows old', async () => {
    const clock = new VirtualClock();
    const { storage, commits } = recordCommits(createTestStorage(clock).storage);
    const { authority } = await createTestAuthority({ clock, storage });
    const crlCommits = () =>
      commits.filter((writes) => writes.some(({ collection }) => collection === 'authority_crls')).length;
    const run = () => crlTask(authority).run({ limit: 10 });
    expect(await run()).toEqual({ more: false, nextDueAt: clock.now() + HOUR });
    expect(crlCommits()).toBe(1);
    await run();
    expect(crlCommits()).toBe(1);
    const { serialNumber } = await authority.issue({ subjectAltNames: ['a.example'] });
    await authority.revoke(serialNumber);
    await run();
    expect(crlCommits()).toBe(2);
    clock.advance(4 * DAY - 1);
    expect(await run()).toEqual({ more: false, nextDueAt: clock.now() + 1 });
    expect(crlCommits()).toBe(2);
    clock.advance(1);
    await run();
    expect(crlCommits()).toBe(3);
    const before = commits.length;
    await authority.crl();
    expect(commits.length).toBe(before);
  });

  it('replace a CRL that a clock of the future has signed, the delta CRL too', async () => {
    const { authority, another, clock } = await createTestAuthority();
    const ahead = another({ clock: { now: () => clock.now() + 30 * DAY } });
    for (const delta of [false, true]) await ahead.crl({ delta });
    for (let round = 0; round < 2; round++) await crlTask(authority).run({ limit: 10 });
    const { number } = await authority.crl({ delta: true });
    await crlTask(authority).run({ limit: 10 });
    for (const delta of [false, true]) {
      const crl = await another().crl({ delta });
      expect([crl.number, crl.thisUpdate.getTime()]).toEqual([number, clock.now()]);
    }
  });

  it('take turns within their limit until all is done', async () => {
    const { authority, root } = await createTestAuthority();
    for (let more = 0; more < 3; more++) await addIntermediate(authority, root);
    const runs = [];
    do runs.push(await crlTask(authority).run({ limit: 2 }));
    while (runs.at(-1)?.more === true && runs.length < 10);
    expect(runs.map(({ more }) => more)).toEqual([true, false]);
  });

  it('sign the CRLs of the others where the key of one does not open, and then say so', async () => {
    const clock = new VirtualClock();
    const stored = createTestStorage(clock);
    let damaged: string | undefined;
    const storage = overriding(stored.storage, {
      query: async (query) => {
        const page = await stored.storage.query(query);
        for (const { id, bytes } of page.documents)
          if (id === damaged && bytes !== undefined) bytes[60] = 1 ^ (bytes[60] ?? 0);
        return page;
      },
    });
    const { authority, another, intermediate, root } = await createTestAuthority({ clock, storage });
    damaged = (await addIntermediate(authority, root)).id;
    const later = another({ storage });
    expect(await codeOf(crlTask(later).run({ limit: 10 }))).toBe('SEAL_OPEN_FAILED');
    const found = await stored.storage.get(
      [intermediate.id, damaged].map((id) => ({ collection: 'authority_crls', id })),
    );
    expect(found.map((document) => document !== undefined)).toEqual([true, false]);
  });

  it('have nothing to do before there is an authority, and stop when they are told to', async () => {
    const clock = new VirtualClock();
    const authority = new CertificateAuthority({
      ...createTestStorage(clock),
      clock,
      keyring: LocalKeyring.generate(),
    });
    expect(await crlTask(authority).run({ limit: 10 })).toEqual({ more: false, nextDueAt: clock.now() + HOUR });
    const made = await createTestAuthority();
    expect(await codeOf(crlTask(made.authority).run({ limit: 1, signal: AbortSignal.abort() }))).toBe('ABORTED');
  });

  it('leave alone the CRLs of expired intermediates', async () => {
    const { authority, intermediate, clock } = await createTestAuthority({ intermediate: { validityDays: 1 } });
    clock.set((intermediate.notAfter as Date).getTime() + 1);
    expect(await crlTask(authority).run({ limit: 1 })).toEqual({ more: false, nextDueAt: clock.now() + HOUR });
  });

  it('sweep what CRLs leave behind', async () => {
    const { authority, clock, storage } = await createTestAuthority();
    for (let more = 0; more < 3; more++) {
      await authority.crl();
      clock.advance(5 * DAY);
    }
    const names = authority.maintenance().map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['authority:internal:crl', `store:blobs:${storage.namespace}`]));
    expect(new Set(names).size).toBe(names.length);
    for (const task of authority.maintenance()) await task.run({ limit: 100 });
    const crl = await authority.crl();
    expect(await authority.crl()).toEqual(crl);
  });
});
