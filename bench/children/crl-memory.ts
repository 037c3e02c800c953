import { readFileSync } from 'node:fs';
import { type CrlSigner, crlBuilder } from '../ours/crl.ts';
import { revokedEntries } from '../workload/crl-entries.ts';

/** What signing a CRL took, in bytes. */
export interface CrlMemory {
  readonly crl: number;
  /** Resident once the entries had been walked through. */
  readonly before: number;
  /** The most that was ever resident. */
  readonly peak: number;
}

// A process of its own: a heap that other contestants have stretched would hide what is measured.
const [, , size, signer] = process.argv;
const build = await crlBuilder(JSON.parse(signer as string) as CrlSigner);
await build(revokedEntries(100));
// What making the entries takes is no part of the CRL's: it is taken before.
for (const entry of revokedEntries(Number(size))) if (entry.revokedAt < 0) throw new Error('an entry from before 1970');
const before = process.memoryUsage.rss();
const der = await build(revokedEntries(Number(size)));
const memory: CrlMemory = { crl: der.length, before, peak: peakResident() };
process.send?.(memory, () => process.disconnect());

/**
 * The most that was ever resident, in bytes. On Linux `resourceUsage` counts the parent's memory from before this process's
 * program was loaded; the memory map's own high-water mark does not.
 */
function peakResident(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
