import { Tag } from '../../encoding/der/tags.ts';
import { derOid, derSequence } from '../../encoding/der/writer.ts';
import { quote } from '../../errors/quote.ts';
import type { Extension } from './extension.ts';
import { decodeExtension, extensionInvalid, extensionOf, requireElements } from './extension-value.ts';

/** The OIDs of key purposes (RFC 5280 section 4.2.1.12). */
export const KeyPurposeOid = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  ocspSigning: '1.3.6.1.5.5.7.3.9',
  anyExtendedKeyUsage: '2.5.29.37.0',
} as const;

/** A key purpose: a known one by name, any other as a dotted OID. */
export type ExtendedKeyUsage = keyof typeof KeyPurposeOid | (string & {});

const NAMES: ReadonlyMap<string, string> = new Map(Object.entries(KeyPurposeOid).map(([name, oid]) => [oid, name]));

/**
 * Gives the OID of a key purpose.
 *
 * @param purpose - a known name, or a dotted OID, which is returned as it is
 * @throws {InvalidInputError} EXTENSION_INVALID: neither
 */
export function keyPurposeOid(purpose: ExtendedKeyUsage): string {
  if (typeof purpose === 'string' && Object.hasOwn(KeyPurposeOid, purpose))
    return KeyPurposeOid[purpose as keyof typeof KeyPurposeOid];
  if (typeof purpose !== 'string' || !/^([01]\.[1-3]?\d|2\.(0|[1-9]\d*))(\.(0|[1-9]\d*))*$/.test(purpose)) {
    throw extensionInvalid('extKeyUsage', `${quote(purpose)} is neither a known key purpose nor an OID`);
  }
  return purpose;
}

/**
 * Encodes extKeyUsage.
 *
 * @param purposes - at least one; written in the order given
 * @param critical - default false
 * @throws {InvalidInputError} EXTENSION_INVALID: none, one twice, or neither a known name nor an OID
 */
export function encodeExtendedKeyUsage(purposes: readonly ExtendedKeyUsage[], critical = false): Extension {
  if (purposes.length === 0) throw extensionInvalid('extKeyUsage', 'no key purpose');
  const oids = purposes.map(keyPurposeOid);
  const twice = oids.find((oid, index) => oids.indexOf(oid) !== index);
  if (twice !== undefined) throw extensionInvalid('extKeyUsage', `${twice} is given twice`);
  return extensionOf('extKeyUsage', critical, derSequence(...oids.map(derOid)));
}

/**
 * Decodes extKeyUsage.
 *
 * @param value - the extension's DER
 * @returns known purposes by name, others as OIDs, in the order of the certificate
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, or without a purpose
 */
export function decodeExtendedKeyUsage(value: Uint8Array): ExtendedKeyUsage[] {
  return decodeExtension('extKeyUsage', value, (reader) => {
    const sequence = reader.read(Tag.sequence);
    requireElements(sequence, 'the list of key purposes');
    const purposes: ExtendedKeyUsage[] = [];
    while (!sequence.done) {
      const oid = sequence.oid();
      purposes.push(NAMES.get(oid) ?? oid);
    }
    return purposes;
  });
}
