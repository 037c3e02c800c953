import { describe, expect, it } from 'vitest';
import type { CertificateManager, RenewalJob } from '../../src/index.ts';
import { type FaultInjector, faultInjector } from '../../src/testing/fault-injector.ts';
import { createTestCertificates, DAY } from '../support/test-certificates.ts';

const LEASE = 60_000;

/** A job that one instance has leased, and what another does while the answer to a commit of the first is sought. */
async function leased() {
  let faults: FaultInjector | undefined;
  let meanwhile: (() => Promise<void>) | undefined;
  const made = createTestCertificates({
    wrap: (storage) => {
      faults = faultInjector(storage, { seed: 1 });
      return faults;
    },
    sleep: async () => {
      const act = meanwhile;
      meanwhile = undefined;
      await act?.();
    },
  });
  const { certificates, clock } = made;
  const { id } = await certificates.create({ subjectAltNames: ['a.example'] });
  clock.advance(61 * DAY);
  const job = (await claim(certificates)) as RenewalJob;
  const loseAnswer = (act: () => Promise<void>): void => {
    meanwhile = act;
    (faults as FaultInjector).plan({ method: 'commit', kind: 'loseAnswer' });
  };
  return { ...made, id, job, other: made.another(), loseAnswer };
}

async function claim(certificates: CertificateManager): Promise<RenewalJob | undefined> {
  const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: LEASE });
  return job;
}

describe('a write of a job whose answer is lost, and that another has overwritten since', () => {
  it('counts a failure once, tells of it once, and leaves the other its lease', async () => {
    const { certificates, clock, told, id, job, other, loseAnswer } = await leased();
    const failure = { code: 'DOWN', message: 'down' };
    const warning = { tier: 30, notAfter: job.notAfter };
    let theirs: RenewalJob | undefined;
    loseAnswer(async () => {
      theirs = await claim(other);
      await other.update(id, { name: 'changed' });
    });
    await certificates.postpone(job, { dueAt: clock.now(), failure, warning });
    expect(theirs).toMatchObject({ attempts: 1, warned: [30] });
    expect(await told(id)).toEqual(['created', 'issued', 'renewal_failed', 'expiring', 'updated']);
    expect(await other.extendLease(theirs as RenewalJob, LEASE)).toMatchObject({ attempts: 1, warned: [30] });
    expect(await other.renew(theirs as RenewalJob)).toMatchObject({ outcome: 'renewed' });
  });

  it('does not take back a lease that it extended and that ran out', async () => {
    const { certificates, clock, job, other, loseAnswer } = await leased();
    let theirs: RenewalJob | undefined;
    loseAnswer(async () => {
      clock.advance(LEASE);
      theirs = await claim(other);
    });
    expect(await certificates.extendLease(job, LEASE)).toBeUndefined();
    expect(await other.extendLease(theirs as RenewalJob, LEASE)).toBeDefined();
  });

  it('leaves a request that the issuer is at work at to the other, who resumes it', async () => {
    const { certificates, clock, issuer, job, other, loseAnswer } = await leased();
    let theirs: RenewalJob | undefined;
    issuer.next(async () => {
      loseAnswer(async () => {
        clock.advance(1_000);
        theirs = await claim(other);
      });
      return { pending: true, retryAt: new Date(clock.now()) };
    });
    expect(await certificates.renew(job)).toEqual({ outcome: 'skipped' });
    expect(theirs).toMatchObject({ reason: 'resume', attempts: 0 });
    expect(await other.renew(theirs as RenewalJob)).toMatchObject({ outcome: 'renewed' });
    expect(issuer.issued.size).toBe(2);
  });
});
