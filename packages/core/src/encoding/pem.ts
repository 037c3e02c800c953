import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import { fromBase64, toBase64 } from './base64.ts';

const LINE = 64;
const BEGIN = '-----BEGIN ';
const END = '-----END ';
const DASHES = '-----';
// RFC 7468 section 3: printable characters, in which single spaces or hyphens join words.
const LABEL = /^[\x21-\x2c\x2e-\x7e]+(?:[ -][\x21-\x2c\x2e-\x7e]+)*$/;

/** One block of a PEM file: what its label says it is, and its bytes. */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
}

/** What {@link decodePem} accepts. */
export interface PemOptions {
  /** The label, or labels, that every block must have; default any. */
  readonly label?: string | readonly string[];
  /** How many blocks there may be; default 1,000. */
  readonly maxBlocks?: number;
}

/**
 * Writes a PEM block in the strict form of RFC 7468: lines of 64 characters, LF, a final line break.
 *
 * @param label such as `CERTIFICATE`
 * @param der the bytes
 * @returns the text
 * @throws {InvalidInputError} PEM_INVALID: the label is not one that RFC 7468 allows
 */
export function encodePem(label: string, der: Uint8Array): string {
  if (!LABEL.test(label)) throw invalid(`${quote(label)} is not a PEM label`);
  const base64 = toBase64(der);
  let text = `${BEGIN}${label}${DASHES}\n`;
  for (let at = 0; at < base64.length; at += LINE) text += `${base64.slice(at, at + LINE)}\n`;
  return `${text}${END}${label}${DASHES}\n`;
}

/**
 * Reads the blocks of a PEM text (RFC 7468). Text outside of blocks is ignored and white space within them is free;
 * headers within a block (RFC 1421) are refused, since they mark content that is encrypted.
 *
 * @param text the text
 * @param options which labels, and how many blocks
 * @returns the blocks, in order; at least one
 * @throws {InvalidInputError} PEM_INVALID: no block, too many, another label, or a block that is cut off or not base64
 */
export function decodePem(text: string, options: PemOptions = {}): PemBlock[] {
  if (typeof text !== 'string') throw invalid(`PEM is ${typeof text}, not a string`);
  const { label: wanted, maxBlocks = 1000 } = options;
  const labels = typeof wanted === 'string' ? [wanted] : wanted;
  const blocks: PemBlock[] = [];
  for (let at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at)) {
    const number = blocks.length + 1;
    if (number > maxBlocks) throw invalid(`PEM holds more blocks than ${maxBlocks}`);
    const labelEnd = text.indexOf(DASHES, at + BEGIN.length);
    const label = labelEnd < 0 ? '' : text.slice(at + BEGIN.length, labelEnd);
    if (label.length > 64 || !LABEL.test(label)) throw invalid(`PEM block ${number} has a malformed BEGIN line`);
    if (labels !== undefined && !labels.includes(label)) {
      throw invalid(`PEM block ${number} is ${label}, not ${labels.join(' or ')}`);
    }
    const start = labelEnd + DASHES.length;
    const stop = text.indexOf(DASHES, start);
    const endLine = `${END}${label}${DASHES}`;
    if (stop < 0 || !text.startsWith(endLine, stop))
      throw invalid(`PEM block ${number} (${label}) does not end in its END line`);
    blocks.push({ label, der: body(text.slice(start, stop), number, label) });
    at = stop + endLine.length;
  }
  if (blocks.length === 0) throw invalid('PEM text holds no block');
  return blocks;
}

function body(text: string, number: number, label: string): Uint8Array {
  try {
    return fromBase64(text.replace(/[ \t\r\n]+/g, ''));
  } catch (cause) {
    throw new InvalidInputError('PEM_INVALID', `PEM block ${number} (${label}) is not base64`, { cause });
  }
}

function invalid(message: string): InvalidInputError {
  return new InvalidInputError('PEM_INVALID', message);
}
