import { createSecureContext } from 'node:tls';
import { createTlsResolver } from '@chancery/core';
import { type SharedPem, servedName, servedNames } from '../workload/served-names.ts';

/** What it took to have served so many names, in bytes. */
export interface TlsMemory {
  /** Resident once one name had been served. */
  readonly before: number;
  readonly after: number;
}

// A process of its own: a heap that other contestants have stretched would hide what is measured.
const [, , how, names, limit, pem] = process.argv;
const shared = JSON.parse(pem as string) as SharedPem;
const count = Number(names);
const resolver = createTlsResolver({
  certificates: servedNames(count, shared),
  maxContexts: Number(limit),
  // Each name is asked for once, and all of them at the pace at which contexts are made.
  lookupsPerSecond: 1_000_000,
});
await resolver.secureContext(servedName(0));
const kept: unknown[] = [];
globalThis.gc?.();
const before = process.memoryUsage.rss();
for (let at = 0; at < count; at++) {
  if (how === 'resolver') await resolver.secureContext(servedName(at));
  else kept.push(createSecureContext({ cert: shared.certificatePem, key: shared.keyPem }));
}
const memory: TlsMemory = { before, after: process.memoryUsage.rss() };
if (how !== 'resolver' && kept.length !== count) throw new Error('contexts were lost');
await resolver.close();
process.send?.(memory, () => process.disconnect());
