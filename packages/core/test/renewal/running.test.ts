import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { RenewalScheduler, type RenewalSchedulerOptions } from '../../src/index.ts';
import { codeOf } from '../support/expect-error.ts';
import { overriding } from '../support/test-storage.ts';
import { createTestBed, DAY, door, MINUTE } from './support/test-bed.ts';

describe('start and stop', () => {
  it('renew and run chores in the background, until told to end', async () => {
    const { clock, certificates, create, scheduler, timer, until } = createTestBed();
    const { id, renewAt } = await create('a.example');
    let runs = 0;
    const task = {
      name: 'chore',
      run: async () => {
        runs += 1;
        return { more: false, nextDueAt: clock.now() + 10 * MINUTE };
      },
    };
    const instance = scheduler({ maintain: [task] });
    instance.start();
    instance.start();
    expect(instance.isRunning).toBe(true);
    // A timer each for the queues and the chores.
    expect(timer.size).toBe(3);
    const advance = async (instant: number) => {
      await timer.advanceTo(instant);
      await until(() => timer.size === 3);
    };
    await advance(clock.now() + 1);
    expect(runs).toBe(1);
    await advance(clock.now() + MINUTE);
    expect(runs).toBe(1);
    for (let minute = 0; minute < 11; minute++) await advance(clock.now() + MINUTE);
    expect(runs).toBe(2);
    clock.set((renewAt as Date).getTime());
    await advance(clock.now() + MINUTE);
    await until(async () => (await certificates.get(id)).generation === 2);
    await instance.stop();
    expect(instance.isRunning).toBe(false);
    expect(timer.size).toBe(0);
    const before = runs;
    await timer.advanceTo(clock.now() + DAY);
    expect(runs).toBe(before);
    instance.start();
    await advance(clock.now() + 1);
    expect(runs).toBe(before + 1);
    await instance[Symbol.asyncDispose]();
    expect(timer.size).toBe(0);
  });

  it('finish what runs, and give back what was not begun', async () => {
    const { clock, create, issuer, scheduler, storage, until } = createTestBed();
    const made = [];
    for (let at = 0; at < 4; at++) made.push(await create(`n${at}.example`));
    clock.set(Math.max(...made.map(({ renewAt }) => (renewAt as Date).getTime())));
    const slow = door();
    issuer.before = slow.pass;
    const instance = scheduler({ concurrency: 2 });
    const working = instance.runOnce();
    await until(() => slow.waiting === 1);
    let stopped = false;
    const stopping = instance.stop().then(() => {
      stopped = true;
    });
    await storage.health();
    expect(stopped).toBe(false);
    issuer.before = async () => undefined;
    slow.open();
    await stopping;
    expect(await working).toMatchObject({ renewed: 1 });
    // Nobody has to wait for a lease of this instance to run out.
    expect(await scheduler().runOnce()).toMatchObject({ renewed: 3 });
    expect(issuer.issued).toHaveLength(8);
  });

  it('break off what runs when they are told to, for another instance to resume at once', async () => {
    const { clock, create, certificates, issuer, scheduler, until } = createTestBed();
    const { id, renewAt } = await create('a.example');
    clock.set((renewAt as Date).getTime());
    issuer.before = () => new Promise(() => undefined);
    const instance = scheduler();
    const working = instance.runOnce();
    await until(() => issuer.asked.length === 2);
    await instance.stop({ signal: AbortSignal.abort() });
    expect(await working).toMatchObject({ renewed: 0, failed: 0, postponed: 1 });
    issuer.before = async () => undefined;
    expect(await scheduler().runOnce()).toMatchObject({ renewed: 1 });
    expect(await certificates.get(id)).toMatchObject({ generation: 2 });
    expect(issuer.issued).toHaveLength(2);
  });

  it('break off what a stop without a signal still waits for', async () => {
    const { clock, create, issuer, scheduler, until } = createTestBed();
    const { renewAt } = await create('a.example');
    clock.set((renewAt as Date).getTime());
    issuer.before = () => new Promise(() => undefined);
    const instance = scheduler();
    const working = instance.runOnce();
    await until(() => issuer.asked.length === 2);
    const patient = instance.stop();
    await instance.stop({ signal: AbortSignal.abort() });
    await patient;
    expect(await working).toMatchObject({ postponed: 1 });
  });

  it('begin nothing more once the signal of a run is aborted, and leave nothing with it', async () => {
    const { clock, create, issuer, manager, storage, timer, until } = createTestBed();
    const made = [];
    for (let at = 0; at < 3; at++) made.push(await create(`n${at}.example`));
    clock.set(Math.max(...made.map(({ renewAt }) => (renewAt as Date).getTime())));
    let claims = 0;
    const counted = overriding(storage, {
      claim: async (request) => {
        claims += 1;
        if (claims > 20) throw new Error('claimed without end');
        return storage.claim(request);
      },
    });
    const certificates = manager({ storage: counted });
    const instance = new RenewalScheduler({ certificates, clock, timer: timer.timer, concurrency: 1 });
    issuer.before = () => new Promise(() => undefined);
    const controller = new AbortController();
    const working = instance.runOnce({ signal: controller.signal });
    await until(() => issuer.asked.length === 4);
    const before = claims;
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    controller.abort();
    expect(await codeOf(working)).toBe('ABORTED');
    expect(claims).toBe(before);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    const patient = new AbortController();
    issuer.before = async () => undefined;
    expect(await instance.runOnce({ signal: patient.signal })).toMatchObject({ renewed: 3 });
    expect(getEventListeners(patient.signal, 'abort')).toEqual([]);
  });

  it('work with many renewals at once and no warning of the runtime', async () => {
    const { clock, create, issuer, scheduler, until } = createTestBed();
    const made = [];
    for (let at = 0; at < 14; at++) made.push(await create(`n${at}.example`));
    clock.set(Math.max(...made.map(({ renewAt }) => (renewAt as Date).getTime())));
    const slow = door();
    issuer.before = slow.pass;
    const warnings: string[] = [];
    const warned = ({ name }: Error): unknown => warnings.push(name);
    process.on('warning', warned);
    const working = scheduler({ concurrency: 28 }).runOnce();
    await until(() => slow.waiting === 14);
    slow.open();
    expect(await working).toMatchObject({ renewed: 14 });
    process.off('warning', warned);
    expect(warnings).toEqual([]);
  });

  it('go on when the storage comes back', async () => {
    const { clock, create, certificates, manager, storage, timer, until, problems } = createTestBed();
    const { id, renewAt } = await create('a.example');
    let down = true;
    const flaky = overriding(storage, {
      claim: async (request) => {
        if (down) throw new Error('down');
        return storage.claim(request);
      },
    });
    const instance = new RenewalScheduler({
      certificates: manager({ storage: flaky }),
      clock,
      timer: timer.timer,
      onError: (error, problem) => problems.push({ error, ...problem }),
    });
    clock.set((renewAt as Date).getTime());
    instance.start();
    for (let turn = 0; turn < 4; turn++) {
      await timer.advanceTo(clock.now() + 10_000);
      await until(() => timer.size === 3);
    }
    expect(new Set(problems.map(({ issuer }) => issuer))).toEqual(new Set(['main', '']));
    expect(problems.length).toBeLessThan(20);
    down = false;
    await timer.advanceTo(clock.now() + MINUTE);
    await until(async () => (await certificates.get(id)).generation === 2);
    await instance.stop();
  });
});

describe('a renewal that hangs', () => {
  /** A bed with one instance, whose calls of the storage are counted while they are under way. */
  function scene(options: Partial<RenewalSchedulerOptions> = {}) {
    const bed = createTestBed();
    const { clock, timer, storage } = bed;
    let underWay = 0;
    const counted = new Proxy(storage, {
      get(target, property) {
        const method: unknown = Reflect.get(target, property);
        if (typeof method !== 'function') return method;
        return (...given: unknown[]) => {
          const result: unknown = Reflect.apply(method, target, given);
          if (!(result instanceof Promise)) return result;
          underWay += 1;
          return result.finally(() => {
            underWay -= 1;
          });
        };
      },
    });
    const instance = bed.scheduler({ certificates: bed.manager({ storage: counted }), ...options });
    /** Time passes in steps that are short against a lease, and the storage keeps pace. */
    const pass = async (ms: number) => {
      const end = clock.now() + ms;
      while (clock.now() < end) {
        await timer.advanceTo(Math.min(end, clock.now() + 20_000));
        for (let quiet = 0; quiet < 10; quiet = underWay === 0 ? quiet + 1 : 0)
          await new Promise<void>((resolve) => setImmediate(resolve));
      }
    };
    return { ...bed, instance, pass };
  }

  it('keeps its place and its lease, and keeps nothing else of its queue from being found and done', async () => {
    const { clock, create, certificates, issuer, instance, pass, problems, scheduler, timer, until } = scene({
      concurrency: 4,
    });
    const { id, renewAt } = await create('hangs.example');
    clock.set((renewAt as Date).getTime());
    const hung = door();
    issuer.before = async (name) => (name === 'hangs.example' ? hung.pass() : undefined);
    instance.start();
    await pass(1_000);
    await until(() => hung.waiting === 1);
    for (const name of ['b.example', 'c.example']) {
      const later = await certificates.create({ subjectAltNames: [name], wait: false });
      // It is found in time, after the two minutes that are left to whoever asked for it; what it takes besides is work, not time.
      for (let minute = 0; minute < 5 && (await certificates.get(later.id)).generation === 0; minute++)
        await pass(MINUTE);
      await until(async () => (await certificates.get(later.id)).generation === 1);
      expect(await certificates.get(later.id)).toMatchObject({ state: 'issued' });
    }
    // Nobody else has taken what hangs, nor was it begun twice.
    expect(await scheduler().runOnce()).toMatchObject({ renewed: 0, skipped: 0, failed: 0 });
    expect(hung.waiting).toBe(1);
    const stopping = instance.stop();
    hung.open();
    await stopping;
    expect(await certificates.get(id)).toMatchObject({ generation: 2 });
    expect(timer.size).toBe(0);
    expect(problems).toEqual([]);
  });

  it('keeps nothing else from being resumed when its issuer says', async () => {
    const { clock, create, certificates, issuer, instance, pass, timer, until } = scene({
      checkIntervalMs: 30 * MINUTE,
    });
    const made = [await create('hangs.example'), await create('slow.example')];
    clock.set(Math.max(...made.map(({ renewAt }) => (renewAt as Date).getTime())));
    const hung = door();
    issuer.before = async (name) => (name === 'hangs.example' ? hung.pass() : undefined);
    issuer.answer = () => ({ pendingMs: MINUTE });
    instance.start();
    await pass(1_000);
    await until(async () => hung.waiting === 1 && issuer.asked.filter((name) => name === 'slow.example').length === 2);
    issuer.answer = () => 'issue';
    await pass(3 * MINUTE);
    await until(async () => (await certificates.get(made[1]?.id as string)).generation === 2);
    expect(hung.waiting).toBe(1);
    const stopping = instance.stop();
    hung.open();
    await stopping;
    expect(timer.size).toBe(0);
  });

  it('lets nothing more begin where it has the last place', async () => {
    const { clock, create, certificates, issuer, instance, pass, timer, until } = scene({ concurrency: 1 });
    const { renewAt } = await create('hangs.example');
    clock.set((renewAt as Date).getTime());
    const hung = door();
    issuer.before = async (name) => (name === 'hangs.example' ? hung.pass() : undefined);
    instance.start();
    await timer.advanceTo(clock.now() + 1);
    await until(() => hung.waiting === 1);
    const later = await certificates.create({ subjectAltNames: ['b.example'], wait: false });
    await pass(6 * MINUTE);
    expect(issuer.asked).not.toContain('b.example');
    hung.open();
    await until(async () => (await certificates.get(later.id)).generation === 1);
    await instance.stop();
  });

  it('is told of as a failure when its time is over, and the queue goes on', async () => {
    const { clock, create, certificates, issuer, instance, pass, until, told } = scene({ attemptMs: 5 * MINUTE });
    const { id, renewAt } = await create('hangs.example');
    clock.set((renewAt as Date).getTime());
    issuer.before = async (name) => (name === 'hangs.example' ? new Promise(() => undefined) : undefined);
    instance.start();
    await pass(1_000);
    await until(() => issuer.asked.length === 2);
    issuer.before = async () => undefined;
    await pass(5 * MINUTE);
    await until(async () => (await told('certificate.renewal_failed')).length === 1);
    for (let minute = 0; minute < 4 && (await certificates.get(id)).generation === 1; minute++) await pass(MINUTE);
    await until(async () => (await certificates.get(id)).generation === 2);
    await instance.stop();
  });
});

describe('runOnce', () => {
  it('rejects where the storage cannot say what is due, and where it is aborted', async () => {
    const { scheduler, manager, storage } = createTestBed();
    const failing = overriding(storage, { claim: () => Promise.reject(new RangeError('down')) });
    await expect(scheduler({ certificates: manager({ storage: failing }) }).runOnce()).rejects.toThrow(RangeError);
    await expect(scheduler().runOnce({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('breaks off by its signal, and leaves the job to others', async () => {
    const { clock, create, issuer, scheduler, until } = createTestBed();
    const { renewAt } = await create('a.example');
    clock.set((renewAt as Date).getTime());
    issuer.before = () => new Promise(() => undefined);
    const controller = new AbortController();
    const working = scheduler().runOnce({ signal: controller.signal });
    await until(() => issuer.asked.length === 2);
    controller.abort();
    await expect(working).rejects.toMatchObject({ code: 'ABORTED' });
    issuer.before = async () => undefined;
    expect(await scheduler().runOnce()).toMatchObject({ renewed: 1 });
  });

  it('says nothing of a next time where there is nothing', async () => {
    const { scheduler } = createTestBed();
    expect(await scheduler().runOnce()).toEqual({
      renewed: 0,
      skipped: 0,
      failed: 0,
      pending: 0,
      postponed: 0,
      warned: 0,
      chores: { ran: 0, failed: 0 },
    });
  });
});
