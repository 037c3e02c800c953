/** What an authenticator's objects are made of. */
export type CborValue = number | string | Uint8Array | readonly CborValue[] | ReadonlyMap<number | string, CborValue>;

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5 } as const;

/** Encodes as CBOR (RFC 8949), the integers, byte strings, texts, arrays and maps that WebAuthn needs, the shortest form of each. */
export function encodeCbor(value: CborValue): Buffer {
  if (typeof value === 'number') return value < 0 ? head(MAJOR.negative, -1 - value) : head(MAJOR.unsigned, value);
  if (typeof value === 'string') return Buffer.concat([head(MAJOR.text, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(MAJOR.bytes, value.length), value]);
  if (isArray(value)) return Buffer.concat([head(MAJOR.array, value.length), ...value.map(encodeCbor)]);
  const entries = [...value].flatMap(([key, each]) => [encodeCbor(key), encodeCbor(each)]);
  return Buffer.concat([head(MAJOR.map, value.size), ...entries]);
}

function isArray(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value);
}

function head(major: number, argument: number): Buffer {
  const initial = major << 5;
  if (argument < 24) return Buffer.from([initial | argument]);
  if (argument < 0x100) return Buffer.from([initial | 24, argument]);
  return Buffer.from([initial | 25, argument >> 8, argument & 0xff]);
}
