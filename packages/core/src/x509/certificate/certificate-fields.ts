import { equalBytes } from '../../encoding/bytes.ts';
import { invalidDer } from '../../encoding/der/der-error.ts';
import { DerReader } from '../../encoding/der/reader.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { type Extension, readExtensions } from '../extensions/extension.ts';
import { malformed } from '../malformed.ts';
import { DistinguishedName } from '../name/distinguished-name.ts';
import { readSignatureAlgorithm, type SignatureAlgorithmIdentifier } from '../signature-algorithm.ts';
import { readSignature } from '../signed.ts';
import { readSpki } from '../spki-shape.ts';
import { readSerialNumber } from './serial-number.ts';

/** The fields of a Certificate (RFC 5280 section 4.1), extensions not yet looked into. Byte strings are views. */
export interface CertificateFields {
  readonly tbs: Uint8Array;
  readonly version: 1 | 2 | 3;
  readonly serialNumber: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
  readonly spki: Uint8Array;
  readonly extensions: readonly Extension[];
}

const VERSION = contextTag(0, true);
const ISSUER_UNIQUE_ID = contextTag(1, false);
const SUBJECT_UNIQUE_ID = contextTag(2, false);
const EXTENSIONS = contextTag(3, true);

/**
 * Reads the structure of a Certificate strictly, in one pass and without copies.
 *
 * @param der the Certificate
 * @returns its fields
 * @throws {InvalidInputError} CERTIFICATE_INVALID: names the field that is at fault
 */
export function readCertificateFields(der: Uint8Array): CertificateFields {
  let field = 'certificate';
  try {
    const outer = new DerReader(der);
    const certificate = outer.read(Tag.sequence);
    outer.finish();

    field = 'tbsCertificate';
    const tbsStart = certificate.position;
    const reader = certificate.read(Tag.sequence);
    const tbs = der.subarray(tbsStart, certificate.position);
    field = 'signatureAlgorithm';
    const algorithm = certificate.element(Tag.sequence);
    const signatureAlgorithm = readSignatureAlgorithm(algorithm);
    field = 'signatureValue';
    const signature = readSignature(certificate);
    field = 'certificate';
    certificate.finish();

    field = 'tbsCertificate.version';
    const version = readVersion(reader);
    field = 'tbsCertificate.serialNumber';
    const serialNumber = readSerialNumber(reader);
    field = 'tbsCertificate.signature';
    const start = reader.position;
    if (!equalBytes(reader.element(Tag.sequence), algorithm)) invalidDer('It differs from signatureAlgorithm', start);
    field = 'tbsCertificate.issuer';
    const issuer = DistinguishedName.fromDer(reader.element(Tag.sequence), true);
    if (issuer.isEmpty) invalidDer('The issuer is an empty name', reader.position);
    field = 'tbsCertificate.validity';
    const validity = reader.read(Tag.sequence);
    field = 'tbsCertificate.validity.notBefore';
    const notBefore = validity.time();
    field = 'tbsCertificate.validity.notAfter';
    const notAfter = validity.time();
    field = 'tbsCertificate.validity';
    validity.finish();
    field = 'tbsCertificate.subject';
    const subject = DistinguishedName.fromDer(reader.element(Tag.sequence));
    field = 'tbsCertificate.subjectPublicKeyInfo';
    const spki = readSpki(reader);
    field = 'tbsCertificate.issuerUniqueID';
    skipUniqueId(reader, ISSUER_UNIQUE_ID, version);
    field = 'tbsCertificate.subjectUniqueID';
    skipUniqueId(reader, SUBJECT_UNIQUE_ID, version);
    field = 'tbsCertificate.extensions';
    const extensions = readVersion3Extensions(reader, version);
    field = 'tbsCertificate';
    reader.finish();
    return {
      tbs,
      version,
      serialNumber,
      signatureAlgorithm,
      signature,
      issuer,
      subject,
      notBefore,
      notAfter,
      spki,
      extensions,
    };
  } catch (cause) {
    throw malformed('CERTIFICATE_INVALID', 'certificate', field, cause);
  }
}

function readVersion(reader: DerReader): 1 | 2 | 3 {
  const start = reader.position;
  const explicit = reader.optional(VERSION);
  if (explicit === undefined) return 1;
  const value = explicit.smallInteger();
  explicit.finish();
  if (value === 1) return 2;
  if (value === 2) return 3;
  return invalidDer(
    value === 0 ? 'Version 1 is the default and must be left out' : `There is no version ${value + 1}`,
    start,
  );
}

function skipUniqueId(reader: DerReader, tag: number, version: number): void {
  if (reader.peekTag() !== tag) return;
  if (version < 2) invalidDer('A version 1 certificate has no unique identifiers', reader.position);
  reader.bitString(tag);
}

function readVersion3Extensions(reader: DerReader, version: number): Extension[] {
  const start = reader.position;
  const explicit = reader.optional(EXTENSIONS);
  if (explicit === undefined) return [];
  if (version !== 3) invalidDer(`A version ${version} certificate has no extensions`, start);
  const list = explicit.read(Tag.sequence);
  explicit.finish();
  return readExtensions(list);
}
