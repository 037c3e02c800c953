import { InvalidInputError } from '../../errors/families.ts';

/** The identifier octets of the ASN.1 types that X.509 uses (X.690 section 8.1.2), the constructed bit included. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/**
 * Gives the identifier octet of a context-specific tag.
 *
 * @param n the tag number, 0 to 30; the high-tag-number form is not used in X.509 and refused everywhere
 * @param constructed true for an EXPLICIT tag or an IMPLICIT tag of a constructed type
 * @returns `0x80 | n`, or `0xa0 | n` when constructed
 * @throws {InvalidInputError} INVALID_ARGUMENT: `n` is outside 0 to 30
 */
export function contextTag(n: number, constructed: boolean): number {
  if (!Number.isInteger(n) || n < 0 || n > 30) {
    throw new InvalidInputError('INVALID_ARGUMENT', `Context tag number ${n} is not an integer from 0 to 30`);
  }
  return (constructed ? 0xa0 : 0x80) | n;
}

const names = new Map<number, string>(Object.entries(Tag).map(([name, tag]) => [tag, name]));

/**
 * Describes an identifier octet for a message, such as `sequence (0x30)` or `[3] (0xa3)`.
 *
 * @param tag the identifier octet
 * @returns its name, where it has one, and its value in hexadecimal
 */
export function describeTag(tag: number): string {
  const hex = `0x${tag.toString(16).padStart(2, '0')}`;
  const name = (tag & 0xc0) === 0x80 ? `[${tag & 0x1f}]` : names.get(tag);
  return name === undefined ? hex : `${name} (${hex})`;
}
