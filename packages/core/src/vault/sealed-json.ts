import { fromUtf8, utf8 } from '../encoding/bytes.ts';

const STEP = 256;

/** Writes JSON down to be sealed, in steps of 256 bytes, so that its length shows little of what it says. */
export function encodeJson(value: object): Uint8Array {
  const json = utf8(JSON.stringify(value));
  const padded = new Uint8Array(Math.ceil(json.length / STEP) * STEP).fill(0x20);
  padded.set(json);
  json.fill(0);
  return padded;
}

/** Reads what `encodeJson` wrote. */
export function decodeJson(bytes: Uint8Array): unknown {
  return JSON.parse(fromUtf8(bytes));
}
