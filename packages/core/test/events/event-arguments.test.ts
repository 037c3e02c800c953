import { describe, expect, it } from 'vitest';
import { cloudEventJson, generateWebhookSecret } from '../../src/index.ts';
import { codeOf } from '../support/expect-error.ts';
import { createTestLog, factsOf } from './support.ts';

const { events } = createTestLog();
const none = null as never;
const cycle: Record<string, unknown> = {};
cycle.itself = cycle;

describe('arguments that are malformed', () => {
  it.each<[string, () => unknown]>([
    ['write', () => events.write(none)],
    ['writePersonal', () => events.writePersonal(none, { owner: 'ann', data: {} })],
    ['writePersonal', () => events.writePersonal(factsOf('a'), none)],
    ['eraseOwner', () => events.eraseOwner('ann', none)],
    ['pending', () => events.pending(none)],
    ['pending', () => events.pending('x'.repeat(1_000) as never)],
    ['pending', () => events.pending({ limit: 0 })],
    ['pending', () => events.pending({ limit: 5, index: 'bySequence' } as never)],
    ['size', () => events.size(none)],
    ['size', () => events.size({ signal: 'now' as never })],
    ['checkpoint', () => events.checkpoint(none)],
    ['verifierKey', () => events.verifierKey(none)],
    ['on', () => events.on(10n as never, () => undefined)],
    ['on', () => events.on(cycle as never, () => undefined)],
    ['deliveries.status', () => events.deliveries.status(none)],
    ['deliveries.enable', () => events.deliveries.enable('x', none)],
    ['deliveries.remove', () => events.deliveries.remove('x', none)],
    ['cloudEventJson', () => cloudEventJson(none)],
    ['cloudEventJson', () => cloudEventJson({ time: new Date(Number.NaN) } as never)],
    ['generateWebhookSecret', () => generateWebhookSecret(none)],
  ])('are refused by %s', async (_, call) => {
    expect(await codeOf(call)).toBe('INVALID_ARGUMENT');
  });

  it.each([Symbol('x'), Object.create(null), 7, undefined])('name no sink', async (name) => {
    expect(await codeOf(() => events.deliveries.enable(name as never))).toBe('SINK_NOT_FOUND');
  });
});
