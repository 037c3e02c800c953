import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { invalidDer } from './der-error.ts';

// The longest OIDs in use are UUIDs under 2.25, at 20 octets. The cap keeps the arithmetic on huge arcs trivial.
const MAX_OCTETS = 128;
const MAX_SAFE_SHIFT = 2 ** 46;
// Certificates hold the same few OIDs again and again: one string for all of them is also one that compares at once.
const REMEMBERED = 512;
const MOST_REMEMBERED_OCTETS = 16;
const remembered = new Array<{ readonly content: Uint8Array; readonly text: string } | undefined>(REMEMBERED);
const DOTTED = /^[0-2](\.(0|[1-9][0-9]*))+$/;

/**
 * Decodes the content octets of an OBJECT IDENTIFIER (X.690 section 8.19).
 *
 * @param bytes the bytes that hold it
 * @param start where the content starts
 * @param end where it ends
 * @returns the dotted form, such as `2.5.29.17`
 * @throws {InvalidInputError} DER_INVALID: it is empty, too long, cut off, or an arc is not in its shortest form
 */
export function decodeOid(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > MOST_REMEMBERED_OCTETS) return decode(bytes, start, end);
  let slot = 0;
  for (let at = start; at < end; at++) slot = (slot * 31 + (bytes[at] as number)) % REMEMBERED;
  const known = remembered[slot];
  if (known !== undefined && isContent(known.content, bytes, start, end)) return known.text;
  const text = decode(bytes, start, end);
  remembered[slot] = { content: bytes.slice(start, end), text };
  return text;
}

function isContent(content: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (content.length !== end - start) return false;
  for (let at = start; at < end; at++) if (content[at - start] !== bytes[at]) return false;
  return true;
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  if (end === start) invalidDer('An OBJECT IDENTIFIER is empty', start);
  if (end - start > MAX_OCTETS) invalidDer(`An OBJECT IDENTIFIER is longer than ${MAX_OCTETS} octets`, start);
  let text = '';
  let arc = 0;
  let large: bigint | undefined;
  let arcStart = start;
  for (let at = start; at < end; at++) {
    const octet = bytes[at] as number;
    if (at === arcStart && octet === 0x80) invalidDer('An OBJECT IDENTIFIER arc has a leading zero', at);
    if (large !== undefined) large = (large << 7n) | BigInt(octet & 0x7f);
    else if (arc >= MAX_SAFE_SHIFT) large = (BigInt(arc) << 7n) | BigInt(octet & 0x7f);
    else arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    if (text !== '') text += `.${large ?? arc}`;
    else if (large !== undefined) text = `2.${large - 80n}`;
    else text = arc < 80 ? `${arc < 40 ? 0 : 1}.${arc % 40}` : `2.${arc - 80}`;
    arc = 0;
    large = undefined;
    arcStart = at + 1;
  }
  if (arcStart !== end) invalidDer('An OBJECT IDENTIFIER is cut off within an arc', end - 1);
  return text;
}

/**
 * Encodes the content octets of an OBJECT IDENTIFIER (X.690 section 8.19).
 *
 * @param dotted the dotted form, such as `2.5.29.17`
 * @returns the content octets, without tag and length
 * @throws {InvalidInputError} INVALID_ARGUMENT: it is not a dotted OID with at least two arcs
 */
export function encodeOid(dotted: string): Uint8Array {
  if (typeof dotted !== 'string' || dotted.length > 4 * MAX_OCTETS || !DOTTED.test(dotted)) return refuse(dotted);
  const [first, second, ...rest] = dotted.split('.') as [string, string, ...string[]];
  if (first !== '2' && Number(second) > 39) return refuse(dotted);
  const octets: number[] = [];
  pushArc(octets, BigInt(first) * 40n + BigInt(second));
  for (const arc of rest) pushArc(octets, arc.length > 15 ? BigInt(arc) : Number(arc));
  return octets.length > MAX_OCTETS ? refuse(dotted) : Uint8Array.from(octets);
}

function pushArc(octets: number[], arc: number | bigint): void {
  if (arc > Number.MAX_SAFE_INTEGER) {
    const groups = [Number(BigInt(arc) & 0x7fn)];
    for (let left = BigInt(arc) >> 7n; left > 0n; left >>= 7n) groups.push(Number(left & 0x7fn) | 0x80);
    octets.push(...groups.reverse());
    return;
  }
  const small = Number(arc);
  let unit = 1;
  while (unit * 128 <= small) unit *= 128;
  for (; unit > 1; unit /= 128) octets.push((Math.floor(small / unit) % 128) | 0x80);
  octets.push(small % 128);
}

function refuse(dotted: unknown): never {
  throw new InvalidInputError('INVALID_ARGUMENT', `${quote(dotted)} is not an object identifier`);
}
