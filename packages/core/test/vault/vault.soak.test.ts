import { describe, expect, it } from 'vitest';
import { ChanceryError } from '../../src/errors/chancery-error.ts';
import { SeededRandom } from '../../src/testing/random.ts';
import type { KeyMode } from '../../src/vault/format/envelope.ts';
import { seed, soakSize } from '../support/soak.ts';
import { storageSize } from '../support/test-storage.ts';
import { collect, content, createTestVault, DAY, expectContent, HOUR, maintain, of, streamOf } from './support.ts';

const STEPS = soakSize(storageSize(250, 40), storageSize(20_000, 2_000));
const LARGEST = soakSize(storageSize(4, 2), 64) * 1024 * 1024;
const SEED = seed(20_261_122);
const OWNERS = ['ann', 'bob', 'eve'];
const RECORDS = ['a', 'b'];
const MODES: readonly KeyMode[] = ['user', 'managed', 'dual'];

interface Known {
  readonly data: Uint8Array;
  readonly key: string | undefined;
  readonly version: number;
  deletedAt?: number;
}

describe(`random operations, seed ${SEED}`, () => {
  it(`agree with a map, ${STEPS} steps long`, { timeout: 24 * 60 * 60 * 1000 }, async () => {
    const random = new SeededRandom(SEED);
    const { vault, another, clock, dump } = createTestVault();
    const instances = [vault, another(), another()];
    const known = new Map<string, Known>();
    const versions = new Map<string, number>();

    const read = async (name: { ownerId: string; recordId: string }): Promise<void> => {
      const record = known.get(`${name.ownerId}/${name.recordId}`);
      const instance = random.pick(instances);
      const options = { ...name, ...(record?.key === undefined ? {} : { key: record.key }) };
      if (record === undefined || record.deletedAt !== undefined) {
        await expect(instance.retrieve({ ...name })).rejects.toMatchObject({ code: 'RECORD_NOT_FOUND' });
        return;
      }
      const { data, version } = await instance.retrieve({ ...options, expectVersion: record.version });
      expect(version).toBe(record.version);
      expectContent(data, record.data);
      if (random.chance(0.3))
        expectContent(await collect((await instance.retrieveStream(options)).stream), record.data);
    };

    for (let step = 0; step < STEPS; step++) {
      const instance = random.pick(instances);
      const name = { ownerId: random.pick(OWNERS), recordId: random.pick(RECORDS) };
      const at = `${name.ownerId}/${name.recordId}`;
      const record = known.get(at);
      const choice = random.integer(0, 99);
      if (choice < 40) {
        const length = random.chance(0.3) ? random.integer(0, 600_000) : random.integer(0, 2_000);
        const data = content(length, step + 1);
        const keyMode = random.pick(MODES);
        const given = random.chance(0.5) ? data : streamOf(data, random.integer(1_000, 90_000));
        const { version, key } = await instance.store({
          ...name,
          data: given,
          keyMode,
          padding: random.pick(['none', 'padme']),
        });
        expect(version).toBeGreaterThan(versions.get(at) ?? 0);
        versions.set(at, version);
        known.set(at, { data, key, version });
      } else if (choice < 75) {
        await read(name);
      } else if (choice < 82) {
        const live = record !== undefined && record.deletedAt === undefined;
        const outcome = await instance.delete(name).then(
          () => true,
          (error: unknown) => (error instanceof ChanceryError ? false : Promise.reject(error)),
        );
        expect(outcome).toBe(live);
        if (record !== undefined && live) record.deletedAt = clock.now();
      } else if (choice < 87) {
        const possible = record?.deletedAt !== undefined && clock.now() < record.deletedAt + DAY;
        const outcome = await instance.undelete(name).then(
          () => true,
          (error: unknown) => (error instanceof ChanceryError ? false : Promise.reject(error)),
        );
        expect(outcome).toBe(possible);
        if (possible) delete record.deletedAt;
      } else if (choice < 91) {
        clock.advance(random.integer(1, 14) * HOUR);
      } else if (choice < 95) {
        await maintain(instance, random.integer(1, 5));
      } else if (choice < 97) {
        await instance.rotatePseudonymKey();
      } else {
        const { ownerId } = name;
        await instance.eraseOwner({ ownerId }).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'VAULT_OWNER_NOT_FOUND' });
        });
        for (const recordId of RECORDS) {
          known.delete(`${ownerId}/${recordId}`);
          versions.delete(`${ownerId}/${recordId}`);
        }
      }
    }
    for (const ownerId of OWNERS) for (const recordId of RECORDS) await read({ ownerId, recordId });
    clock.advance(3 * DAY);
    await maintain(vault);
    const documents = await dump();
    const referred = of(documents, 'vault_records').map(
      ({ data }) => (data.body as { chunks: number } | undefined)?.chunks ?? 0,
    );
    expect(of(documents, 'vault_record_chunks')).toHaveLength(referred.reduce((sum, chunks) => sum + chunks, 0));
    expect(of(documents, 'vault_removals')).toEqual([]);
  });
});

describe('a record of many chunks', () => {
  it(`of ${LARGEST} bytes comes back whole, in parts and as a stream`, { timeout: 600_000 }, async () => {
    const { vault } = createTestVault();
    const data = content(LARGEST);
    const { key = '' } = await vault.store({ ownerId: 'ann', data: streamOf(data, 1_000_003) });
    const options = { ownerId: 'ann', key };
    expectContent((await vault.retrieve(options)).data, data);
    expectContent(await collect((await vault.retrieveStream(options)).stream), data);
    const random = new SeededRandom(SEED);
    for (let round = 0; round < 20; round++) {
      const start = random.integer(0, LARGEST);
      const end = Math.min(LARGEST, start + random.integer(0, 300_000));
      expectContent((await vault.retrieve({ ...options, range: { start, end } })).data, data.slice(start, end));
    }
  });
});
