import { derOid, derSequence, derSet } from '../../encoding/der/writer.ts';
import type { Certificate } from '../certificate/certificate.ts';
import type { DistributionPoint } from '../extensions/crl-distribution-points.ts';
import { type DistributionPointName, REASON_FLAGS, type ReasonFlag } from '../extensions/distribution-point-name.ts';
import type { IssuingDistributionPoint } from '../extensions/issuing-distribution-point.ts';
import { DistinguishedName } from '../name/distinguished-name.ts';
import type { GeneralName } from '../name/general-name.ts';
import type { UsableCrl } from './usable-crl.ts';

/**
 * Tells whether a complete CRL speaks about a certificate, by one of the certificate's distribution points (RFC 5280 section
 * 6.3.3 (b)).
 *
 * @param certificate whose status is asked for
 * @param point one of its distribution points; undefined for CRLs that none of them names
 * @param list the CRL
 * @returns the reasons that it covers for this certificate, or undefined when it does not speak about it
 */
export function coveredReasons(
  certificate: Certificate,
  point: DistributionPoint | undefined,
  list: UsableCrl,
): readonly ReasonFlag[] | undefined {
  const { crl, scope } = list;
  if (point?.crlIssuer === undefined) {
    if (!crl.issuer.equals(certificate.issuer)) return undefined;
  } else if (!directoryNames(point.crlIssuer).some((name) => name.equals(crl.issuer)) || !scope?.indirectCRL) {
    return undefined;
  }
  if (scope !== undefined && !isWithinScope(certificate, point, list, scope)) return undefined;
  const limits = [scope?.onlySomeReasons, point?.reasons].filter((limit) => limit !== undefined);
  return REASON_FLAGS.filter((reason) => limits.every((limit) => limit.includes(reason)));
}

function isWithinScope(
  certificate: Certificate,
  point: DistributionPoint | undefined,
  { crl }: UsableCrl,
  scope: IssuingDistributionPoint,
): boolean {
  const isCa = certificate.basicConstraints?.cA === true;
  if (scope.onlyContainsAttributeCerts) return false;
  if (scope.onlyContainsUserCerts && isCa) return false;
  if (scope.onlyContainsCACerts && !isCa) return false;
  if (scope.distributionPoint === undefined) return true;
  const published = fullNames(scope.distributionPoint, crl.issuer);
  const pointed = pointNames(certificate, point);
  return published.some((name) => pointed.some((other) => isSameGeneralName(name, other)));
}

/** The names of a distribution point; of one that has none, those of its CRL issuer, or else of the certificate's issuer. */
function pointNames(certificate: Certificate, point: DistributionPoint | undefined): readonly GeneralName[] {
  const issuer = directoryNames(point?.crlIssuer ?? [])[0] ?? certificate.issuer;
  if (point?.distributionPoint !== undefined) return fullNames(point.distributionPoint, issuer);
  return point?.crlIssuer ?? [{ kind: 'directoryName', value: certificate.issuer }];
}

function fullNames(name: DistributionPointName, issuer: DistinguishedName): readonly GeneralName[] {
  if ('fullName' in name) return name.fullName;
  const rdns = issuer.rdns.map((rdn) => derSet(...rdn.map(({ type, encoded }) => encodeAttribute(type, encoded))));
  const der = derSequence(...rdns, derSet(name.nameRelativeToCRLIssuer));
  return [{ kind: 'directoryName', value: DistinguishedName.fromDer(der) }];
}

function encodeAttribute(type: string, encoded: Uint8Array): Uint8Array {
  return derSequence(derOid(type), encoded);
}

function directoryNames(names: readonly GeneralName[]): DistinguishedName[] {
  return names.flatMap((name) => (name.kind === 'directoryName' ? [name.value] : []));
}

function isSameGeneralName(a: GeneralName, b: GeneralName): boolean {
  if (a.kind === 'directoryName') return b.kind === 'directoryName' && a.value.equals(b.value);
  return a.kind === b.kind && typeof a.value === 'string' && a.value === b.value;
}
