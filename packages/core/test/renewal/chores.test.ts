import { describe, expect, it } from 'vitest';
import type { MaintenanceTask } from '../../src/index.ts';
import { RenewalScheduler } from '../../src/index.ts';
import { storageSize } from '../support/test-storage.ts';
import { createTestBed, DAY, door, HOUR, MINUTE } from './support/test-bed.ts';

/** A chore that notes its runs. */
function chore(
  name: string,
  run: (turn: number) => Promise<{ more: boolean; nextDueAt: number }>,
): MaintenanceTask & { readonly runs: { readonly limit: number; readonly signal: AbortSignal | undefined }[] } {
  const runs: { limit: number; signal: AbortSignal | undefined }[] = [];
  return {
    name,
    runs,
    run: ({ limit, signal }) => {
      runs.push({ limit, signal });
      return run(runs.length);
    },
  };
}

/** Schedulers without certificates: chores alone. */
function createChoreBed() {
  const bed = createTestBed();
  const { clock, storage, timer, problems } = bed;
  const scheduler = (...maintain: MaintenanceTask[]) =>
    new RenewalScheduler({
      storage,
      clock,
      timer: timer.timer,
      maintain,
      onError: (error, problem) => problems.push({ error, ...problem }),
    });
  return { ...bed, scheduler };
}

describe('a chore', () => {
  it('is run when it says that it is due, once, however many schedulers have it', async () => {
    const { clock, scheduler } = createChoreBed();
    const task = chore('a', async () => ({ more: false, nextDueAt: clock.now() + HOUR }));
    const instances = [scheduler(task), scheduler(task), scheduler(task)];
    const runAll = () => Promise.all(instances.map((instance) => instance.runOnce()));
    const reports = await runAll();
    expect(reports.reduce((sum, { chores: { ran } }) => sum + ran, 0)).toBe(1);
    clock.advance(HOUR - 1);
    const [report] = await runAll();
    expect(report?.nextDueAt).toEqual(new Date(clock.now() + 1));
    expect(task.runs).toHaveLength(1);
    clock.advance(1);
    await runAll();
    expect(task.runs).toHaveLength(2);
    expect(task.runs[0]?.limit).toBeGreaterThan(0);
  });

  it('that has more to do is run again at once, and comes to an end', async () => {
    const { clock, scheduler } = createChoreBed();
    const task = chore('a', async (turn) => ({ more: turn < 5, nextDueAt: clock.now() }));
    expect(await scheduler(task).runOnce()).toMatchObject({ chores: { ran: 1, failed: 0 } });
    expect(task.runs).toHaveLength(5);
    const endless = chore('endless', async () => ({ more: true, nextDueAt: clock.now() }));
    const { nextDueAt } = await scheduler(endless).runOnce();
    expect(endless.runs).toHaveLength(100);
    expect(nextDueAt).toEqual(new Date(clock.now()));
  });

  it('that has more to do is left between two runs where the scheduler is stopped, and is there for others at once', async () => {
    const { clock, scheduler } = createChoreBed();
    const task = chore('a', async (turn) => {
      if (turn === 2) void instance.stop();
      return { more: turn < 5, nextDueAt: clock.now() };
    });
    const instance: RenewalScheduler = scheduler(task);
    await instance.runOnce();
    expect(task.runs).toHaveLength(2);
    await scheduler(task).runOnce();
    expect(task.runs).toHaveLength(5);
  });

  it('that has more to do, but not before an instant, is left alone until then', async () => {
    const { clock, scheduler } = createChoreBed();
    const task = chore('a', async () => ({ more: true, nextDueAt: clock.now() + MINUTE }));
    expect(await scheduler(task).runOnce()).toMatchObject({ nextDueAt: new Date(clock.now() + MINUTE) });
    expect(task.runs).toHaveLength(1);
  });

  it('is looked at within a day, whatever it says', async () => {
    const { clock, scheduler } = createChoreBed();
    const tasks = [Number.NaN, Number.POSITIVE_INFINITY, 9e15].map((nextDueAt, at) =>
      chore(`a${at}`, async () => ({ more: false, nextDueAt })),
    );
    expect(await scheduler(...tasks).runOnce()).toMatchObject({ chores: { ran: 3, failed: 0 } });
    clock.advance(DAY);
    expect(await scheduler(...tasks).runOnce()).toMatchObject({ chores: { ran: 3, failed: 0 } });
  });

  it('that fails is told of, and tried again more and more slowly, while the others run', async () => {
    const { clock, scheduler, problems } = createChoreBed();
    const failing = chore('failing', async (turn) => {
      if (turn <= 11) throw new Error('broken');
      return { more: false, nextDueAt: clock.now() + DAY };
    });
    const fine = chore('fine', async () => ({ more: false, nextDueAt: clock.now() + DAY }));
    const instance = scheduler(failing, fine);
    const pauses: number[] = [];
    for (let turn = 1; turn <= 11; turn++) {
      const { chores, nextDueAt } = await instance.runOnce();
      expect(chores.failed).toBe(1);
      pauses.push(((nextDueAt as Date).getTime() - clock.now()) / 1_000);
      clock.set((nextDueAt as Date).getTime());
    }
    expect(pauses).toEqual([10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
    expect(await instance.runOnce()).toMatchObject({ chores: { ran: 1, failed: 0 } });
    expect(fine.runs).toHaveLength(1);
    expect(problems.map(({ task }) => task)).toEqual(Array.from({ length: 11 }, () => 'failing'));
  });

  it('keeps its turn while it takes longer than a lease, and loses it in a process that is paused', async () => {
    const { clock, scheduler, timer, until, problems } = createChoreBed();
    const slow = door();
    let turns = 0;
    const task = chore('slow', async () => {
      turns += 1;
      if (turns > 1) return { more: false, nextDueAt: clock.now() + HOUR };
      await slow.pass();
      return { more: false, nextDueAt: clock.now() + 10 * HOUR };
    });
    const working = scheduler(task).runOnce();
    await until(() => slow.waiting === 1);
    for (let step = 0; step < 6; step++) {
      await timer.advanceTo(clock.now() + 40_000);
      await until(() => timer.size === 2);
      expect(await scheduler(task).runOnce()).toMatchObject({ chores: { ran: 0 } });
    }
    // From now on no timer goes off.
    clock.advance(121_000);
    expect(await scheduler(task).runOnce()).toMatchObject({ chores: { ran: 1 } });
    slow.open();
    await working;
    expect(turns).toBe(2);
    // What the paused one writes when it comes back changes nothing.
    expect(await scheduler(task).runOnce()).toMatchObject({
      chores: { ran: 0 },
      nextDueAt: new Date(clock.now() + HOUR),
    });
    expect(problems).toEqual([]);
  });

  it('whose turn cannot be read is told of, and the others run', async () => {
    const { clock, scheduler, storage, problems } = createChoreBed();
    const done = async () => ({ more: false, nextDueAt: clock.now() + HOUR });
    const [broken, fine] = [chore('broken', done), chore('fine', done)];
    await scheduler(broken, fine).runOnce();
    const place = { collection: 'renewal_chores', id: 'broken' };
    const data = { v: 2, from: 'a later version' };
    await storage.commit([{ kind: 'put', ...place, version: 'x', data, dueAt: clock.now(), dueQueue: 'broken' }]);
    expect(await scheduler(broken, fine).runOnce()).toMatchObject({ chores: { ran: 1, failed: 1 } });
    clock.advance(HOUR);
    expect(await scheduler(broken, fine).runOnce()).toMatchObject({ chores: { ran: 2, failed: 1 } });
    expect([broken.runs.length, fine.runs.length]).toEqual([1, 2]);
    expect(problems.map(({ task }) => task)).toEqual(['broken', 'broken']);
  });

  it('of a name that was given before is the same chore', async () => {
    const { clock, scheduler } = createChoreBed();
    const done = async () => ({ more: false, nextDueAt: clock.now() + HOUR });
    const [first, second] = [chore('same', done), chore('same', done)];
    await scheduler(first, second).runOnce();
    expect([first.runs.length, second.runs.length]).toEqual([1, 0]);
  });

  it('is run, the longest due first, in time that others need', async () => {
    const { clock, scheduler, until } = createChoreBed();
    const slow = door();
    const order: string[] = [];
    const tasks = Array.from({ length: 12 }, (_, at) =>
      chore(`t${at}`, async () => {
        order.push(`t${at}`);
        if (at === 3) await slow.pass();
        return { more: false, nextDueAt: clock.now() + (12 - at) * MINUTE };
      }),
    );
    const instance = scheduler(...tasks);
    const working = instance.runOnce();
    await until(() => order.length === 12);
    slow.open();
    await working;
    order.length = 0;
    clock.advance(HOUR);
    await instance.runOnce();
    const expected = [...tasks].reverse().map(({ name }) => name);
    // Eight begin at once: how fast a database answers each of them is another matter.
    expect(storageSize(order, [...order].sort())).toEqual(storageSize(expected, [...expected].sort()));
  });

  it('of managers and storages goes through as it is', async () => {
    const { clock, certificates, events, storage } = createTestBed();
    const maintain = [...certificates.maintenance(), ...events.maintenance()];
    const instance = new RenewalScheduler({ storage, clock, maintain });
    const report = await instance.runOnce();
    expect(report.chores).toEqual({ ran: new Set(maintain.map(({ name }) => name)).size, failed: 0 });
  });
});
