import { describe, expect, it } from 'vitest';
import { EventLog } from '../../src/events/event-log.ts';
import { LocalKeyring } from '../../src/keyring/local-keyring.ts';
import { RecordVault } from '../../src/vault/record-vault.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { createTestStorage } from '../support/test-storage.ts';
import { content, createTestVault } from './support.ts';

const good = { ownerId: 'ann', data: 'x' };
type Bad = Record<string, unknown>;

describe('options that are malformed', () => {
  const { vault, clock } = createTestVault();
  const long = 'x'.repeat(1_025);

  it.each<[string, Bad]>([
    ['ownerId', { ...good, ownerId: '' }],
    ['ownerId', { ...good, ownerId: long }],
    ['ownerId', { ...good, ownerId: '\ud800' }],
    ['ownerId', { data: 'x' }],
    ['recordId', { ...good, recordId: 7 }],
    ['recordId', { ...good, recordId: long }],
    ['data', { ownerId: 'ann' }],
    ['data', { ...good, data: 7 }],
    ['data', { ...good, data: [1, 2] }],
    ['keyMode', { ...good, keyMode: 'none' }],
    ['expiresAt', { ...good, expiresAt: clock.now() + 1 }],
    ['expiresAt', { ...good, expiresAt: new Date(clock.now()) }],
    ['expiresAt', { ...good, expiresAt: new Date(Number.NaN) }],
    ['maxReads', { ...good, maxReads: 0 }],
    ['maxReads', { ...good, maxReads: 1.5 }],
    ['ifVersion', { ...good, ifVersion: 0 }],
    ['padding', { ...good, padding: 'much' }],
    ['signal', { ...good, signal: 'now' }],
    ['ownerID', { ...good, ownerID: 'ann' }],
  ])('are refused by store, which names %s and quotes nothing', async (name, options) => {
    const error = await rejection(() => vault.store(options as never));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain(name);
    expect(error.message).not.toContain('xxxx');
  });

  it('are refused by all the others', async () => {
    const calls: (() => Promise<unknown>)[] = [
      () => vault.store(undefined as never),
      () => vault.store({ ...good, contentType: 'naïve' }),
      () => vault.retrieve({ ownerId: 'ann', version: 0 }),
      () => vault.retrieve({ ownerId: 'ann', range: { start: 2, end: 1 } }),
      () => vault.retrieve({ ownerId: 'ann', range: { start: -1 } }),
      () => vault.retrieveStream({ ownerId: 'ann', key: 7 as never }),
      () => vault.delete({ ownerId: '' }),
      () => vault.undelete({} as never),
      () => vault.list({ ownerId: 'ann', limit: 0 }),
      () => vault.list({ ownerId: 'ann', limit: 1_001 }),
      () => vault.eraseOwner('ann' as never),
      () => vault.erasureReceipt(7 as never),
      () => vault.erasureReceipt('x', null as never),
      () => vault.receiptPublicKey(null as never),
      () => vault.receiptPublicKey({ signal: 'now' as never }),
      () => vault.rotatePseudonymKey(null as never),
      () => vault.rewrap({ limit: 0 }),
      () => vault.wrap({ data: content(512 * 1024 + 1) }),
      () => vault.wrap({ data: 'x', ttlMs: 0 }),
      () => vault.unwrap({} as never),
    ];
    for (const call of calls) expect(await codeOf(call)).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => vault.unwrap({ token: 'chkey1' }))).toBe('VAULT_KEY_INVALID');
  });

  it('are refused by the constructor', async () => {
    const { storage } = createTestStorage(clock);
    const keyring = LocalKeyring.generate();
    const made = (options: object) => codeOf(() => new RecordVault({ storage, keyring, ...options }));
    expect(await made({ undeleteForMs: -1 })).toBe('INVALID_ARGUMENT');
    expect(await made({ undeleteForMs: 91 * 86_400_000 })).toBe('INVALID_ARGUMENT');
    expect(await made({ keyring: undefined })).toBe('INVALID_ARGUMENT');
    for (const erasureKeys of [null, 7, {}]) expect(await made({ erasureKeys })).toBe('INVALID_ARGUMENT');
    expect(await made({ requireDurability: 'much' })).toBe('INVALID_ARGUMENT');
    const elsewhere = new EventLog({ storage: createTestStorage(clock).storage });
    expect(await made({ events: elsewhere })).toBe('EVENTS_STORAGE_MISMATCH');
  });
});

describe('what is not there', () => {
  it('is an error that says so', async () => {
    const { vault } = createTestVault();
    for (const ownerId of ['nobody', 'ann']) {
      expect(await codeOf(vault.retrieve({ ownerId, recordId: 'x' }))).toBe('RECORD_NOT_FOUND');
      expect(await codeOf(vault.delete({ ownerId, recordId: 'x' }))).toBe('RECORD_NOT_FOUND');
      expect(await codeOf(vault.undelete({ ownerId, recordId: 'x' }))).toBe('RECORD_NOT_FOUND');
      if (ownerId === 'nobody') await vault.store(good);
    }
    expect(await codeOf(vault.eraseOwner({ ownerId: 'nobody' }))).toBe('VAULT_OWNER_NOT_FOUND');
    expect(await codeOf(vault.erasureReceipt('nothing'))).toBe('ERASURE_NOT_FOUND');
  });

  it('is no reason to do anything once the signal is aborted', async () => {
    const { vault, dump } = createTestVault();
    const signal = AbortSignal.abort();
    const calls = [
      () => vault.store({ ...good, signal }),
      () => vault.store({ ...good, data: content(100_000), signal }),
      () => vault.retrieve({ ownerId: 'ann', signal }),
      () => vault.delete({ ownerId: 'ann', signal }),
      () => vault.undelete({ ownerId: 'ann', signal }),
      () => vault.list({ ownerId: 'ann', signal }),
      () => vault.eraseOwner({ ownerId: 'ann', signal }),
      () => vault.wrap({ data: 'x', signal }),
    ];
    for (const call of calls) expect(await codeOf(call)).toBe('ABORTED');
    expect(await dump()).toEqual([]);
  });
});
