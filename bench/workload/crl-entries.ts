import { randomFillSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CrlReason } from '../../packages/core/src/x509/crl/crl-reason.ts';

/** A revoked certificate, as every contestant lists it. */
export interface RevokedEntry {
  readonly serialNumber: Uint8Array;
  /** Milliseconds since the epoch, whole seconds. */
  readonly revokedAt: number;
  readonly reason?: CrlReason;
}

/** Revocations over 90 days, three of four with a reason. The same for all contestants. */
export interface CrlWorkload {
  readonly size: number;
  readonly entries: readonly RevokedEntry[];
}

const SERIAL_LENGTH = 20;
const PERIOD_SECONDS = 90 * 86_400;
const REASONS: readonly (CrlReason | undefined)[] = [undefined, 'keyCompromise', 'superseded', 'cessationOfOperation'];
const CODES = { keyCompromise: 1, superseded: 4, cessationOfOperation: 5 } as Readonly<Record<string, number>>;

/** Makes the entries one by one and keeps none. */
export function* revokedEntries(size: number): Generator<RevokedEntry> {
  const end = Math.floor(Date.now() / 1000);
  const block = new Uint8Array(SERIAL_LENGTH * 1024);
  for (let index = 0; index < size; index++) {
    const offset = (index * SERIAL_LENGTH) % block.length;
    if (offset === 0) randomFillSync(block);
    const serialNumber = block.slice(offset, offset + SERIAL_LENGTH);
    serialNumber[0] = 1 + ((serialNumber[0] as number) % 0x7f);
    // A prime stride scatters the instants over the period, as revocations are: no run of equal times.
    const revokedAt = (end - ((index * 7919) % PERIOD_SECONDS)) * 1000;
    const reason = REASONS[index % REASONS.length];
    yield reason === undefined ? { serialNumber, revokedAt } : { serialNumber, revokedAt, reason };
  }
}

/** Makes the entries of one CRL. */
export function createCrlWorkload(size: number): CrlWorkload {
  return { size, entries: [...revokedEntries(size)] };
}

/** Writes the entries for the Go peer, 25 bytes each, and gives the file. */
export function writeBinaryEntries(folder: string, { size, entries }: CrlWorkload): string {
  const file = join(folder, `entries-${size}.bin`);
  writeFileSync(file, Buffer.concat(entries.map(binaryEntry)));
  return file;
}

/** Writes the entries as the database of `openssl ca`, and gives the file. */
export function writeIndex(folder: string, { size, entries }: CrlWorkload): string {
  const file = join(folder, `index-${size}.txt`);
  writeFileSync(file, entries.map(indexLine).join(''));
  writeFileSync(`${file}.attr`, 'unique_subject = no\n');
  return file;
}

function binaryEntry({ serialNumber, revokedAt, reason }: RevokedEntry): Buffer {
  const bytes = Buffer.alloc(SERIAL_LENGTH + 5);
  bytes.set(serialNumber);
  bytes.writeUInt32BE(revokedAt / 1000, SERIAL_LENGTH);
  bytes[SERIAL_LENGTH + 4] = reason === undefined ? 0 : (CODES[reason] as number);
  return bytes;
}

function indexLine({ serialNumber, revokedAt, reason }: RevokedEntry): string {
  const revoked = `${utcTime(revokedAt)}${reason === undefined ? '' : `,${reason}`}`;
  const serial = Buffer.from(serialNumber).toString('hex').toUpperCase();
  return `R\t${utcTime(revokedAt + PERIOD_SECONDS * 1000)}\t${revoked}\t${serial}\tunknown\t/CN=host.bench.example\n`;
}

/** UTCTime as OpenSSL's database has it: YYMMDDHHMMSSZ. */
function utcTime(ms: number): string {
  return `${new Date(ms).toISOString().replace(/[-T:]/g, '').slice(2, 14)}Z`;
}
