import { describe, expect, it } from 'vitest';
import type { Query } from '../../src/ports/storage.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCrl } from '../../src/x509/crl/crl.ts';
import { createTestAuthority, DAY } from '../support/test-authority.ts';
import { publicKeyPem, testKey } from '../support/test-keys.ts';
import { createTestStorage, overriding, storageSize } from '../support/test-storage.ts';

const request = { subjectAltNames: ['a.example'] };
const HOUR = 3_600_000;

/** An authority, and what it reads of its ledger. */
async function observed() {
  const clock = new VirtualClock();
  const stored = createTestStorage(clock);
  const queries: Query[] = [];
  let documents = 0;
  const storage = overriding(stored.storage, {
    query: async (query) => {
      const page = await stored.storage.query(query);
      if (query.collection === 'authority_certificates') {
        queries.push(query);
        documents += page.documents.length;
      }
      return page;
    },
    get: (refs, options) => {
      documents += refs.filter(({ collection }) => collection === 'authority_certificates').length;
      return stored.storage.get(refs, options);
    },
  });
  const made = await createTestAuthority({ clock, storage });
  const publicKey = publicKeyPem(await testKey());
  const issue = async (count: number, days = 90) => {
    const requests = Array.from({ length: count }, () => ({ ...request, publicKey, validity: { days } }));
    const results = await made.authority.issueMany(requests);
    return results.map((one) => (one.status === 'fulfilled' ? one.value.serialNumber : 'failed'));
  };
  const listed = async (options = {}) => {
    const { der } = await made.authority.crl(options);
    return [...parseCrl(der).entries()].map(({ serialNumber }) => serialNumber).sort();
  };
  const read = async <T>(work: () => Promise<T>) => {
    const before = documents;
    queries.length = 0;
    await work();
    return documents - before;
  };
  return { ...made, stored, issue, listed, read, queries };
}

describe('a CRL that follows another', () => {
  it('costs a reading of what has changed, however much it lists', async () => {
    const { authority, issue, listed, read } = await observed();
    const many = await issue(storageSize(400, 60));
    for (const serialNumber of many.slice(3)) await authority.revoke(serialNumber);
    expect(await read(() => authority.crl())).toBe(many.length - 3);
    const [first, second, third] = many as [string, string, string];
    await authority.revoke(first);
    await authority.revoke(second, { reason: 'certificateHold' });
    expect(await read(() => authority.crl())).toBe(2);
    await authority.release(second);
    await authority.revoke(third, { reason: 'keyCompromise' });
    expect(await read(() => authority.crl({ delta: true }))).toBe(2);
    expect(await listed()).toEqual(many.filter((one) => one !== second).sort());
    expect(await read(() => authority.crl())).toBe(0);
  });

  it('reads what has ended since the last one, and nothing else, when it is renewed', async () => {
    const { authority, clock, issue, listed, read, queries } = await observed();
    const short = await issue(3, 10);
    const long = await issue(20, 60);
    for (const serialNumber of [...short, ...long]) await authority.revoke(serialNumber);
    await authority.crl();
    clock.advance(11 * DAY);
    expect(await read(() => authority.crl())).toBe(0);
    expect(await listed()).toEqual([...short, ...long].sort());
    clock.advance(5 * DAY);
    expect(await read(() => authority.crl())).toBe(3);
    expect(queries.every(({ from, to }) => from !== undefined && to !== undefined && from < to)).toBe(true);
    expect(await listed()).toEqual(long.sort());
  });

  it('is the same whether this instance made the last one or finds it in storage', async () => {
    const { authority, another, issue } = await observed();
    const serials = await issue(12);
    for (const [at, serialNumber] of serials.entries()) {
      await authority.revoke(serialNumber, { reason: at % 2 === 0 ? 'certificateHold' : 'superseded' });
      if (at % 3 === 2) await authority.release(serials[at - 2] as string).catch(() => undefined);
      const crl = parseCrl((await (at % 2 === 0 ? authority : another()).crl()).der);
      const { items } = await authority.list({ limit: 100 });
      const expected = items.filter(({ status }) => status !== 'valid').map((one) => [one.serialNumber, one.reason]);
      expect([...crl.entries()].map((one) => [one.serialNumber, one.reason]).sort()).toEqual(expected.sort());
    }
  });

  it('is read from the ledger as a whole where a clock that was ahead has left out what is still to be listed', async () => {
    const { authority, another, clock, issue, listed } = await observed();
    const [serialNumber] = (await issue(1, 1)) as [string];
    await authority.revoke(serialNumber);
    const ahead = { now: () => clock.now() + 30 * DAY };
    await authority.crl();
    for (const crl of [
      await another({ clock: ahead }).crl(),
      await another({ clock: { now: () => ahead.now() + 5 * DAY } }).crl(),
    ])
      expect(crl.number).toBeGreaterThan(0);
    const [other] = (await issue(1)) as [string];
    await authority.revoke(other);
    expect(await listed()).toEqual([serialNumber, other].sort());
  });

  it('takes over from a record of the first version', async () => {
    const { authority, another, intermediate, issue, stored, listed } = await observed();
    const [shown, pending] = (await issue(2)) as [string, string];
    await authority.revoke(shown);
    const before = await authority.crl();
    const [document] = await stored.storage.get([{ collection: 'authority_crls', id: intermediate.id }]);
    const { number, thisUpdate, nextUpdate, blob } = (document?.data ?? {}) as Record<string, string | number>;
    const old = { kind: 'put', version: 'old', dueQueue: intermediate.id } as const;
    await authority.revoke(pending);
    const marks = await stored.storage.query({
      collection: 'authority_crl_changes',
      index: 'byIntermediate',
      equals: { intermediate: intermediate.id },
      limit: 10,
    });
    await stored.storage.commit([
      {
        ...old,
        collection: 'authority_crls',
        id: intermediate.id,
        data: { v: 1, number, thisUpdate, nextUpdate, blob } as never,
      },
      ...marks.documents.map(({ id, data }) => ({
        ...old,
        collection: 'authority_crl_changes',
        id,
        data: { v: 1, intermediate: intermediate.id, changedAt: data.changedAt as number },
      })),
    ]);
    const fresh = another();
    const delta = await fresh.crl({ delta: true });
    expect(delta.baseNumber).toBeGreaterThan(before.number);
    expect(await listed()).toEqual([shown, pending].sort());
    expect(parseCrl(delta.der).size).toBe(0);
  });

  it('is not made of a ledger page by page: thousands are listed once each after a rebuild', async () => {
    const { authority, another, clock, issue } = await observed();
    const count = storageSize(1_200, 120);
    const serials = await issue(count);
    await Promise.all(
      serials.map((serial, at) =>
        authority.revoke(serial, { reason: at % 4 === 0 ? 'certificateHold' : 'superseded' }),
      ),
    );
    const first = parseCrl((await authority.crl()).der);
    expect([first.size, new Set([...first.entries()].map(({ serialNumber }) => serialNumber)).size]).toEqual([
      count,
      count,
    ]);
    clock.advance(5 * DAY + HOUR);
    const second = parseCrl((await another().crl()).der);
    expect(second.size).toBe(count);
  });
});
