import { describe, expect, it } from 'vitest';
import type { CertificateAuthority, CloudEvent } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { recordingLogger } from '../events/support.ts';
import { addIntermediate, createTestAuthority, DAY, type TestAuthority } from '../support/test-authority.ts';
import { createTestStorage, overriding } from '../support/test-storage.ts';

const YEAR = 365 * DAY;
const YEARS = { validityDays: 5 * 365 };

const run = (authority: CertificateAuthority) => {
  const task = authority.maintenance().find(({ name }) => name === 'authority:internal:intermediates');
  if (task === undefined) throw new Error('no such task');
  return task.run({ limit: 10 });
};

const required = async ({ events }: Pick<TestAuthority, 'events'>): Promise<CloudEvent[]> =>
  (await events.pending({ limit: 1_000 })).items.filter(({ type }) => type === 'intermediate.renewal_required');

const requested = async (authority: CertificateAuthority) =>
  (await authority.intermediates()).filter(({ state }) => state === 'requested');

/** An authority whose clock stands a day into the last year of its intermediate. */
async function endingAuthority(options: Parameters<typeof createTestAuthority>[0] = {}): Promise<TestAuthority> {
  const made = await createTestAuthority({ intermediate: YEARS, ...options });
  made.clock.set((made.intermediate.notAfter as Date).getTime() - YEAR + DAY);
  return made;
}

// features.md S1-3, S1-12
describe('the renewal of intermediates', () => {
  it('asks for the next one a year before the newest one ends, once', async () => {
    const { authority, clock, events, intermediate } = await createTestAuthority({ intermediate: YEARS });
    const dueAt = (intermediate.notAfter as Date).getTime() - YEAR;
    expect(await run(authority)).toEqual({ more: false, nextDueAt: clock.now() + DAY });
    clock.set(dueAt - 1);
    expect(await run(authority)).toEqual({ more: false, nextDueAt: dueAt });
    expect(await requested(authority)).toEqual([]);
    clock.set(dueAt);
    for (let day = 0; day < 3; day++) {
      expect(await run(authority)).toEqual({ more: false, nextDueAt: clock.now() + DAY });
      clock.advance(DAY);
    }
    const [request, ...others] = await requested(authority);
    expect(others).toEqual([]);
    const [event, ...more] = await required({ events });
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      subject: request?.id,
      source: '/authorities/internal',
      data: {
        requestId: request?.id,
        csrPem: request?.csrPem,
        intermediate: intermediate.id,
        subject: intermediate.subject,
        notAfter: intermediate.notAfter?.toISOString(),
      },
    });
    const [renewed] = await authority.intermediates();
    expect(renewed?.renewedBy).toBe(request?.id);
  });

  it('makes a request that the root can sign, of the same subject and kind of key, and begins anew once it is installed', async () => {
    const { authority, clock, root, intermediate, events } = await endingAuthority({ intermediateKey: 'ECDSA-P384' });
    await run(authority);
    const [request] = await requested(authority);
    const { certificatePem } = await root.signIntermediate(request?.csrPem as string, YEARS);
    const trustAnchorsPem = root.certificatePem;
    const next = await authority.installIntermediate(request?.id as string, { certificatePem, trustAnchorsPem });
    expect(next.csrPem).toBeUndefined();
    expect(next.subject).toBe(intermediate.subject);
    expect(certificatePem).not.toBe(intermediate.certificatePem);
    expect(await authority.inspect(certificatePem)).toMatchObject({ publicKey: { algorithm: 'ECDSA-P384' } });
    clock.advance(DAY);
    await run(authority);
    expect(await requested(authority)).toEqual([]);
    expect(await required({ events })).toHaveLength(1);
    clock.set((next.notAfter as Date).getTime() - YEAR);
    await run(authority);
    expect(await requested(authority)).toHaveLength(1);
    expect(await required({ events })).toHaveLength(2);
  });

  it('asks again where the root has revoked the one that was to come next', async () => {
    const { authority, clock, root, events } = await endingAuthority();
    await run(authority);
    const [request] = await requested(authority);
    const { certificatePem } = await root.signIntermediate(request?.csrPem as string, YEARS);
    const trustAnchorsPem = root.certificatePem;
    const next = await authority.installIntermediate(request?.id as string, { certificatePem, trustAnchorsPem });
    for (const reason of ['certificateHold', 'keyCompromise'] as const) {
      expect(await requested(authority)).toEqual([]);
      clock.advance(DAY);
      await root.revokeIntermediate(next.serialNumber as string, { reason });
      await authority.installRootCrl((await root.crl()).crl.pem);
      // One on hold may be released.
      if (reason === 'certificateHold') await run(authority);
    }
    for (let day = 0; day < 2; day++) await run(authority);
    const [again, ...others] = await requested(authority);
    expect(others).toEqual([]);
    expect((await required({ events })).map(({ subject }) => subject)).toEqual([request?.id, again?.id]);
    expect((await authority.intermediates())[0]?.renewedBy).toBe(again?.id);
  });

  it('asks in the last third of a life that is short', async () => {
    const { authority, clock, intermediate } = await createTestAuthority({ intermediate: { validityDays: 90 } });
    const [begin, end] = [intermediate.notBefore, intermediate.notAfter].map((date) => (date as Date).getTime());
    const third = Math.floor(((end as number) - (begin as number)) / 3);
    clock.set((end as number) - third - 1);
    await run(authority);
    expect(await requested(authority)).toEqual([]);
    clock.advance(1);
    await run(authority);
    expect(await requested(authority)).toHaveLength(1);
  });

  it('asks for nothing where a newer one signs, where the newest is retired, or before there is any', async () => {
    const { authority, root, intermediate, clock } = await endingAuthority();
    const newer = await addIntermediate(authority, root, YEARS);
    await run(authority);
    expect(await requested(authority)).toEqual([]);
    clock.set((newer.notAfter as Date).getTime() - DAY);
    await authority.retireIntermediate(newer.id);
    await authority.retireIntermediate(intermediate.id);
    await run(authority);
    expect(await requested(authority)).toEqual([]);
  });

  it('asks once, however many instances find it due at one moment', async () => {
    const made = await endingAuthority();
    await Promise.all([made.authority, made.another(), made.another()].map(run));
    expect(await requested(made.authority)).toHaveLength(1);
    expect(await required(made)).toHaveLength(1);
  });

  it('asks for nothing where another was installed while the key was being made', async () => {
    const clock = new VirtualClock();
    const { storage } = createTestStorage(clock);
    let before: (() => Promise<unknown>) | undefined;
    const racing = overriding(storage, {
      commit: async (writes) => {
        const act = before;
        before = undefined;
        await act?.();
        return storage.commit(writes);
      },
    });
    const { authority, another, root } = await endingAuthority({ clock, storage: racing });
    const other = another({ storage });
    before = () => addIntermediate(other, root, YEARS);
    await run(authority);
    expect(await requested(authority)).toEqual([]);
  });

  it('warns once a day until the next one is installed, naming the request and no secret', async () => {
    const { logger, told } = recordingLogger('warn');
    const { authority, clock } = await endingAuthority({ logger });
    for (let day = 0; day < 2; day++) {
      await run(authority);
      clock.advance(DAY);
    }
    const [request] = await requested(authority);
    expect(told.filter(({ requestId }) => requestId === request?.id)).toHaveLength(2);
    expect(JSON.stringify(told)).not.toContain('BEGIN');
  });
});
