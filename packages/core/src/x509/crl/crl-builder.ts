import { headerLength, writeHeader } from '../../encoding/der/length.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { derInteger, derTagged, derTime } from '../../encoding/der/writer.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { CryptoProvider, MaybePromise, PrivateKey, SignatureAlgorithm } from '../../ports/crypto.ts';
import { andThen } from '../../ports/maybe-promise.ts';
import { encodeCrlNumber, encodeDeltaCrlIndicator } from '../extensions/crl-number.ts';
import { type Extension, encodeExtensions } from '../extensions/extension.ts';
import { encodeAuthorityKeyIdentifier } from '../extensions/key-identifiers.ts';
import type { DistinguishedName } from '../name/distinguished-name.ts';
import { encodeSignatureAlgorithm } from '../signature-algorithm.ts';
import { SignedBuffer } from '../signed-buffer.ts';
import { CrlEntries } from './crl-entries.ts';
import type { CrlEntry } from './crl-entry-writer.ts';
import { MAX_CRL_BYTES } from './crl-fields.ts';

export type { CrlEntry } from './crl-entry-writer.ts';

/** What a CRL holds. */
export interface CrlContents {
  readonly issuer: DistinguishedName;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** The issuer's key; it must fit the signature algorithm. */
  readonly signingKey: PrivateKey;
  /** cRLNumber: higher than that of every CRL before (RFC 5280 section 5.2.3). */
  readonly number: bigint;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** The issuer's subjectKeyIdentifier. */
  readonly authorityKeyIdentifier?: Uint8Array | undefined;
  /** The revoked certificates, each once: {@link CrlEntries} that are kept from one CRL to the next, or anything that lists them. */
  readonly entries: CrlEntries | Iterable<CrlEntry>;
  /** Of a delta CRL: the number of the complete CRL that it starts from (RFC 5280 section 5.2.4). Absent: a complete CRL. */
  readonly baseNumber?: bigint | undefined;
  /** Further extensions of the CRL, such as issuingDistributionPoint. Default none. */
  readonly extensions?: readonly Extension[];
}

const EXTENSIONS = contextTag(0, true);
const VERSION_2 = derInteger(1);

/**
 * Makes and signs a version 2 CRL (RFC 5280 section 5).
 *
 * Each entry is encoded once, and the CRL is put together in the buffer that is handed out, so a million entries take
 * about a second and twice the memory of the CRL. It answers at once when the provider signs at once.
 *
 * @param contents what the CRL holds; times are cut to whole seconds
 * @param crypto signs
 * @returns the CRL, DER
 * @throws {InvalidInputError} INVALID_ARGUMENT: the issuer is empty, nextUpdate lies before thisUpdate, an entry is impossible, or
 *   entries of a delta CRL are given for a complete one
 * @throws {InvalidInputError} HEX_INVALID: an entry's serial number is text, but not hexadecimal
 * @throws {InvalidInputError} EXTENSION_INVALID: an extension is given twice, or the number is negative or too large
 * @throws {InvalidInputError} DER_TOO_LARGE: the CRL would be larger than {@link parseCrl} reads
 * @throws {InvalidInputError} SIGNATURE_ALGORITHM_UNSUPPORTED: the algorithm does not fit the key
 */
export function buildCrl(contents: CrlContents, crypto: CryptoProvider): MaybePromise<Uint8Array> {
  const { issuer, signatureAlgorithm, signingKey } = contents;
  if (issuer.isEmpty) throw new InvalidInputError('INVALID_ARGUMENT', 'The issuer of a CRL cannot be an empty name');
  const algorithm = encodeSignatureAlgorithm(signatureAlgorithm);
  const entries = encodedEntries(contents);
  const head = [VERSION_2, algorithm, issuer.der, ...encodeUpdates(contents)];
  const tail = derTagged(EXTENSIONS, encodeExtensions(crlExtensions(contents)));

  const listLength = entries.byteLength;
  // An empty list is left out altogether (RFC 5280 section 5.1.2.6).
  const listElement = listLength === 0 ? 0 : headerLength(listLength) + listLength;
  const length = head.reduce((sum, part) => sum + part.length, listElement + tail.length);
  if (length > MAX_CRL_BYTES - 4096) {
    throw new InvalidInputError(
      'DER_TOO_LARGE',
      `A CRL of ${entries.size} entries is over the limit of ${MAX_CRL_BYTES} bytes`,
    );
  }

  const buffer = new SignedBuffer(headerLength(length) + length, algorithm, signingKey.publicKey.kind);
  const tbs = buffer.toBeSigned;
  let at = writeHeader(tbs, 0, Tag.sequence, length);
  for (const part of head) {
    tbs.set(part, at);
    at += part.length;
  }
  if (listLength > 0) at = entries.copyTo(tbs, writeHeader(tbs, at, Tag.sequence, listLength));
  tbs.set(tail, at);
  return andThen(crypto.sign(signingKey, signatureAlgorithm, tbs), (signature) => buffer.seal(signature));
}

function encodedEntries({ entries, baseNumber }: CrlContents): CrlEntries {
  const isDelta = baseNumber !== undefined;
  if (!(entries instanceof CrlEntries)) return CrlEntries.from(entries, { isDelta });
  if (entries.isDelta && !isDelta)
    throw new InvalidInputError('INVALID_ARGUMENT', 'The entries are those of a delta CRL, and baseNumber is missing');
  return entries;
}

function encodeUpdates({ thisUpdate, nextUpdate }: CrlContents): [Uint8Array, Uint8Array] {
  const [from, to] = [thisUpdate.getTime(), nextUpdate.getTime()];
  if (Number.isNaN(from)) throw new InvalidInputError('INVALID_ARGUMENT', 'thisUpdate is an invalid Date');
  if (Number.isNaN(to)) throw new InvalidInputError('INVALID_ARGUMENT', 'nextUpdate is an invalid Date');
  if (to < from) {
    const [first, second] = [thisUpdate.toISOString(), nextUpdate.toISOString()];
    throw new InvalidInputError('INVALID_ARGUMENT', `nextUpdate ${second} lies before thisUpdate ${first}`);
  }
  return [derTime(from), derTime(to)];
}

function crlExtensions(contents: CrlContents): Extension[] {
  const { authorityKeyIdentifier: keyIdentifier, number, baseNumber, extensions = [] } = contents;
  const issuerKey = keyIdentifier === undefined ? [] : [encodeAuthorityKeyIdentifier({ keyIdentifier })];
  const delta = baseNumber === undefined ? [] : [encodeDeltaCrlIndicator(baseNumber)];
  return [...issuerKey, encodeCrlNumber(number), ...delta, ...extensions];
}
