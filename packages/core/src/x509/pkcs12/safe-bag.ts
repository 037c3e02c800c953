import { DerReader } from '../../encoding/der/reader.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { derContext, derOctetString, derOid, derSequence, derSet, derTagged } from '../../encoding/der/writer.ts';
import { utf16 } from './password.ts';
import { pkcs12Invalid } from './pkcs12-invalid.ts';
import { Pkcs12Oid } from './pkcs12-oids.ts';

/** What goes with a key or a certificate in a PKCS#12 file (RFC 7292 section 4.2: bagAttributes). */
export interface BagAttributes {
  readonly friendlyName?: string;
  /** The same for a key and its certificate. */
  readonly localKeyId?: Uint8Array;
}

/** A SafeBag as it is read: what it holds is for its kind to say. */
export interface SafeBag {
  readonly id: string;
  readonly value: DerReader;
  readonly attributes: BagAttributes;
}

/** Writes a SafeBag. */
export function encodeSafeBag(id: string, value: Uint8Array, { friendlyName, localKeyId }: BagAttributes): Uint8Array {
  const attributes: Uint8Array[] = [];
  if (friendlyName !== undefined) {
    const text = derTagged(Tag.bmpString, utf16(friendlyName));
    attributes.push(derSequence(derOid(Pkcs12Oid.friendlyName), derSet(text)));
  }
  if (localKeyId !== undefined)
    attributes.push(derSequence(derOid(Pkcs12Oid.localKeyId), derSet(derOctetString(localKeyId))));
  const content = derContext(0, true, value);
  return attributes.length === 0
    ? derSequence(derOid(id), content)
    : derSequence(derOid(id), content, derSet(...attributes));
}

/** Writes a CertBag of an X.509 certificate in DER. */
export function encodeCertBag(certificate: Uint8Array, attributes: BagAttributes): Uint8Array {
  const octets = derContext(0, true, derOctetString(certificate));
  return encodeSafeBag(Pkcs12Oid.certBag, derSequence(derOid(Pkcs12Oid.x509Certificate), octets), attributes);
}

/** Far more than the certificates that a file may hold. */
const MAX_BAGS = 1_000;

/**
 * Reads SafeContents.
 *
 * @param der - the SEQUENCE OF SafeBag
 * @throws {InvalidInputError} PKCS12_INVALID: there are more than 1,000
 * @throws {InvalidInputError} DER_INVALID: it is malformed
 */
export function readSafeBags(der: Uint8Array): SafeBag[] {
  const outer = new DerReader(der);
  const list = outer.read(Tag.sequence);
  outer.finish();
  const bags: SafeBag[] = [];
  while (!list.done) {
    if (bags.length === MAX_BAGS) throw pkcs12Invalid(`a part of it holds more than ${MAX_BAGS} entries`);
    const bag = list.read(Tag.sequence);
    const id = bag.oid();
    const value = bag.read(contextTag(0, true));
    const attributes = bag.optional(Tag.set);
    bag.finish();
    bags.push({ id, value, attributes: attributes === undefined ? {} : readAttributes(attributes) });
  }
  return bags;
}

/**
 * Reads a CertBag.
 *
 * @returns the certificate in DER; undefined for a certificate of another kind than X.509
 */
export function readCertBag({ value }: SafeBag): Uint8Array | undefined {
  const bag = value.read(Tag.sequence);
  value.finish();
  if (bag.oid() !== Pkcs12Oid.x509Certificate) return undefined;
  const explicit = bag.read(contextTag(0, true));
  bag.finish();
  const der = explicit.octetString();
  explicit.finish();
  return der;
}

function readAttributes(set: DerReader): BagAttributes {
  const attributes: { friendlyName?: string; localKeyId?: Uint8Array } = {};
  while (!set.done) {
    const attribute = set.read(Tag.sequence);
    const oid = attribute.oid();
    const values = attribute.read(Tag.set);
    attribute.finish();
    if (oid === Pkcs12Oid.friendlyName && values.peekTag() === Tag.bmpString) attributes.friendlyName = values.text();
    else if (oid === Pkcs12Oid.localKeyId && values.peekTag() === Tag.octetString)
      attributes.localKeyId = values.octetString();
  }
  return attributes;
}
