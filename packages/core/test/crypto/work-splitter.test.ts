import { describe, expect, it } from 'vitest';
import { WorkSplitter } from '../../src/crypto/work-splitter.ts';

type Place = 'inline' | 'pool';

/** Runs an operation as a provider does and tells where it ran. */
function operate(splitter: WorkSplitter): Place | Promise<Place> {
  return splitter.run<Place>(
    () => 'inline',
    (done) => setImmediate(() => done(null, 'pool')),
  );
}
const countInline = (places: readonly string[]): number => places.filter((place) => place === 'inline').length;

describe('WorkSplitter', () => {
  it('serves a lone caller inline, and lets the event loop turn', async () => {
    const splitter = new WorkSplitter();
    let turns = 0;
    let ended = false;
    const turn = (): void => {
      turns++;
      if (!ended) setImmediate(turn);
    };
    setImmediate(turn);
    const places: string[] = [];
    for (let call = 0; call < 340; call++) places.push(await operate(splitter));
    ended = true;
    expect(countInline(places)).toBe(340);
    expect(turns).toBeGreaterThanOrEqual(10);
  });

  it('sends all but the first of a queue to the pool', async () => {
    const splitter = new WorkSplitter();
    expect(countInline(await Promise.all(Array.from({ length: 64 }, () => operate(splitter))))).toBe(1);
  });

  it('sees a queue of callers who await between their operations', async () => {
    const splitter = new WorkSplitter();
    const places: string[] = [];
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let call = 0; call < 10; call++) {
          await undefined;
          places.push(await operate(splitter));
        }
      }),
    );
    expect(places).toHaveLength(80);
    expect(countInline(places)).toBeLessThan(20);
  });

  it('serves inline again once the queue has drained', async () => {
    const splitter = new WorkSplitter();
    await Promise.all([operate(splitter), operate(splitter), operate(splitter)]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(operate(splitter)).toBe('inline');
  });

  it('lets whoever comes while a lone caller waits for the next turn take the pool', async () => {
    const splitter = new WorkSplitter();
    for (let call = 0; call < 32; call++) expect(await operate(splitter)).toBe('inline');
    const waiting = operate(splitter);
    expect(waiting).toBeInstanceOf(Promise);
    expect(await Promise.all([waiting, operate(splitter)])).toEqual(['inline', 'pool']);
  });

  it('hands results back a few at a time', async () => {
    const splitter = new WorkSplitter();
    const finish: (() => void)[] = [];
    const started = Array.from({ length: 50 }, () => splitter.runOnPool<void>((done) => finish.push(() => done(null))));
    let settled = 0;
    for (const each of started) void each.then(() => settled++);
    for (const each of finish) each();
    const perTurn: number[] = [];
    while (settled < 50) {
      const before = settled;
      await new Promise((resolve) => setImmediate(resolve));
      perTurn.push(settled - before);
    }
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(32);
    expect(perTurn.length).toBeGreaterThan(1);
  });

  it('passes errors on, thrown and called back, and goes on', async () => {
    const splitter = new WorkSplitter();
    await expect(splitter.runOnPool((done) => done(new Error('called back'), undefined))).rejects.toThrow(
      'called back',
    );
    const throwing = splitter.runOnPool(() => {
      throw new Error('thrown');
    });
    await expect(throwing).rejects.toThrow('thrown');
    expect(operate(splitter)).toBe('inline');
  });
});
