import type { CryptoProvider } from '../../ports/crypto.ts';
import { CERT_ID_DIGESTS, keyBits, type OcspCertId } from '../../x509/ocsp/cert-id.ts';
import type { OcspQuery } from '../../x509/ocsp/ocsp-request.ts';
import { contentKey } from '../../x509/path/content-key.ts';
import type { InstalledIntermediate, SigningSnapshot } from '../intermediates/signing-state.ts';

/** Finds the intermediate that a CertID speaks of: every one that was ever installed, in each digest that clients use. */
export class IssuerIndex {
  readonly #issuers: ReadonlyMap<string, InstalledIntermediate>;

  private constructor(issuers: ReadonlyMap<string, InstalledIntermediate>) {
    this.#issuers = issuers;
  }

  /** Digests the names and keys of a snapshot's intermediates. */
  static async of(snapshot: SigningSnapshot, crypto: CryptoProvider): Promise<IssuerIndex> {
    const issuers = new Map<string, InstalledIntermediate>();
    for (const intermediate of snapshot.intermediates) {
      const { subject, spki } = intermediate.certificate;
      for (const [hashAlgorithm, digest] of CERT_ID_DIGESTS) {
        const issuerNameHash = await crypto.digest(digest, subject.der);
        const issuerKeyHash = await crypto.digest(digest, keyBits(spki));
        issuers.set(issuerKey({ hashAlgorithm, issuerNameHash, issuerKeyHash }), intermediate);
      }
    }
    return new IssuerIndex(issuers);
  }

  /**
   * The one intermediate that all queries are about. One signature speaks for one issuer (RFC 6960 section 4.2.2.2), so queries
   * about several have no answer.
   *
   * @returns undefined where there is none, or more than one
   */
  issuerOf(queries: readonly OcspQuery[]): InstalledIntermediate | undefined {
    const [first, ...rest] = queries.map(({ certId }) => this.#issuers.get(issuerKey(certId)));
    return rest.every((issuer) => issuer === first) ? first : undefined;
  }
}

function issuerKey(id: Omit<OcspCertId, 'serialNumber'>): string {
  return `${id.hashAlgorithm} ${contentKey(id.issuerNameHash)} ${contentKey(id.issuerKeyHash)}`;
}
