import { DerReader } from '../../encoding/der/reader.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { derContext, derInteger, derOid, derSequence, derSet } from '../../encoding/der/writer.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { type Certificate, parseCertificate } from '../certificate/certificate.ts';
import { derInput } from '../der-input.ts';
import { malformed } from '../malformed.ts';

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const DATA = '1.2.840.113549.1.7.1';
const CERTIFICATES = contextTag(0, true);
const CRLS = contextTag(1, true);
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_CERTIFICATES = 1_000;

/**
 * Writes certificates as a PKCS#7 bundle: SignedData that nobody signed (RFC 5652 section 5). The certificates keep their order,
 * which DER would sort; every reader takes them as they come.
 *
 * @param certificates - at least one
 * @returns the ContentInfo
 */
export function encodePkcs7(certificates: readonly Certificate[]): Uint8Array {
  const signedData = derSequence(
    derInteger(1),
    derSet(),
    derSequence(derOid(DATA)),
    derContext(0, true, ...certificates.map(({ der }) => der)),
    derSet(),
  );
  return derSequence(derOid(SIGNED_DATA), derContext(0, true, signedData));
}

/**
 * Reads the certificates of a PKCS#7 bundle, signed or not: signatures in it are not looked at.
 *
 * @param input - PEM labelled PKCS7 or CMS, or DER; at most 8 MiB
 * @returns one to 1,000 certificates in their order
 * @throws {InvalidInputError} PKCS7_INVALID: it is malformed, no SignedData, or holds no certificate or too many
 * @throws {InvalidInputError} CERTIFICATE_INVALID: a certificate in it is malformed
 * @throws {InvalidInputError} PEM_INVALID, DER_TOO_LARGE, INVALID_ARGUMENT
 */
export function decodePkcs7(input: string | Uint8Array): Certificate[] {
  const der = derInput(input, { what: 'PKCS#7 bundle', labels: ['PKCS7', 'CMS'], maxBytes: MAX_BYTES });
  let list: Uint8Array[];
  try {
    list = readBundle(new DerReader(der));
  } catch (cause) {
    throw malformed('PKCS7_INVALID', 'PKCS#7 bundle', 'ContentInfo', cause);
  }
  return list.map((each) => parseCertificate(each));
}

function readBundle(outer: DerReader): Uint8Array[] {
  const info = outer.read(Tag.sequence);
  outer.finish();
  const type = info.oid();
  if (type !== SIGNED_DATA) throw invalid(`it holds ${type} instead of SignedData`);
  const explicit = info.read(contextTag(0, true));
  info.finish();
  const data = explicit.read(Tag.sequence);
  explicit.finish();
  data.smallInteger();
  data.skip(Tag.set);
  data.skip(Tag.sequence);
  const set = data.optional(CERTIFICATES);
  data.optional(CRLS);
  data.skip(Tag.set);
  data.finish();
  const certificates: Uint8Array[] = [];
  while (set !== undefined && !set.done) {
    // Other choices of CertificateChoices, such as attribute certificates, carry context tags.
    if (set.peekTag() === Tag.sequence) certificates.push(set.element());
    else set.skip();
    if (certificates.length > MAX_CERTIFICATES) throw invalid(`it holds more than ${MAX_CERTIFICATES} certificates`);
  }
  if (certificates.length === 0) throw invalid('it holds no certificate');
  return certificates;
}

function invalid(problem: string): InvalidInputError {
  return new InvalidInputError('PKCS7_INVALID', problem);
}
