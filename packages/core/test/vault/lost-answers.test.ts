import { describe, expect, it } from 'vitest';
import type { StorageBackend, Write } from '../../src/ports/storage.ts';
import { type FaultInjector, faultInjector } from '../../src/testing/fault-injector.ts';
import { RecordVault } from '../../src/vault/record-vault.ts';
import { settled } from '../support/settled.ts';
import { overriding } from '../support/test-storage.ts';
import { createTestVault } from './support.ts';

const ann = { ownerId: 'ann', keyMode: 'managed' } as const;
const lost = ['loseRequest', 'loseAnswer', 'landLate'] as const;

/** What somebody else does between the commit whose answer is lost and the next attempt. */
const rivals: Record<string, (judge: RecordVault) => Promise<unknown>> = {
  nothing: async () => undefined,
  'a store': (judge) => judge.store({ ...ann, data: 'theirs' }),
  'a deletion for good': (judge) => judge.delete({ ownerId: 'ann' }).catch(() => undefined),
  'a store and a deletion for good': async (judge) => {
    await judge.store({ ...ann, data: 'theirs' });
    await judge.delete({ ownerId: 'ann' });
  },
  'an erasure of the owner': (judge) => judge.eraseOwner({ ownerId: 'ann' }),
};

interface Scene {
  readonly vault: RecordVault;
  readonly judge: RecordVault;
  readonly faults: FaultInjector;
  /** Every write that the vault has sent. */
  readonly sent: Write[];
  meanwhile: () => Promise<unknown>;
}

/** A vault without events: nothing but the documents themselves tells what became of a commit. */
async function scene(): Promise<Scene> {
  const { storage, keyring, clock } = createTestVault();
  const faults = faultInjector(storage, { seed: 1 });
  const sent: Write[] = [];
  const interrupted: StorageBackend = overriding(faults, {
    commit: async (writes) => {
      sent.push(...writes);
      try {
        return await faults.commit(writes);
      } catch (error) {
        await made.meanwhile();
        throw error;
      }
    },
  });
  const open = (backend: StorageBackend) => new RecordVault({ storage: backend, keyring, clock, undeleteForMs: 0 });
  const made: Scene = {
    vault: open(interrupted),
    judge: open(storage),
    faults,
    sent,
    meanwhile: async () => undefined,
  };
  await made.vault.store({ ...ann, recordId: 'earlier', data: 'earlier' });
  return made;
}

async function readBy(vault: RecordVault): Promise<{ version: number; text: string } | undefined> {
  const [read] = await Promise.allSettled([vault.retrieve({ ownerId: 'ann' })]);
  if (read.status === 'rejected') return undefined;
  return { version: read.value.version, text: new TextDecoder().decode(read.value.data) };
}

describe.each([false, true])('a store whose answer is lost, over a record that is there: %s', (replaces) => {
  describe.each(Object.entries(rivals))('while others do %s', (rival, act) => {
    it.each(lost)('is done once, and never late: %s', async (kind) => {
      const made = await scene();
      const { vault, judge, faults } = made;
      if (replaces) await judge.store({ ...ann, data: 'before' });
      if (replaces) await vault.retrieve({ ownerId: 'ann' });
      made.meanwhile = async () => {
        made.meanwhile = async () => undefined;
        await act(judge);
      };
      // Over a record that is there, the first commit is a guess that conflicts.
      faults.plan({ method: 'commit', kind, skip: replaces ? 1 : 0 });
      const { value: stored, error } = await settled(vault.store({ ...ann, data: 'ours' }));
      expect(faults.log).toHaveLength(1);
      // Who has read of the owner who is erased does not store for one who comes after.
      const refused = replaces && rival === 'an erasure of the owner';
      expect(error).toEqual(refused ? expect.objectContaining({ code: 'VAULT_OWNER_ERASED' }) : undefined);
      const read = await readBy(judge);
      expect([undefined, 'ours', 'theirs']).toContain(read?.text);
      expect(read?.text === 'ours').toBe(read !== undefined && read.version === stored?.version);
      if (rival === 'nothing') expect(read?.text).toBe('ours');
      await faults.settle();
      expect(await readBy(judge)).toEqual(read);
      expect((await judge.store({ ...ann, data: 'again' })).version).toBeGreaterThan(read?.version ?? 0);
    });
  });
});

it('a new record of an owner who is known takes one commit of two writes, and no read', async () => {
  const { vault, sent, faults } = await scene();
  sent.length = 0;
  faults.plan({ method: 'get', kind: 'refuse', times: 1_000 });
  const { version } = await vault.store({ ...ann, data: 'ours' });
  expect(version).toBe(1);
  expect(sent.map(({ kind, collection }) => `${kind} ${collection}`)).toEqual([
    'put vault_records',
    'check vault_owners',
  ]);
});
