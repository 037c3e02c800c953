import { KEY_ALGORITHMS } from '../crypto/algorithms.ts';
import type { KeyAlgorithm } from '../ports/crypto.ts';
import type { ExtendedKeyUsage } from '../x509/extensions/extended-key-usage.ts';
import type { KeyUsage } from '../x509/extensions/key-usage.ts';
import type { GeneralNameKind } from '../x509/name/general-name.ts';

/** What a kind of certificate may hold. A plain object: callers add their own beside the built-in ones. */
export interface CertificateProfile {
  /** RFC 5280 section 4.2.1.3. `keyEncipherment` is left out for keys that cannot encipher (RFC 8813 section 3). */
  readonly keyUsage: readonly KeyUsage[];
  /** RFC 5280 section 4.2.1.12. */
  readonly extendedKeyUsage: readonly ExtendedKeyUsage[];
  /** Kinds of subjectAltName that may be asked for. */
  readonly subjectAltNames: readonly GeneralNameKind[];
  /** Whether at least one subjectAltName is required. */
  readonly subjectAltNameRequired: boolean;
  /** `among-names`: the common name must also be a subjectAltName. `free`: it may be any text. */
  readonly commonName: 'among-names' | 'free';
  /** Whether names of one label (`db`, `localhost`) are allowed. */
  readonly singleLabelNames: boolean;
  readonly wildcards: boolean;
  /** Lifetime, in days, where the request gives none. */
  readonly defaultValidityDays: number;
  /** The longest lifetime, in days, that a request may ask for. */
  readonly maximumValidityDays: number;
  readonly keyAlgorithms: readonly KeyAlgorithm[];
  /** Adds id-pkix-ocsp-nocheck (RFC 6960 section 4.2.2.2.1). */
  readonly ocspNoCheck?: boolean;
}

const service: CertificateProfile = {
  keyUsage: ['digitalSignature', 'keyEncipherment'],
  extendedKeyUsage: ['serverAuth'],
  subjectAltNames: ['dns', 'ip', 'uri'],
  subjectAltNameRequired: true,
  commonName: 'among-names',
  singleLabelNames: true,
  wildcards: true,
  defaultValidityDays: 90,
  maximumValidityDays: 397,
  keyAlgorithms: KEY_ALGORITHMS,
};

/** The profiles that every authority knows: `server`, `client`, `peer` (both), `codeSigning`, `ocspResponder`. */
export const builtInProfiles = {
  server: service,
  client: {
    ...service,
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['clientAuth'],
    subjectAltNames: ['dns', 'ip', 'uri', 'email'],
    subjectAltNameRequired: false,
    commonName: 'free',
    wildcards: false,
  },
  peer: {
    ...service,
    extendedKeyUsage: ['serverAuth', 'clientAuth'],
    wildcards: false,
  },
  codeSigning: {
    ...service,
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['codeSigning'],
    subjectAltNames: ['email', 'uri'],
    subjectAltNameRequired: false,
    commonName: 'free',
    wildcards: false,
  },
  ocspResponder: {
    ...service,
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['ocspSigning'],
    subjectAltNames: ['dns'],
    subjectAltNameRequired: false,
    commonName: 'free',
    wildcards: false,
    defaultValidityDays: 14,
    maximumValidityDays: 30,
    ocspNoCheck: true,
  },
} as const satisfies Record<string, CertificateProfile>;

/** The name of a built-in profile. */
export type BuiltInProfile = keyof typeof builtInProfiles;
