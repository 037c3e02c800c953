import { type Certificate, parseCertificate } from '../../packages/core/src/x509/certificate/certificate.ts';
import type { CertificatePool } from '../workload/certificate-pool.ts';
import { type Reader, reader } from '../workload/reader.ts';
import { OURS } from './issuance.ts';

/** Our parser with every field read, names down to their attributes. */
export const OURS_WITH_FIELDS = `${OURS}, fields read`;

/** The strict parser, as it comes and with every field read. */
export function ourParsers(pool: CertificatePool): Reader[] {
  const serialNumber = (certificate: Certificate) => certificate.serialNumber;
  const withFields = (der: Buffer) => {
    const certificate = parseCertificate(der);
    readFields(certificate);
    return certificate;
  };
  return [
    reader(OURS, pool, (der) => parseCertificate(der), serialNumber),
    reader(OURS_WITH_FIELDS, pool, withFields, serialNumber),
  ];
}

/** Fields that decode on demand are forced; a field that is missing is a fault of the reader. */
function readFields(certificate: Certificate): void {
  const { subject, issuer, notBefore, notAfter, basicConstraints, keyUsage, extKeyUsage, subjectAltNames } =
    certificate;
  const { subjectKeyIdentifier, authorityKeyIdentifier, crlDistributionPoints, authorityInfoAccess, spki } =
    certificate;
  const fields = [
    basicConstraints,
    keyUsage,
    extKeyUsage,
    subjectAltNames,
    subjectKeyIdentifier,
    authorityKeyIdentifier,
  ];
  if ([...fields, crlDistributionPoints, authorityInfoAccess].includes(undefined))
    throw new Error('a field is missing');
  const read = subject.rdns.length + issuer.rdns.length + spki.length + notAfter.getTime() - notBefore.getTime();
  if (!(read > 0)) throw new Error('a field is empty');
}
