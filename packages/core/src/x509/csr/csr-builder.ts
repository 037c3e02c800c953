import { signatureAlgorithmFor } from '../../crypto/algorithms.ts';
import { derContext, derInteger, derOid, derSequence, derSet } from '../../encoding/der/writer.ts';
import type { CryptoProvider, PrivateKey, SignatureAlgorithm } from '../../ports/crypto.ts';
import { encodeSubjectAltName } from '../extensions/alternative-names.ts';
import { type Extension, encodeExtensions } from '../extensions/extension.ts';
import type { DistinguishedName } from '../name/distinguished-name.ts';
import type { GeneralName } from '../name/general-name.ts';
import { encodeSignatureAlgorithm } from '../signature-algorithm.ts';
import { encodeSigned } from '../signed.ts';
import { EXTENSION_REQUEST } from './csr-fields.ts';

/** What a CSR holds. */
export interface CsrContents {
  /** May be empty when there are subjectAltNames. */
  readonly subject: DistinguishedName;
  /** The key to be certified; it signs. */
  readonly key: PrivateKey;
  /** Names to request; critical when the subject is empty. Default none. */
  readonly subjectAltNames?: readonly GeneralName[];
  /** Further extensions to request. Default none. */
  readonly extensions?: readonly Extension[];
  /** Default: the one that fits the key. */
  readonly signatureAlgorithm?: SignatureAlgorithm;
  readonly crypto: CryptoProvider;
}

/**
 * Makes and signs a certification request (PKCS #10, RFC 2986).
 *
 * @param contents subject, key and requested extensions
 * @returns the CSR, DER
 * @throws {InvalidInputError} EXTENSION_INVALID: an extension is given twice
 * @throws {InvalidInputError} GENERAL_NAME_INVALID: a name has a value that its kind cannot have
 * @throws {InvalidInputError} SIGNATURE_ALGORITHM_UNSUPPORTED: the algorithm does not fit the key
 */
export async function createCsr(contents: CsrContents): Promise<Uint8Array> {
  const { subject, key, crypto } = contents;
  const algorithm = contents.signatureAlgorithm ?? signatureAlgorithmFor(key.publicKey.kind);
  const info = derSequence(
    derInteger(0),
    subject.der,
    key.publicKey.spki,
    encodeAttributes(requestedExtensions(contents)),
  );
  const signature = await crypto.sign(key, algorithm, info);
  return encodeSigned(info, encodeSignatureAlgorithm(algorithm), signature);
}

function requestedExtensions({ subject, subjectAltNames = [], extensions = [] }: CsrContents): readonly Extension[] {
  if (subjectAltNames.length === 0) return extensions;
  return [encodeSubjectAltName(subjectAltNames, subject.isEmpty), ...extensions];
}

/** The attributes field is never left out, only empty (RFC 2986 section 4.1). */
function encodeAttributes(extensions: readonly Extension[]): Uint8Array {
  if (extensions.length === 0) return derContext(0, true);
  return derContext(0, true, derSequence(derOid(EXTENSION_REQUEST), derSet(encodeExtensions(extensions))));
}
