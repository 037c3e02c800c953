import { isBytes, utf8 } from '../../encoding/bytes.ts';
import { InvalidInputError, SealError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { PREAMBLE_LENGTH, truncated } from './cobblestone/sizes.ts';

/**
 * Whose key opens a record: the user's, who alone has it; one that is kept for the owner; or both together.
 */
export type KeyMode = 'user' | 'managed' | 'dual';

/** Where a record belongs. It opens nowhere else: neither moved, nor exchanged, nor put back in a later version's place. */
export interface RecordPlace {
  /** The storage backend's namespace. */
  readonly namespace: string;
  /** Whose record it is. */
  readonly owner: string;
  /** Which of the owner's records it is. */
  readonly record: string;
  /** Which version of the record it is, from 1. */
  readonly version: number;
  readonly keyMode: KeyMode;
}

/** A record's key, and the place that it is used for. */
export interface RecordKey {
  /** 32 uniformly random bytes. */
  readonly key: Uint8Array;
  readonly place: RecordPlace;
}

/** The length of what is in front of the sealed message: magic, format version, key mode; in bytes. */
export const HEADER_LENGTH = 5;
/** The length of everything in front of the first chunk, in bytes: enough to tell whether a key fits. */
export const RECORD_HEAD_LENGTH = HEADER_LENGTH + PREAMBLE_LENGTH;

// "CRV" and the format's version
const MAGIC = Uint8Array.of(0x43, 0x52, 0x56, 1);
const MODES: readonly (KeyMode | undefined)[] = [undefined, 'user', 'managed', 'dual'];
const HEADERS = MODES.map((_, code) => Uint8Array.of(...MAGIC, code));

/**
 * Writes the header of a record.
 *
 * @param mode whose key opens it
 * @returns 5 bytes
 * @throws {InvalidInputError} INVALID_ARGUMENT: there is no such key mode
 */
export function recordHeader(mode: KeyMode): Uint8Array {
  const header = mode === undefined ? undefined : HEADERS[MODES.indexOf(mode)];
  if (header === undefined) {
    throw new InvalidInputError('INVALID_ARGUMENT', `There is no key mode ${quote(mode)}`);
  }
  return header.slice();
}

/**
 * Reads whose key opens a record, before any key is at hand.
 *
 * @param sealed the record, or its beginning: 5 bytes at least
 * @returns the key mode; it is authenticated by opening the record
 * @throws {SealError} SEAL_INVALID: it is no sealed record, or one of another format version
 * @throws {SealError} SEAL_TRUNCATED: it is shorter than a header
 */
export function keyModeOf(sealed: Uint8Array): KeyMode {
  if (!isBytes(sealed)) throw notARecord(`it is ${typeof sealed}, not bytes`);
  for (let at = 0; at < MAGIC.length && at < sealed.length; at++) {
    if (sealed[at] === MAGIC[at]) continue;
    throw notARecord(at < 3 ? 'it does not begin with CRV' : `its format version is ${sealed[at]}, not ${MAGIC[at]}`);
  }
  if (sealed.length < HEADER_LENGTH) throw truncated(sealed.length);
  const code = sealed[MAGIC.length] as number;
  const mode = MODES[code];
  if (mode === undefined) throw notARecord(`it has no key mode ${code}`);
  return mode;
}

/**
 * Encodes what a record is bound to. Each part has its length in front, so that no two places read alike.
 *
 * @param header of the record
 * @param place where it belongs
 * @returns the context of the sealed message
 * @throws {InvalidInputError} INVALID_ARGUMENT: a part of the place is not well-formed text, or no version
 */
export function recordContext(header: Uint8Array, place: RecordPlace): Uint8Array {
  const { namespace, owner, record, version } = place;
  const parts = [header, textOf('namespace', namespace), textOf('owner', owner), textOf('record', record)];
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new InvalidInputError('INVALID_ARGUMENT', `A record's version is a whole number from 1, not ${version}`);
  }
  let length = 8;
  for (const part of parts) length += 4 + part.length;
  const context = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    writeUint32(context, at, part.length);
    context.set(part, at + 4);
    at += 4 + part.length;
  }
  writeUint32(context, at, Math.floor(version / 0x1_0000_0000));
  writeUint32(context, at + 4, version % 0x1_0000_0000);
  return context;
}

/** As a DataView does, which would move a short array to other memory. */
function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function textOf(name: string, part: string): Uint8Array {
  // UTF-8 has one replacement for every lone surrogate, so two different ids would be one place.
  if (typeof part === 'string' && part.isWellFormed()) return utf8(part);
  throw new InvalidInputError('INVALID_ARGUMENT', `The ${name} of a record's place is not well-formed text`);
}

function notARecord(problem: string): SealError {
  return new SealError('SEAL_INVALID', `The value is not a sealed record: ${problem}`);
}
