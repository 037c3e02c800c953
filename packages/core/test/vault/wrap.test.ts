import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/encoding/bytes.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { content, createTestVault, DAY, of, putDocument } from './support.ts';

describe('a wrapped response', () => {
  it('is handed over once, and the second time is an alarm', async () => {
    const warnings: unknown[] = [];
    const say = () => undefined;
    const logger = { debug: say, info: say, error: say, warn: (...words: unknown[]) => void warnings.push(words) };
    const { vault, another, events } = createTestVault({ logger });
    const { token, wrapId, expiresAt } = await vault.wrap({ data: 'the answer', contentType: 'text/plain' });
    expect(expiresAt.getTime()).toBeGreaterThan(0);
    const other = another();
    warnings.length = 0;
    expect(await other.unwrap({ token })).toEqual({ data: utf8('the answer'), contentType: 'text/plain', wrapId });
    for (const repeat of [1, 2]) {
      const error = await rejection(vault.unwrap({ token }));
      expect(error).toMatchObject({ code: 'WRAP_ALREADY_UNWRAPPED', facts: { wrap: wrapId } });
      const alarms = (await events.pending({ limit: 10 })).items.filter(({ type }) => type === 'wrap.unwrapped_again');
      expect(alarms).toHaveLength(repeat);
      expect(alarms.at(-1)).toMatchObject({ subject: wrapId });
    }
    expect(warnings).toHaveLength(2);
  });

  it('goes to exactly one of many who ask at one time', async () => {
    const { vault, another } = createTestVault();
    const data = content(400_000);
    const { token } = await vault.wrap({ data });
    const instances = [vault, another()];
    const attempts = Array.from({ length: 12 }, (_, at) => (instances[at % 2] ?? vault).unwrap({ token }));
    const settled = await Promise.allSettled(attempts);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const each of settled) if (each.status === 'rejected') expect(each.reason.code).toBe('WRAP_ALREADY_UNWRAPPED');
  });

  it('is gone when its time is over, and what was handed over is remembered for longer', async () => {
    const { vault, clock, dump } = createTestVault();
    const late = await vault.wrap({ data: 'x', ttlMs: 1_000 });
    const taken = await vault.wrap({ data: 'y', ttlMs: 1_000 });
    await vault.unwrap({ token: taken.token });
    clock.advance(1_000);
    expect(await codeOf(vault.unwrap({ token: late.token }))).toBe('WRAP_NOT_FOUND');
    expect(await codeOf(vault.unwrap({ token: taken.token }))).toBe('WRAP_ALREADY_UNWRAPPED');
    clock.advance(31 * DAY);
    expect(await codeOf(vault.unwrap({ token: taken.token }))).toBe('WRAP_NOT_FOUND');
    expect(of(await dump(), 'vault_wraps')).toEqual([]);
  });

  it('that was tampered with is neither handed over nor taken for handed over', async () => {
    const { vault, storage, dump } = createTestVault();
    const { token } = await vault.wrap({ data: 'x' });
    const other = await vault.wrap({ data: 'z' });
    const documents = of(await dump(), 'vault_wraps');
    const mine = documents.find(({ id }) => id !== other.wrapId);
    const foreign = documents.find(({ id }) => id === other.wrapId);
    if (mine?.bytes === undefined || foreign?.bytes === undefined) throw new Error('no wraps');
    for (const bytes of [
      mine.bytes.map((byte, at) => (at === 70 ? byte ^ 1 : byte)),
      mine.bytes.slice(0, -1),
      foreign.bytes,
    ]) {
      await putDocument(storage, { ...mine, bytes });
      expect(await codeOf(vault.unwrap({ token }))).toMatch(/^SEAL_/);
    }
    await putDocument(storage, mine);
    expect((await vault.unwrap({ token })).data).toEqual(utf8('x'));
  });
});
