import { type Contestant, inProcess } from '../harness/contestant.ts';
import type { CertificatePool } from './certificate-pool.ts';
import { turns } from './issuance.ts';

/** A contestant that reads certificates in this process, and can show that it did. */
export interface Reader extends Contestant {
  /** The serial number that it reads, lower-case hex. */
  serialNumber(der: Buffer<ArrayBuffer>): string;
}

/**
 * A reader over the pool.
 *
 * @param parse What is timed.
 * @param serialNumber Reads the serial number off what `parse` gave.
 */
export function reader<T>(
  name: string,
  pool: CertificatePool,
  parse: (der: Buffer<ArrayBuffer>) => T,
  serialNumber: (certificate: T) => string,
): Reader {
  const next = turns(pool.ders.length);
  const contestant = inProcess(name, (count) => {
    for (let i = 0; i < count; i++) parse(pool.ders[next()] as Buffer<ArrayBuffer>);
  });
  return { ...contestant, serialNumber: (der) => serialNumber(parse(der)).toLowerCase() };
}

/**
 * Checks that every reader reads what was written.
 *
 * @throws {Error} naming the reader that does not
 */
export function checkReaders(readers: readonly Reader[], pool: CertificatePool): void {
  for (const { name, serialNumber } of readers) {
    for (const index of [0, 1, pool.ders.length - 1]) {
      const read = serialNumber(pool.ders[index] as Buffer<ArrayBuffer>);
      if (read !== pool.serials[index])
        throw new Error(`${name} read serial number ${read}, not ${pool.serials[index]}`);
    }
  }
}
