import { equalBytes } from '../encoding/bytes.ts';
import { DerReader } from '../encoding/der/reader.ts';
import { contextTag, Tag } from '../encoding/der/tags.ts';
import { derContext, derInteger, derNull, derOid, derSequence } from '../encoding/der/writer.ts';
import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import type { SignatureAlgorithm } from '../ports/crypto.ts';

/** An AlgorithmIdentifier of a signature (RFC 5280 section 4.1.1.2). */
export interface SignatureAlgorithmIdentifier {
  readonly oid: string;
  /** The algorithm, if it and its parameters are among those that the SDK knows. */
  readonly algorithm: SignatureAlgorithm | undefined;
  /** For RSASSA-PSS whose salt is not as long as the digest: its length, in bytes. */
  readonly saltLength?: number;
}

const RSA_PSS = '1.2.840.113549.1.1.10';
const MGF1 = '1.2.840.113549.1.1.8';

const plain = (oid: string): Uint8Array => derSequence(derOid(oid));
const withNull = (oid: string): Uint8Array => derSequence(derOid(oid), derNull());

/** RSASSA-PSS with MGF1 over the same digest and a salt as long as the digest (RFC 4055 section 3.1). */
function pss(digest: Uint8Array, saltLength: number): Uint8Array {
  const mask = derSequence(derOid(MGF1), digest);
  const parameters = [
    derContext(0, true, digest),
    derContext(1, true, mask),
    derContext(2, true, derInteger(saltLength)),
  ];
  return derSequence(derOid(RSA_PSS), derSequence(...parameters));
}

const SHA256 = '2.16.840.1.101.3.4.2.1';
const SHA384 = '2.16.840.1.101.3.4.2.2';
const SHA512 = '2.16.840.1.101.3.4.2.3';

/** The encodings of every algorithm: first the one to write, then others to read (RFC 4055 sections 2.1 and 5). */
const ENCODINGS: readonly (readonly [SignatureAlgorithm, string, readonly Uint8Array[]])[] = [
  ['ECDSA-SHA256', '1.2.840.10045.4.3.2', [plain('1.2.840.10045.4.3.2')]],
  ['ECDSA-SHA384', '1.2.840.10045.4.3.3', [plain('1.2.840.10045.4.3.3')]],
  ['RSA-PKCS1-SHA256', '1.2.840.113549.1.1.11', both('1.2.840.113549.1.1.11')],
  ['Ed25519', '1.3.101.112', [plain('1.3.101.112')]],
  ['Ed448', '1.3.101.113', [plain('1.3.101.113')]],
  ['ECDSA-SHA512', '1.2.840.10045.4.3.4', [plain('1.2.840.10045.4.3.4')]],
  ['RSA-PKCS1-SHA384', '1.2.840.113549.1.1.12', both('1.2.840.113549.1.1.12')],
  ['RSA-PKCS1-SHA512', '1.2.840.113549.1.1.13', both('1.2.840.113549.1.1.13')],
  ['RSA-PSS-SHA256', RSA_PSS, [pss(withNull(SHA256), 32), pss(plain(SHA256), 32)]],
  ['RSA-PSS-SHA384', RSA_PSS, [pss(withNull(SHA384), 48), pss(plain(SHA384), 48)]],
  ['RSA-PSS-SHA512', RSA_PSS, [pss(withNull(SHA512), 64), pss(plain(SHA512), 64)]],
];

function both(oid: string): Uint8Array[] {
  return [withNull(oid), plain(oid)];
}

/**
 * Writes the AlgorithmIdentifier of a signature algorithm.
 *
 * @param algorithm the algorithm
 * @returns DER; shared, not to be changed
 * @throws {InvalidInputError} SIGNATURE_ALGORITHM_UNSUPPORTED: the name is none of {@link SignatureAlgorithm}
 */
export function encodeSignatureAlgorithm(algorithm: SignatureAlgorithm): Uint8Array {
  const found = ENCODINGS.find(([name]) => name === algorithm);
  if (found === undefined) {
    throw new InvalidInputError('SIGNATURE_ALGORITHM_UNSUPPORTED', `Unknown signature algorithm ${quote(algorithm)}`);
  }
  return found[2][0] as Uint8Array;
}

/**
 * Reads the AlgorithmIdentifier of a signature. One that is not known is read, not refused: it is for whoever verifies
 * the signature to say that it cannot.
 *
 * @param der the AlgorithmIdentifier, tag and length included
 * @returns its OID, and which algorithm it is
 * @throws {InvalidInputError} DER_INVALID: it is no AlgorithmIdentifier
 */
export function readSignatureAlgorithm(der: Uint8Array): SignatureAlgorithmIdentifier {
  for (const [algorithm, oid, encodings] of ENCODINGS) {
    for (const encoding of encodings) {
      if (equalBytes(encoding, der)) return { oid, algorithm };
    }
  }
  const identifier = new DerReader(der).read(Tag.sequence);
  const oid = identifier.oid();
  if (oid === RSA_PSS && !identifier.done) return { oid, algorithm: undefined, ...readPss(identifier) };
  if (!identifier.done) identifier.skip();
  identifier.finish();
  return { oid, algorithm: undefined };
}

const PSS_DIGESTS: ReadonlyMap<string, readonly [SignatureAlgorithm, digestLength: number]> = new Map([
  [SHA256, ['RSA-PSS-SHA256', 32]],
  [SHA384, ['RSA-PSS-SHA384', 48]],
  [SHA512, ['RSA-PSS-SHA512', 64]],
]);

/** The longest salt that fits into a modulus of 16,384 bits. */
const MAX_SALT = 2048;

/**
 * Reads RSASSA-PSS-params (RFC 4055 section 3.1) other than the usual ones: another length of salt, or other ways to write
 * the same. A mask generated with another digest, and the defaults, which are SHA-1, are none that the SDK knows.
 */
function readPss(identifier: DerReader): Partial<SignatureAlgorithmIdentifier> {
  const parameters = identifier.read(Tag.sequence);
  identifier.finish();
  const hash = parameters.optional(contextTag(0, true));
  const mask = parameters.optional(contextTag(1, true));
  const salt = parameters.optional(contextTag(2, true));
  const trailer = parameters.optional(contextTag(3, true));
  parameters.finish();
  const digest = hash && readDigest(hash);
  const maskAlgorithm = mask?.read(Tag.sequence);
  const isMgf1 = maskAlgorithm?.oid() === MGF1;
  const maskDigest = isMgf1 ? readDigest(maskAlgorithm) : undefined;
  const saltLength = salt === undefined ? 20 : salt.smallInteger();
  const known = PSS_DIGESTS.get(digest ?? '');
  if (known === undefined || maskDigest !== digest || saltLength > MAX_SALT) return {};
  if (trailer !== undefined && trailer.smallInteger() !== 1) return {};
  const [algorithm, digestLength] = known;
  return saltLength === digestLength ? { algorithm } : { algorithm, saltLength };
}

function readDigest(reader: DerReader): string {
  const algorithm = reader.read(Tag.sequence);
  reader.finish();
  const oid = algorithm.oid();
  if (!algorithm.done) algorithm.null();
  algorithm.finish();
  return oid;
}

/**
 * Gets the algorithm that a signature is to be verified with.
 *
 * @param identifier what was read
 * @param what whose signature, for the message: `certificate`
 * @returns the algorithm
 * @throws {InvalidInputError} SIGNATURE_ALGORITHM_UNSUPPORTED: it is none that the SDK knows
 */
export function knownSignatureAlgorithm(identifier: SignatureAlgorithmIdentifier, what: string): SignatureAlgorithm {
  if (identifier.algorithm !== undefined) return identifier.algorithm;
  const { oid } = identifier;
  throw new InvalidInputError(
    'SIGNATURE_ALGORITHM_UNSUPPORTED',
    `The ${what} is signed with algorithm ${oid}, which is not supported`,
    { facts: { oid } },
  );
}
