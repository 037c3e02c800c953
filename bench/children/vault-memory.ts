import { readFileSync } from 'node:fs';
import { nodeCrypto } from '@chancery/core';
import { openRecordStream, type RecordKey, sealRecordStream } from '@chancery/core/vault';

/** What sealing and opening a stream took, in bytes. */
export interface VaultMemory {
  /** Resident once everything had run on a little. */
  readonly before: number;
  /** The most that was ever resident. */
  readonly peak: number;
  /** What came out. */
  readonly content: number;
}

const PIECE = new Uint8Array(65_536).fill(7);
const place = { namespace: 'bench', owner: 'ada', record: 'film', version: 1, keyMode: 'user' } as const;
const options: RecordKey = { key: nodeCrypto().randomBytes(32), place };

// A process of its own: a heap that other contestants have stretched would hide what is measured.
await throughVault(16 * PIECE.length);
const before = process.memoryUsage.rss();
const content = await throughVault(Number(process.argv[2]));
const memory: VaultMemory = { before, peak: peakResident(), content };
process.send?.(memory, () => process.disconnect());

/** Seals a stream and opens it again as it comes. */
async function throughVault(length: number): Promise<number> {
  const sealed = sealRecordStream(nodeCrypto(), options, pieces(length));
  let opened = 0;
  for await (const piece of openRecordStream(nodeCrypto(), options, sealed)) opened += piece.length;
  return opened;
}

function* pieces(length: number): Generator<Uint8Array> {
  for (let at = 0; at < length; at += PIECE.length) yield PIECE.subarray(0, Math.min(PIECE.length, length - at));
}

function peakResident(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
