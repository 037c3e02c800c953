import { describe, expect, it } from 'vitest';
import { namedSinks, sinkFunctions } from '../../../src/events/delivery/sink-rules.ts';
import { typeMatcher } from '../../../src/events/type-pattern.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { createScene, testSink } from './support.ts';

describe('the options of deliveries', () => {
  it.each([
    [{ concurrency: 0 }, 'concurrency'],
    [{ concurrency: 65 }, 'concurrency'],
    [{ leaseMs: 1 }, 'leaseMs'],
    [{ leaseMs: Number.NaN }, 'leaseMs'],
    [{ retryForMs: -1 }, 'retryForMs'],
    [{ pollMs: 0.5 }, 'pollMs'],
  ])('%o are refused, and told by name', async (options, name) => {
    const error = await rejection(() => createScene().deliveries([testSink()], options));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain(name);
  });
});

describe('sinks', () => {
  it('part into those with a name and bare functions', () => {
    const [sink, listener] = [testSink(), () => undefined];
    expect(namedSinks([listener, sink])).toEqual([sink]);
    expect(sinkFunctions([listener, sink])).toEqual([listener]);
  });

  it('of one name are refused', async () => {
    const error = await rejection(() => namedSinks([testSink('x'), testSink('y'), testSink('x')]));
    expect(error).toMatchObject({ code: 'SINK_NAME_TAKEN', facts: { sink: 'x' } });
  });

  it.each([
    [null],
    ['webhook'],
    [{}],
    [{ name: 'x' }],
    [{ ...testSink(''), name: '' }],
    [testSink('two words')],
    [testSink('ümlaut')],
    [testSink('x'.repeat(256))],
    [testSink('x', { types: [] })],
    [testSink('x', { types: ['certificate*'] })],
    [testSink('x', { from: 'yesterday' as never })],
    [testSink('x', { timeoutMs: 0 })],
    [testSink('x', { timeoutMs: 300_001 })],
  ])('that are malformed are refused: %#', async (sink) => {
    expect(await codeOf(() => namedSinks([sink as never]))).toBe('INVALID_ARGUMENT');
  });
});

describe('patterns of types', () => {
  it.each([
    ['*', ['a', 'a.b'], []],
    ['a.*', ['a.b', 'a.b.c'], ['a', 'ab.c', 'b.a.b']],
    ['a.b', ['a.b'], ['a.b.c', 'a', 'a.bc']],
    ['certificate.renewal_failed', ['certificate.renewal_failed'], ['certificate.renewal']],
  ])('%s', (pattern, fit, others) => {
    const matches = typeMatcher([pattern]);
    expect(fit.filter((type) => !matches(type))).toEqual([]);
    expect(others.filter(matches)).toEqual([]);
  });

  it.each(['', '.', '*.a', 'a.', 'a..b', 'a*', 'a.*.b', ' a', 'a\n', 'x'.repeat(201)])(
    '%j is none',
    async (pattern) => {
      expect(await codeOf(() => typeMatcher([pattern]))).toBe('INVALID_ARGUMENT');
    },
  );
});
