import { LocalKeyring } from '@chancery/core';
import { MemoryStorage } from '@chancery/storage-memory';
import { type RunningServer, type StartOptions, startServer } from '../../src/server.ts';

/** A server in memory, on free ports. */
export function startInMemory(options: Partial<StartOptions> = {}): Promise<RunningServer> {
  return startServer({ storage: new MemoryStorage(), keyring: LocalKeyring.generate(), ...options });
}

/** A lifetime after which the renewal, at the pace of the demonstration, is due within seconds. */
export const DUE_SOON = { hours: 219 / 3_600 };
