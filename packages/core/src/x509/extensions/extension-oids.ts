/** The OIDs of the extensions that the SDK knows, by their names in RFC 5280 and its companions. */
export const ExtensionOid = {
  subjectDirectoryAttributes: '2.5.29.9',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  issuerAltName: '2.5.29.18',
  basicConstraints: '2.5.29.19',
  cRLNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  invalidityDate: '2.5.29.24',
  deltaCRLIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
  certificateIssuer: '2.5.29.29',
  nameConstraints: '2.5.29.30',
  cRLDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extKeyUsage: '2.5.29.37',
  freshestCRL: '2.5.29.46',
  inhibitAnyPolicy: '2.5.29.54',
  /** RFC 9608. */
  noRevAvail: '2.5.29.56',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  subjectInfoAccess: '1.3.6.1.5.5.7.1.11',
  /** RFC 7633. */
  tlsFeature: '1.3.6.1.5.5.7.1.24',
  /** RFC 6960 section 4.2.2.2.1. */
  ocspNoCheck: '1.3.6.1.5.5.7.48.1.5',
} as const;

/** The name of a known extension. */
export type ExtensionName = keyof typeof ExtensionOid;

const NAMES: ReadonlyMap<string, ExtensionName> = new Map(
  Object.entries(ExtensionOid).map(([name, oid]) => [oid, name as ExtensionName]),
);

/**
 * Gives the name of an extension.
 *
 * @param oid - dotted decimal
 * @returns undefined for an extension that the SDK does not know
 */
export function extensionName(oid: string): ExtensionName | undefined {
  return NAMES.get(oid);
}
