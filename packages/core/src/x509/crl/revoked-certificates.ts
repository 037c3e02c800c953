import { DerReader } from '../../encoding/der/reader.ts';
import { Tag } from '../../encoding/der/tags.ts';
import { malformed } from '../malformed.ts';

const NONE = new Uint8Array(0);

/**
 * Finds the entries of a CRL without reading them: for a CRL whose integrity is certain, since the same house made and kept it.
 *
 * @param der the CertificateList
 * @returns the content of revokedCertificates, a view
 * @throws {InvalidInputError} CRL_INVALID: it is no version 2 CRL with a nextUpdate
 */
export function revokedCertificatesOf(der: Uint8Array): Uint8Array {
  try {
    const tbs = new DerReader(der).read(Tag.sequence).read(Tag.sequence);
    tbs.element(Tag.integer);
    for (let field = 0; field < 2; field++) tbs.element(Tag.sequence);
    for (let field = 0; field < 2; field++) tbs.time();
    return tbs.peekTag() === Tag.sequence ? tbs.content(Tag.sequence) : NONE;
  } catch (cause) {
    throw malformed('CRL_INVALID', 'CRL', 'tbsCertList', cause);
  }
}
