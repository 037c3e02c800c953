import { contentOffset, decodeLength, headerLength, writeHeader } from '../../encoding/der/length.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { isUtcTimeYear, writeTime } from '../../encoding/der/time.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { CryptoProvider, MaybePromise, PrivateKey } from '../../ports/crypto.ts';
import { andThen } from '../../ports/maybe-promise.ts';
import { type Extension, encodeExtension } from '../extensions/extension.ts';
import type { DistinguishedName } from '../name/distinguished-name.ts';
import { encodeSigned } from '../signed.ts';
import type { CertificateTemplate } from './certificate-template.ts';
import { checkSerialNumber } from './serial-number.ts';

/** What one certificate holds beside its template. */
export interface CertificateContents {
  readonly template: CertificateTemplate;
  /** The issuer's key; it must fit the template's signature algorithm. */
  readonly signingKey: PrivateKey;
  /** Big-endian magnitude; at most 20 octets once encoded (RFC 5280 section 4.1.2.2). */
  readonly serialNumber: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly subject: DistinguishedName;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** The certificate's own extensions, which follow the template's; default none. */
  readonly extensions?: readonly Extension[];
}

const VERSION_3 = Uint8Array.of(contextTag(0, true), 3, Tag.integer, 1, 2);
const EXTENSIONS = contextTag(3, true);

/**
 * Makes and signs a version 3 certificate (RFC 5280 section 4.1).
 *
 * It answers at once when the provider signs at once. What it is given it believes: names, keys and extensions are for
 * the caller's policy to judge.
 *
 * @param contents what the certificate holds; times are cut to whole seconds
 * @param crypto signs
 * @returns the certificate, DER
 * @throws {InvalidInputError} INVALID_ARGUMENT: the serial number, the validity or the key's encoding is impossible
 * @throws {InvalidInputError} DER_INVALID: the key's length is malformed
 * @throws {InvalidInputError} EXTENSION_INVALID: an extension is given twice
 * @throws {InvalidInputError} SIGNATURE_ALGORITHM_UNSUPPORTED: the algorithm does not fit the key
 */
export function buildCertificate(contents: CertificateContents, crypto: CryptoProvider): MaybePromise<Uint8Array> {
  const { algorithmIdentifier, signatureAlgorithm } = contents.template;
  const tbs = encodeTbsCertificate(contents);
  return andThen(crypto.sign(contents.signingKey, signatureAlgorithm, tbs), (signature) =>
    encodeSigned(tbs, algorithmIdentifier, signature),
  );
}

/**
 * Encodes a TBSCertificate into one buffer, measured first.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT, EXTENSION_INVALID: as {@link buildCertificate}
 */
function encodeTbsCertificate(contents: CertificateContents): Uint8Array {
  const { template, subject, spki, extensions = [] } = contents;
  const serialNumber = checkSerialNumber(contents.serialNumber);
  const notBefore = contents.notBefore.getTime();
  const notAfter = contents.notAfter.getTime();
  checkValidity(notBefore, notAfter);
  checkSpki(spki);
  template.checkOwnExtensions(extensions);
  const own = extensions.map(encodeExtension);

  const signOctet = (serialNumber[0] as number) > 0x7f ? 1 : 0;
  const serialLength = signOctet + serialNumber.length;
  const validityLength = timeLength(notBefore) + timeLength(notAfter);
  const listLength = own.reduce((sum, extension) => sum + extension.length, template.encodedExtensions.length);
  const explicitLength = headerLength(listLength) + listLength;
  const length =
    VERSION_3.length +
    2 +
    serialLength +
    template.algorithmIdentifier.length +
    template.issuer.der.length +
    2 +
    validityLength +
    subject.der.length +
    spki.length +
    (listLength === 0 ? 0 : headerLength(explicitLength) + explicitLength);

  const tbs = new Uint8Array(headerLength(length) + length);
  let at = writeHeader(tbs, 0, Tag.sequence, length);
  at = put(tbs, at, VERSION_3);
  at = writeHeader(tbs, at, Tag.integer, serialLength) + signOctet;
  at = put(tbs, at, serialNumber);
  at = put(tbs, at, template.algorithmIdentifier);
  at = put(tbs, at, template.issuer.der);
  at = writeHeader(tbs, at, Tag.sequence, validityLength);
  at = putTime(tbs, at, notBefore);
  at = putTime(tbs, at, notAfter);
  at = put(tbs, at, subject.der);
  at = put(tbs, at, spki);
  if (listLength === 0) return tbs;
  at = writeHeader(tbs, at, EXTENSIONS, explicitLength);
  at = writeHeader(tbs, at, Tag.sequence, listLength);
  at = put(tbs, at, template.encodedExtensions);
  for (const extension of own) at = put(tbs, at, extension);
  return tbs;
}

function put(target: Uint8Array, at: number, bytes: Uint8Array): number {
  target.set(bytes, at);
  return at + bytes.length;
}

function timeLength(ms: number): number {
  return isUtcTimeYear(ms) ? 15 : 17;
}

function putTime(target: Uint8Array, at: number, ms: number): number {
  return isUtcTimeYear(ms)
    ? writeTime(target, writeHeader(target, at, Tag.utcTime, 13), ms, 'utc')
    : writeTime(target, writeHeader(target, at, Tag.generalizedTime, 15), ms, 'generalized');
}

function checkValidity(notBefore: number, notAfter: number): void {
  if (Number.isNaN(notBefore)) throw new InvalidInputError('INVALID_ARGUMENT', 'notBefore is an invalid Date');
  if (Number.isNaN(notAfter)) throw new InvalidInputError('INVALID_ARGUMENT', 'notAfter is an invalid Date');
  if (notAfter < notBefore) {
    const [from, to] = [new Date(notBefore).toISOString(), new Date(notAfter).toISOString()];
    throw new InvalidInputError('INVALID_ARGUMENT', `notAfter ${to} lies before notBefore ${from}`);
  }
}

function checkSpki(spki: Uint8Array): void {
  const length = spki[0] === Tag.sequence ? decodeLength(spki, 1, spki.length) : -1;
  if (length < 0 || contentOffset(spki, 1) + length !== spki.length) {
    throw new InvalidInputError('INVALID_ARGUMENT', 'The public key is not a SubjectPublicKeyInfo in DER');
  }
}
