import { invalidDer } from '../../encoding/der/der-error.ts';
import { DerReader } from '../../encoding/der/reader.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { type Extension, readExtensions } from '../extensions/extension.ts';
import { malformed } from '../malformed.ts';
import { DistinguishedName } from '../name/distinguished-name.ts';
import { readSignatureAlgorithm, type SignatureAlgorithmIdentifier } from '../signature-algorithm.ts';
import { readSignature } from '../signed.ts';
import { readSpki } from '../spki-shape.ts';

/** id-ExtensionReq (RFC 2985 section 5.4.2). */
export const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';

/** An attribute of a CSR (RFC 2986 section 4.1). */
export interface CsrAttribute {
  /** Dotted OID. */
  readonly type: string;
  /** Each value as DER. */
  readonly values: readonly Uint8Array[];
}

/** The fields of a CertificationRequest (RFC 2986 section 4.2). Byte strings are views. */
export interface CsrFields {
  readonly tbs: Uint8Array;
  readonly subject: DistinguishedName;
  readonly spki: Uint8Array;
  readonly attributes: readonly CsrAttribute[];
  readonly requestedExtensions: readonly Extension[];
  readonly signatureAlgorithm: SignatureAlgorithmIdentifier;
  readonly signature: Uint8Array;
}

const ATTRIBUTES = contextTag(0, true);

/**
 * Reads the structure of a CertificationRequest strictly, in one pass and without copies.
 *
 * Attributes that are not known are handed on unread. Their order within the SET is not judged: tools in use get it
 * wrong, and nobody is misled.
 *
 * @param der the CertificationRequest
 * @returns its fields
 * @throws {InvalidInputError} CSR_INVALID: names the field that is at fault
 */
export function readCsrFields(der: Uint8Array): CsrFields {
  let field = 'certificationRequest';
  try {
    const outer = new DerReader(der);
    const request = outer.read(Tag.sequence);
    outer.finish();

    field = 'certificationRequestInfo';
    const tbsStart = request.position;
    const reader = request.read(Tag.sequence);
    const tbs = der.subarray(tbsStart, request.position);
    field = 'signatureAlgorithm';
    const signatureAlgorithm = readSignatureAlgorithm(request.element(Tag.sequence));
    field = 'signature';
    const signature = readSignature(request);
    field = 'certificationRequest';
    request.finish();

    field = 'certificationRequestInfo.version';
    const start = reader.position;
    if (reader.smallInteger() !== 0) invalidDer('Only version 1, encoded as 0, is defined', start);
    field = 'certificationRequestInfo.subject';
    const subject = DistinguishedName.fromDer(reader.element(Tag.sequence));
    field = 'certificationRequestInfo.subjectPKInfo';
    const spki = readSpki(reader);
    field = 'certificationRequestInfo.attributes';
    const attributes = readAttributes(reader);
    field = 'certificationRequestInfo';
    reader.finish();
    field = 'certificationRequestInfo.attributes.extensionRequest';
    const requestedExtensions = readExtensionRequest(attributes);
    return { tbs, subject, spki, attributes, requestedExtensions, signatureAlgorithm, signature };
  } catch (cause) {
    throw malformed('CSR_INVALID', 'CSR', field, cause);
  }
}

/** PKCS #10 requires the field even when it is empty; some tools leave it out all the same. */
function readAttributes(info: DerReader): CsrAttribute[] {
  const set = info.optional(ATTRIBUTES);
  const attributes: CsrAttribute[] = [];
  const seen = new Set<string>();
  while (set !== undefined && !set.done) {
    const start = set.position;
    const attribute = set.read(Tag.sequence);
    const type = attribute.oid();
    if (seen.has(type)) invalidDer(`Attribute ${type} occurs twice`, start);
    seen.add(type);
    const content = attribute.read(Tag.set);
    attribute.finish();
    if (content.done) invalidDer(`Attribute ${type} has no value`, start);
    const values: Uint8Array[] = [];
    while (!content.done) values.push(content.element());
    attributes.push({ type, values });
  }
  return attributes;
}

function readExtensionRequest(attributes: readonly CsrAttribute[]): Extension[] {
  const values = attributes.find(({ type }) => type === EXTENSION_REQUEST)?.values;
  if (values === undefined) return [];
  const [value, second] = values;
  if (second !== undefined) invalidDer('The extensionRequest attribute has more than one value', 0);
  const reader = new DerReader(value as Uint8Array);
  const list = reader.read(Tag.sequence);
  // OpenSSL writes an empty list for a configuration section without entries.
  return list.done ? [] : readExtensions(list);
}
