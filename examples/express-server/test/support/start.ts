import { LocalKeyring } from '@chancery/core';
import { MemoryStorage } from '@chancery/storage-memory';
import { DEFAULT_PACE } from '../../src/pace.ts';
import { type RunningServer, type StartOptions, startServer } from '../../src/server.ts';

/** What is pending stays so, however long a test takes to look at it. */
const PACE = { ...DEFAULT_PACE, approvalMs: 24 * 3_600_000 };

/** A server in memory, on free ports. */
export function startInMemory(options: Partial<StartOptions> = {}): Promise<RunningServer> {
  return startServer({ storage: new MemoryStorage(), keyring: LocalKeyring.generate(), pace: PACE, ...options });
}

/** A lifetime after which the renewal, at the pace of the demonstration, is due within seconds. */
export const DUE_SOON = { hours: 219 / 3_600 };
