import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCrl } from '../../src/x509/crl/crl.ts';
import { decodeDeltaCrlIndicator } from '../../src/x509/extensions/crl-number.ts';
import { findExtension } from '../../src/x509/extensions/extension.ts';
import { crlJudge } from '../support/crl-judge.ts';
import { codeOf } from '../support/expect-error.ts';
import { createTestAuthority, DAY } from '../support/test-authority.ts';
import { createTestStorage, recordCommits } from '../support/test-storage.ts';

const HOUR = 3_600_000;
const request = { subjectAltNames: ['a.example'] };

function entriesOf(der: Uint8Array): Record<string, string | undefined> {
  return Object.fromEntries([...parseCrl(der).entries()].map(({ serialNumber, reason }) => [serialNumber, reason]));
}

describe('a delta CRL', () => {
  it('starts from the complete CRL before it, and is good for a day', async () => {
    const { authority, clock } = await createTestAuthority();
    const base = await authority.crl();
    const delta = await authority.crl({ delta: true });
    expect(delta).toMatchObject({ baseNumber: base.number, number: base.number + 1 });
    const crl = parseCrl(delta.der);
    const indicator = findExtension(crl.extensions, 'deltaCRLIndicator');
    expect(indicator?.critical).toBe(true);
    expect(decodeDeltaCrlIndicator(indicator?.value as Uint8Array)).toBe(BigInt(base.number));
    expect(findExtension(crl.extensions, 'freshestCRL')).toBeUndefined();
    expect(crl).toMatchObject({ number: BigInt(delta.number), size: 0 });
    expect(delta.nextUpdate.getTime()).toBe(clock.now() + DAY);
    expect(parseCrl(delta.pem).der).toEqual(delta.der);
    expect(base).not.toHaveProperty('baseNumber');
  });

  it('makes its base itself where there is none yet', async () => {
    const { authority } = await createTestAuthority();
    const { serialNumber } = await authority.issue(request);
    await authority.revoke(serialNumber);
    const delta = await authority.crl({ delta: true });
    const base = await authority.crl();
    expect(delta.baseNumber).toBe(base.number);
    expect([Object.keys(entriesOf(base.der)), entriesOf(delta.der)]).toEqual([[serialNumber], {}]);
  });

  it('shows what was revoked, held and released since, while the complete CRL is left alone', async () => {
    const { authority, another, clock } = await createTestAuthority();
    const judge = await crlJudge(authority, clock);
    const [revoked, held, released, untouched] = await Promise.all([1, 2, 3, 4].map(() => authority.issue(request)));
    if (!revoked || !held || !released || !untouched) throw new Error('not issued');
    await authority.revoke(released.serialNumber, { reason: 'certificateHold' });
    const base = await authority.crl();
    clock.advance(HOUR);
    await authority.revoke(revoked.serialNumber, { reason: 'keyCompromise' });
    await another().revoke(held.serialNumber, { reason: 'certificateHold' });
    await authority.release(released.serialNumber);
    const delta = await another().crl({ delta: true });
    expect(entriesOf(delta.der)).toEqual({
      [revoked.serialNumber]: 'keyCompromise',
      [held.serialNumber]: 'certificateHold',
      [released.serialNumber]: 'removeFromCRL',
    });
    expect(await authority.crl({ delta: true })).toEqual(delta);
    const judgements = (crls: Uint8Array[]) =>
      Promise.all([revoked, held, released, untouched].map((one) => judge(one, crls)));
    expect(await judgements([base.der])).toEqual(['good', 'good', 'revoked', 'good']);
    expect(await judgements([base.der, delta.der])).toEqual(['revoked', 'revoked', 'good', 'good']);
    // A complete CRL is signed when it is asked for, under the next number, and the delta CRL beside it has the same.
    const complete = await authority.crl();
    expect(complete.number).toBeGreaterThan(delta.number);
    expect(await judgements([complete.der])).toEqual(['revoked', 'revoked', 'good', 'good']);
    const beside = await authority.crl({ delta: true });
    expect(beside).toMatchObject({ number: complete.number, baseNumber: base.number });
    expect(beside.thisUpdate).toEqual(complete.thisUpdate);
    expect(entriesOf(beside.der)).toEqual(entriesOf(delta.der));
  });

  it('takes a hold off that only a complete CRL between base and delta has shown', async () => {
    const { authority, clock } = await createTestAuthority();
    const judge = await crlJudge(authority, clock);
    const issued = await authority.issue(request);
    const base = await authority.crl();
    await authority.crl({ delta: true });
    await authority.revoke(issued.serialNumber, { reason: 'certificateHold' });
    const between = await authority.crl();
    await authority.release(issued.serialNumber);
    const delta = await authority.crl({ delta: true });
    expect(delta.baseNumber).toBe(base.number);
    expect(await judge(issued, [between.der])).toBe('revoked');
    expect(await judge(issued, [between.der, delta.der])).toBe('good');
    expect(await judge(issued, [base.der, delta.der])).toBe('good');
  });

  it('has one entry for a certificate that was held, released and revoked', async () => {
    const { authority } = await createTestAuthority();
    const { serialNumber } = await authority.issue(request);
    await authority.crl();
    const seen: (string | undefined)[] = [];
    const look = async () => {
      const crl = parseCrl((await authority.crl({ delta: true })).der);
      expect(crl.size).toBe(1);
      seen.push(crl.find(serialNumber)?.reason);
    };
    await authority.revoke(serialNumber, { reason: 'certificateHold' });
    await look();
    await authority.release(serialNumber);
    await look();
    await authority.revoke(serialNumber, { reason: 'certificateHold' });
    await authority.revoke(serialNumber, { reason: 'superseded' });
    await look();
    expect(seen).toEqual(['certificateHold', 'removeFromCRL', 'superseded']);
  });

  it('fits every complete CRL that has not run out, and forgets what all of them show', async () => {
    const { authority, clock } = await createTestAuthority();
    const issued = await Promise.all(Array.from({ length: 20 }, () => authority.issue(request)));
    await authority.crl();
    await authority.crl({ delta: true });
    const published: { number: number; nextUpdate: Date }[] = [];
    const sizes: number[] = [];
    for (const [day, { serialNumber }] of issued.entries()) {
      await authority.revoke(serialNumber);
      if (day % 2 === 0) published.push(await authority.crl());
      const delta = await authority.crl({ delta: true });
      sizes.push(parseCrl(delta.der).size);
      for (const { number, nextUpdate } of published)
        if (nextUpdate.getTime() >= clock.now()) expect(number).toBeGreaterThanOrEqual(delta.baseNumber as number);
      clock.advance(DAY);
    }
    // Two lifetimes of a complete CRL at the most, and never less than one.
    expect(Math.max(...sizes)).toBeLessThan(18);
    expect(Math.min(...sizes.slice(8))).toBeGreaterThanOrEqual(7);
    expect(sizes.at(-1)).toBeLessThan(Math.max(...sizes));
  });

  it('is signed anew while it still has hours to go, by the chores too, once somebody has asked for one', async () => {
    const clock = new VirtualClock();
    const { storage, commits } = recordCommits(createTestStorage(clock).storage);
    const { authority } = await createTestAuthority({ clock, storage });
    const task = authority.maintenance().find(({ name }) => name === 'authority:internal:crl');
    const written = () =>
      commits.filter((writes) => writes.some(({ collection }) => collection === 'authority_crls')).length;
    await task?.run({ limit: 10 });
    clock.advance(20 * HOUR);
    const before = written();
    await task?.run({ limit: 10 });
    expect(written()).toBe(before);
    const first = await authority.crl({ delta: true });
    clock.advance(13 * HOUR);
    expect(await authority.crl({ delta: true })).toEqual(first);
    expect(await task?.run({ limit: 10 })).toMatchObject({
      nextDueAt: first.thisUpdate.getTime() + Math.floor((DAY * 4) / 7),
    });
    clock.advance(HOUR);
    const complete = await authority.crl();
    await task?.run({ limit: 10 });
    const asked = written();
    const second = await authority.crl({ delta: true });
    expect(written()).toBe(asked);
    expect(second.number).toBeGreaterThan(first.number);
    expect(await authority.crl()).toEqual(complete);
  });

  it('is refused where delta is neither true nor false', async () => {
    const { authority } = await createTestAuthority();
    expect(await codeOf(authority.crl({ delta: 'yes' as unknown as boolean }))).toBe('INVALID_ARGUMENT');
  });

  it('leaves no blob in storage that nothing refers to, and removes none that is referred to', async () => {
    const clock = new VirtualClock();
    const { storage, commits } = recordCommits(createTestStorage(clock).storage);
    const { authority, intermediate } = await createTestAuthority({ clock, storage });
    for (let step = 0; step < 12; step++) {
      const { serialNumber } = await authority.issue(request);
      await authority.revoke(serialNumber);
      await authority.crl(step % 3 === 0 ? {} : { delta: true });
      clock.advance(2 * DAY);
    }
    await authority.crl();
    clock.advance(2 * HOUR);
    for (const task of authority.maintenance()) while ((await task.run({ limit: 100 })).more);
    const [stored] = await storage.get([{ collection: 'authority_crls', id: intermediate.id }]);
    const data = stored?.data as { blob: string; delta: { blob: string; next: { blob: string } } } | undefined;
    const referred = [data?.blob, data?.delta.blob, data?.delta.next.blob];
    const written = commits.flat().filter(({ kind, collection }) => kind === 'put' && collection === 'store_blobs');
    expect(written.length).toBeGreaterThan(20);
    const found = await storage.get(written.map(({ id }) => ({ collection: 'store_blobs', id })));
    const kept = found.flatMap((document) => (document === undefined ? [] : [document.id]));
    expect(kept.sort()).toEqual(referred.sort());
  });
});
