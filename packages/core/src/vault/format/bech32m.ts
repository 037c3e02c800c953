const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR: readonly number[] = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const CHECKSUM_LENGTH = 6;
const BECH32M = 0x2bc830a3;
const NO_CHECKSUM: readonly number[] = new Array<number>(CHECKSUM_LENGTH).fill(0);
/** What five bits that leave the checksum at its top put back into it. */
const FEEDBACK = Array.from({ length: 32 }, (_, top) =>
  GENERATOR.reduce((sum, generator, bit) => ((top >>> bit) & 1 ? sum ^ generator : sum), 0),
);
const STARTS = new Map<string, number>();

/** What keeps a text from being Bech32m of a certain prefix and length. */
export type Bech32mFault =
  | { readonly fault: 'prefix' | 'case' | 'checksum' | 'padding' }
  | { readonly fault: 'length'; readonly expected: number }
  | { readonly fault: 'character'; readonly position: number };

/**
 * Encodes bytes as Bech32m (BIP 350): a checksum that finds any four wrong characters, and all but one in a billion of
 * anything else.
 *
 * @param prefix lower-case letters
 * @param bytes the bytes
 * @returns the text, in lower case
 */
export function toBech32m(prefix: string, bytes: Uint8Array): string {
  const data = toGroups(bytes);
  const checksum = polymod(NO_CHECKSUM, polymod(data, startOf(prefix))) ^ BECH32M;
  for (let at = 0; at < CHECKSUM_LENGTH; at++) data.push((checksum >>> (5 * (CHECKSUM_LENGTH - 1 - at))) & 31);
  return `${prefix}1${String.fromCharCode(...data.map((group) => ALPHABET.charCodeAt(group)))}`;
}

/**
 * Decodes Bech32m (BIP 350) of a known prefix and length.
 *
 * @param prefix lower-case letters
 * @param length how many bytes are expected
 * @param text the text, in either case
 * @returns the bytes, or what is wrong; never a part of the text
 */
export function fromBech32m(prefix: string, length: number, text: string): Uint8Array | Bech32mFault {
  const lower = text.toLowerCase();
  if (!lower.startsWith(`${prefix}1`)) return { fault: 'prefix' };
  if (text !== lower && text !== text.toUpperCase()) return { fault: 'case' };
  const start = prefix.length + 1;
  const expected = start + Math.ceil((length * 8) / 5) + CHECKSUM_LENGTH;
  const data: number[] = [];
  for (let at = start; at < lower.length && at < expected; at++) {
    const group = ALPHABET.indexOf(lower[at] as string);
    if (group < 0) return { fault: 'character', position: at };
    data.push(group);
  }
  if (lower.length !== expected) return { fault: 'length', expected };
  if (polymod(data, startOf(prefix)) !== BECH32M) return { fault: 'checksum' };
  return fromGroups(data.slice(0, -CHECKSUM_LENGTH), length) ?? { fault: 'padding' };
}

/** Groups of five bits, the last one filled up with zeros. */
function toGroups(bytes: Uint8Array): number[] {
  const groups: number[] = [];
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      groups.push((held >>> bits) & 31);
    }
  }
  if (bits > 0) groups.push((held << (5 - bits)) & 31);
  return groups;
}

function fromGroups(groups: readonly number[], length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(length);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const group of groups) {
    held = ((held << 5) | group) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = held >>> bits;
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}

/** The checksum of a prefix, for that of the data to go on from. There are not many prefixes: each is worked out once. */
function startOf(prefix: string): number {
  const known = STARTS.get(prefix);
  if (known !== undefined) return known;
  const codes = Array.from(prefix, (letter) => letter.charCodeAt(0));
  const high = codes.map((code) => code >>> 5);
  const low = codes.map((code) => code & 31);
  const start = polymod([...high, 0, ...low], 1);
  STARTS.set(prefix, start);
  return start;
}

function polymod(values: readonly number[], start: number): number {
  let checksum = start;
  for (const value of values) {
    checksum = ((checksum & 0x1ffffff) << 5) ^ value ^ (FEEDBACK[checksum >>> 25] as number);
  }
  return checksum;
}
