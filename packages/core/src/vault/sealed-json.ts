import { fromUtf8 } from '../encoding/bytes.ts';

const STEP = 256;
const BYTES_A_UNIT = 3;
const encoder = new TextEncoder();

/** Writes JSON down to be sealed, in steps of 256 bytes, so that its length shows little of what it says. */
export function encodeJson(value: object): Uint8Array {
  const json = JSON.stringify(value);
  return padded(json, json.length) ?? (padded(json, json.length * BYTES_A_UNIT) as Uint8Array);
}

/** Text in UTF-8 with blanks up to the next step, if so many bytes hold it. */
function padded(text: string, most: number): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.ceil(most / STEP) * STEP);
  const { read, written } = encoder.encodeInto(text, bytes);
  if (read < text.length) {
    bytes.fill(0);
    return undefined;
  }
  bytes.fill(0x20, written);
  return bytes.subarray(0, Math.ceil(written / STEP) * STEP);
}

/** Reads what `encodeJson` wrote. */
export function decodeJson(bytes: Uint8Array): unknown {
  return JSON.parse(fromUtf8(bytes));
}
