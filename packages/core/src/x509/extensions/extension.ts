import { headerLength, writeHeader } from '../../encoding/der/length.ts';
import type { DerReader } from '../../encoding/der/reader.ts';
import { Tag } from '../../encoding/der/tags.ts';
import { derOid, derSequence } from '../../encoding/der/writer.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { type ExtensionName, ExtensionOid } from './extension-oids.ts';

/** One extension of a certificate, a CSR, a CRL or a CRL entry (RFC 5280 section 4.1.2.9). */
export interface Extension {
  /** extnID, dotted. */
  readonly oid: string;
  readonly critical: boolean;
  /** The DER within extnValue. */
  readonly value: Uint8Array;
}

/**
 * Reads the elements of an Extensions SEQUENCE.
 *
 * `critical FALSE` written out breaks DER, but is so common in certificates in use that it is tolerated; it is never
 * written.
 *
 * @param list a reader of the SEQUENCE's content, which is read to its end
 * @returns the extensions in their order; the values are views
 * @throws {InvalidInputError} DER_INVALID: an extension is malformed
 * @throws {InvalidInputError} EXTENSION_INVALID: there is none, or the same one twice
 */
export function readExtensions(list: DerReader): Extension[] {
  if (list.done) throw new InvalidInputError('EXTENSION_INVALID', 'The list of extensions is empty');
  const extensions: Extension[] = [];
  const seen = new Set<string>();
  while (!list.done) {
    const extension = list.read(Tag.sequence);
    const oid = extension.oid();
    const critical = extension.peekTag() === Tag.boolean && extension.boolean();
    const value = extension.octetString();
    extension.finish();
    if (seen.has(oid)) {
      throw new InvalidInputError('EXTENSION_INVALID', `Extension ${oid} occurs twice`, { facts: { oid } });
    }
    seen.add(oid);
    extensions.push({ oid, critical, value });
  }
  return extensions;
}

const KNOWN_OIDS: ReadonlyMap<string, Uint8Array> = new Map(
  Object.values(ExtensionOid).map((oid) => [oid, derOid(oid)]),
);

/**
 * Writes one extension; `critical` only when true, as DER asks of a DEFAULT.
 *
 * @param extension what to write
 * @returns the Extension SEQUENCE
 * @throws {InvalidInputError} INVALID_ARGUMENT: `oid` is not a dotted OID
 */
export function encodeExtension({ oid, critical, value }: Extension): Uint8Array {
  const type = KNOWN_OIDS.get(oid) ?? derOid(oid);
  const flagLength = critical ? 3 : 0;
  const length = type.length + flagLength + headerLength(value.length) + value.length;
  const extension = new Uint8Array(headerLength(length) + length);
  let at = writeHeader(extension, 0, Tag.sequence, length);
  extension.set(type, at);
  at += type.length;
  if (critical) {
    at = writeHeader(extension, at, Tag.boolean, 1);
    extension[at++] = 0xff;
  }
  extension.set(value, writeHeader(extension, at, Tag.octetString, value.length));
  return extension;
}

/**
 * Writes a list of extensions in which none may occur twice (RFC 5280 section 4.2).
 *
 * @param extensions what to write, at least one
 * @returns the Extensions SEQUENCE
 * @throws {InvalidInputError} EXTENSION_INVALID: an extension is given twice
 * @throws {InvalidInputError} INVALID_ARGUMENT: an `oid` is not a dotted OID
 */
export function encodeExtensions(extensions: readonly Extension[]): Uint8Array {
  extensionOids(extensions);
  return derSequence(...extensions.map(encodeExtension));
}

/**
 * Collects the OIDs of extensions that are to be written.
 *
 * @param extensions the extensions
 * @returns their OIDs
 * @throws {InvalidInputError} EXTENSION_INVALID: an extension is given twice
 */
export function extensionOids(extensions: readonly Extension[]): ReadonlySet<string> {
  const oids = new Set<string>();
  for (const { oid } of extensions) {
    if (oids.has(oid)) throw extensionGivenTwice(oid);
    oids.add(oid);
  }
  return oids;
}

/** Makes the error for an extension that is given twice. */
export function extensionGivenTwice(oid: string): InvalidInputError {
  return new InvalidInputError('EXTENSION_INVALID', `Extension ${oid} is given twice`, { facts: { oid } });
}

/**
 * Finds an extension by its name.
 *
 * @param extensions where to look
 * @param name as RFC 5280 spells it
 * @returns it, or undefined
 */
export function findExtension(extensions: readonly Extension[], name: ExtensionName): Extension | undefined {
  const oid = ExtensionOid[name];
  return extensions.find((extension) => extension.oid === oid);
}
