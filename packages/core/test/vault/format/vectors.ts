import { readFileSync } from 'node:fs';
import type { RecordPlace } from '../../../src/vault/format/envelope.ts';
import type { Padding } from '../../../src/vault/format/padding.ts';

/** A sealed record, made once and for all. Its content is `sequence(contentLength)`. */
export interface RecordVector {
  readonly name: string;
  readonly key: string;
  readonly keyHex: string;
  readonly salt: string;
  readonly place: RecordPlace;
  readonly contentType?: string;
  readonly padding?: Padding;
  readonly contentLength: number;
  readonly sealedLength: number;
  readonly sealedSha256: string;
  /** Of the small ones. */
  readonly sealed?: string;
}

const file = new URL('vectors/records.json', import.meta.url);

/** The published vectors. */
export const recordVectors = (JSON.parse(readFileSync(file, 'utf8')) as { records: RecordVector[] }).records;
