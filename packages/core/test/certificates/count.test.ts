import { describe, expect, it } from 'vitest';
import { codeOf } from '../support/expect-error.ts';
import { createTestCertificates, DAY } from '../support/test-certificates.ts';

describe('count()', () => {
  it('counts by state, account and end, and no further than it is told', async () => {
    const { certificates, clock } = createTestCertificates();
    const made = [];
    for (const name of ['a', 'b', 'c']) made.push(await certificates.create({ subjectAltNames: [`${name}.example`] }));
    const [first] = made;
    if (first?.notAfter === undefined) throw new Error('Nothing was issued');
    const upTo = 100;
    expect(await certificates.count({ upTo })).toBe(3);
    expect(await certificates.count({ upTo: 2 })).toBe(2);
    await certificates.revoke(first.id);
    expect(await certificates.count({ status: 'valid', upTo })).toBe(2);
    expect(await certificates.count({ status: 'revoked', upTo })).toBe(1);
    expect(await certificates.count({ accountId: 'nobody', upTo })).toBe(0);
    const end = first.notAfter;
    expect(await certificates.count({ expiresFrom: end, upTo })).toBe(3);
    expect(await certificates.count({ expiresBefore: end, upTo })).toBe(0);
    expect(await certificates.count({ status: 'valid', expiresFrom: end, expiresBefore: end, upTo })).toBe(0);
    const after = new Date(end.getTime() + DAY);
    expect(await certificates.count({ status: 'valid', expiresFrom: end, expiresBefore: after, upTo })).toBe(2);
    clock.set(end.getTime() + 1);
    expect(await certificates.count({ status: 'valid', upTo })).toBe(0);
    expect(await certificates.count({ status: 'expired', upTo })).toBe(2);
  });

  it('counts the jobs that are due, but none that somebody works at', async () => {
    const { certificates, clock } = createTestCertificates();
    const { renewAt } = await certificates.create({ subjectAltNames: ['a.example'] });
    if (renewAt === undefined) throw new Error('It is not renewed');
    clock.set(renewAt.getTime() - 1);
    expect(await certificates.countDueJobs({ upTo: 10 })).toBe(0);
    clock.set(renewAt.getTime());
    expect(await certificates.countDueJobs({ upTo: 10 })).toBe(1);
    await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
    expect(await certificates.countDueJobs({ upTo: 10 })).toBe(0);
    clock.advance(60_000);
    expect(await certificates.countDueJobs({ upTo: 10 })).toBe(1);
  });

  it('refuses what is malformed', async () => {
    const { certificates } = createTestCertificates();
    for (const options of [null, {}, { upTo: 0 }, { upTo: 1.5 }, { upTo: 1, status: 'gone' }, { upTo: 1, more: 1 }]) {
      expect(await codeOf(certificates.count(options as never))).toBe('INVALID_ARGUMENT');
    }
    for (const options of [null, {}, { upTo: 0 }, { upTo: 1, more: 1 }]) {
      expect(await codeOf(certificates.countDueJobs(options as never))).toBe('INVALID_ARGUMENT');
    }
    expect(await codeOf(certificates.count({ upTo: 1, signal: AbortSignal.abort() }))).toBe('ABORTED');
  });
});
