import type { Certificate } from '../certificate/certificate.ts';
import type { RevokedCertificate } from '../crl/crl.ts';
import { decodeCertificateIssuer } from '../extensions/alternative-names.ts';
import { findExtension } from '../extensions/extension.ts';
import type { DistinguishedName } from '../name/distinguished-name.ts';
import type { UsableCrl } from './usable-crl.ts';

/**
 * Looks a certificate up in a CRL (RFC 5280 section 6.3.3 (i) and (j)).
 *
 * @param certificate whose entry
 * @param list the CRL; of an indirect one, the entry's issuer must be the certificate's (section 5.3.3)
 */
export function findEntry(certificate: Certificate, list: UsableCrl): RevokedCertificate | undefined {
  if (list.scope?.indirectCRL) return findIndirectEntry(certificate, list);
  return list.crl.issuer.equals(certificate.issuer) ? list.crl.find(certificate.serialNumber) : undefined;
}

/** The entries of each certificate issuer, by its name; made once a CRL. */
const indirectEntries = new WeakMap<UsableCrl['crl'], ReadonlyMap<string, ReadonlyMap<string, RevokedCertificate>>>();

function findIndirectEntry(certificate: Certificate, { crl }: UsableCrl): RevokedCertificate | undefined {
  let byIssuer = indirectEntries.get(crl);
  if (byIssuer === undefined) {
    byIssuer = groupByIssuer(crl);
    indirectEntries.set(crl, byIssuer);
  }
  return byIssuer.get(certificate.issuer.matchKey)?.get(certificate.serialNumber);
}

/** An entry without certificateIssuer is of the same issuer as the one before it, the first one of the CRL's. */
function groupByIssuer(crl: UsableCrl['crl']): ReadonlyMap<string, ReadonlyMap<string, RevokedCertificate>> {
  const groups = new Map<string, Map<string, RevokedCertificate>>();
  let issuers: readonly DistinguishedName[] = [crl.issuer];
  for (const entry of crl.entries()) {
    const extension = findExtension(entry.extensions, 'certificateIssuer');
    if (extension !== undefined) {
      const names = decodeCertificateIssuer(extension.value);
      issuers = names.flatMap((name) => (name.kind === 'directoryName' ? [name.value] : []));
    }
    for (const { matchKey } of issuers) {
      const group = groups.get(matchKey) ?? new Map<string, RevokedCertificate>();
      if (!group.has(entry.serialNumber)) group.set(entry.serialNumber, entry);
      groups.set(matchKey, group);
    }
  }
  return groups;
}
