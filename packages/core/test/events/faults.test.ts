import { describe, expect, it } from 'vitest';
import { type EventLog, LocalKeyring } from '../../src/index.ts';
import { faultInjector } from '../../src/testing/fault-injector.ts';
import type { FaultKind } from '../../src/testing/fault-plan.ts';
import { settled } from '../support/settled.ts';
import { storageSize } from '../support/test-storage.ts';
import {
  commit,
  createTestLog,
  expectSound,
  factsOf,
  runChore,
  sequence,
  type TestLog,
  writeEvents,
} from './support.ts';

const KINDS: readonly FaultKind[] = ['refuse', 'loseRequest', 'loseAnswer', 'landLate', 'delay'];
const LEASE_MS = 15_000;
/** From one call that is hit to the next: every call on memory. */
const STRIDE = storageSize(1, 4);
// An answer that stays lost is asked for again and again, with growing delays: that is a refusal's to show.
const timesOf = (kind: FaultKind) => (kind === 'refuse' ? [1, Number.POSITIVE_INFINITY] : [1]);

/**
 * Lets an instance do something while one storage call after the other fails, from the opening of the collections on, until
 * none is left to be hit.
 */
async function callByCall(
  test: TestLog,
  kind: FaultKind,
  times: number,
  step: (faulty: EventLog, round: number) => Promise<unknown>,
  then: (round: number, error: unknown) => Promise<void>,
): Promise<number> {
  for (let round = 0; ; round++) {
    const faults = faultInjector(test.another().storage, { seed: round });
    const faulty = test.another({ storage: faults });
    faults.plan({ kind, skip: round * STRIDE, times });
    const { error } = await settled(step(faulty, round));
    const hits = faults.log.length;
    faults.heal();
    await faults.settle();
    test.clock.advance(LEASE_MS);
    await then(round, error);
    if (hits === 0) return round;
    expect(round).toBeLessThan(60);
  }
}

describe.each(KINDS)('storage calls that meet %s, one after the other', (kind) => {
  it.each(timesOf(kind))(
    '%d at a time: sequencing loses nothing and doubles nothing',
    { timeout: 120_000 },
    async (times) => {
      const test = createTestLog();
      const heard = new Set<string>();
      test.events.on('*', ({ id }) => heard.add(id));
      let written = 0;
      const rounds = await callByCall(
        test,
        kind,
        times,
        async (faulty, round) => {
          const subject = `s${round}`;
          await writeEvents(test.events, [factsOf(subject, 1), factsOf(subject, 2), factsOf(`${subject} too`)]);
          written += 3;
          faulty.on('*', ({ id }) => heard.add(id));
          await sequence(faulty);
        },
        async () => {
          await sequence(test.events);
          const entries = await expectSound(test.events);
          expect(entries).toHaveLength(written);
          for (const { event } of entries) expect(heard).toContain(event.id);
          expect((await test.events.pending({ limit: 1 })).items).toEqual([]);
        },
      );
      expect(rounds).toBeGreaterThan(storageSize(5, 1));
      const twos = (await expectSound(test.events)).filter(({ event }) => event.subjectRevision === 2);
      for (const { sequence: at, event } of twos) {
        const [one] = (await test.events.list({ subject: event.subject, limit: 1 })).items;
        expect(one?.sequence).toBeLessThan(at);
      }
    },
  );

  it('leave checkpoints that fit', { timeout: 120_000 }, async () => {
    const test = createTestLog({ keyring: LocalKeyring.generate() });
    await callByCall(
      test,
      kind,
      1,
      async (faulty, round) => {
        await writeEvents(test.events, [factsOf(`s${round}`)]);
        await sequence(test.events);
        await faulty.checkpoint();
      },
      async (round) => {
        const { note, size } = await test.events.checkpoint();
        expect(size).toBe(round + 1);
        expect(await test.events.verify({ checkpoints: [note] })).toMatchObject({ valid: true, size: round + 1 });
      },
    );
  });

  it('leave a log that was pruned in whole steps', { timeout: 120_000 }, async () => {
    const test = createTestLog({ retentionDays: 7 });
    await callByCall(
      test,
      kind,
      1,
      async (faulty, round) => {
        await writeEvents(test.events, [factsOf(`s${round}`), factsOf(`t${round}`)]);
        await sequence(test.events);
        test.clock.advance(8 * 86_400_000);
        await runChore(faulty, 'retention');
      },
      async (round) => {
        expect(await test.events.verify()).toMatchObject({ valid: true, size: 2 * round + 2 });
        await runChore(test.events, 'retention');
        expect(await test.events.verify()).toMatchObject({ valid: true, from: 2 * round + 2 });
      },
    );
  });

  it('leave personal data open or erased, and nothing in between', { timeout: 120_000 }, async () => {
    const test = createTestLog({ keyring: LocalKeyring.generate() });
    const personal = async (subject: string) =>
      (await test.events.list({ subject, limit: 1, includePersonal: true })).items[0]?.event.personal;
    await callByCall(
      test,
      kind,
      1,
      async (faulty, round) => {
        const owner = `o${round}`;
        await commit(faulty.storage, await faulty.writePersonal(factsOf(owner), { owner, data: { owner } }));
        await faulty.eraseOwner(owner);
      },
      async (round, error) => {
        const owner = `o${round}`;
        await sequence(test.events);
        if (error === undefined) expect(await personal(owner)).toBeNull();
        await commit(test.storage, await test.events.writePersonal(factsOf(`${owner} later`), { owner, data: {} }));
        await sequence(test.events);
        expect(await personal(`${owner} later`)).toEqual({});
        await test.events.eraseOwner(owner);
        expect(await personal(`${owner} later`)).toBeNull();
        await expectSound(test.events);
      },
    );
  });
});
