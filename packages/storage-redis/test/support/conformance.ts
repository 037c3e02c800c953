import { storageConformance, VirtualClock } from '@chancery/core/testing';
import { RedisStorage } from '@chancery/storage-redis';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Setting } from './clients.ts';

/** Registers the conformance kit for a kind of client and server. Nothing may be skipped. */
export function conformance(name: string, start: () => Promise<Setting>): void {
  describe(name, () => {
    const clock = new VirtualClock();
    let setting: Setting;
    beforeAll(async () => {
      setting = await start();
    });
    afterAll(() => setting.stop());

    storageConformance({
      test: it,
      clock,
      createBackend: (request) => new RedisStorage({ client: setting.client, ...request }),
      storeNewerLayout: (namespace) => {
        const key = `{${namespace}}:schema`;
        return setting.command(key, 'HSET', key, 'layout', '2');
      },
      onSkip: (test, reason) => {
        throw new Error(`The Redis adapter skips nothing, but "${test}" did: ${reason}`);
      },
    });
  });
}
