import { concatBytes } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { SignatureAlgorithm } from '../../ports/crypto.ts';
import { type Extension, encodeExtension, extensionGivenTwice, extensionOids } from '../extensions/extension.ts';
import type { DistinguishedName } from '../name/distinguished-name.ts';
import { encodeSignatureAlgorithm } from '../signature-algorithm.ts';

/** What every certificate made from a template has in common. */
export interface CertificateTemplateOptions {
  readonly issuer: DistinguishedName;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** The extensions that all have alike; each certificate adds its own behind them. Default none. */
  readonly extensions?: readonly Extension[];
}

/**
 * The part of a TBSCertificate (RFC 5280 section 4.1.2) that one issuer and one profile fix, encoded once.
 *
 * Immutable; keep one for each pair of issuer and profile.
 */
export class CertificateTemplate {
  readonly issuer: DistinguishedName;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** The AlgorithmIdentifier of the signature, DER. */
  readonly algorithmIdentifier: Uint8Array;
  /** The fixed extensions, each an Extension SEQUENCE, one behind the other. */
  readonly encodedExtensions: Uint8Array;
  readonly #oids: ReadonlySet<string>;

  /**
   * @param options issuer, algorithm and fixed extensions
   * @throws {InvalidInputError} INVALID_ARGUMENT: the issuer is empty, or an extension's OID is malformed
   * @throws {InvalidInputError} EXTENSION_INVALID: the same extension twice
   * @throws {InvalidInputError} SIGNATURE_ALGORITHM_UNSUPPORTED: the algorithm is unknown
   */
  constructor({ issuer, signatureAlgorithm, extensions = [] }: CertificateTemplateOptions) {
    if (issuer.isEmpty)
      throw new InvalidInputError('INVALID_ARGUMENT', 'The issuer of a certificate cannot be an empty name');
    this.issuer = issuer;
    this.signatureAlgorithm = signatureAlgorithm;
    this.algorithmIdentifier = encodeSignatureAlgorithm(signatureAlgorithm);
    this.encodedExtensions = concatBytes(extensions.map(encodeExtension));
    this.#oids = extensionOids(extensions);
  }

  /**
   * Checks that a certificate's own extensions repeat neither one another nor a fixed one.
   *
   * @param extensions the certificate's own
   * @throws {InvalidInputError} EXTENSION_INVALID: names the extension that occurs twice
   */
  checkOwnExtensions(extensions: readonly Extension[]): void {
    for (let at = 0; at < extensions.length; at++) {
      const { oid } = extensions[at] as Extension;
      if (this.#oids.has(oid) || extensions.findIndex((other) => other.oid === oid) < at)
        throw extensionGivenTwice(oid);
    }
  }
}
