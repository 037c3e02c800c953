import { isBytes } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { type ExtendedKeyUsage, keyPurposeOid } from '../extensions/extended-key-usage.ts';
import { type KeyUsage, keyUsages } from '../extensions/key-usage.ts';
import type { PathProfile } from './certificate-checks.ts';
import type { CertificateInput } from './certificate-pool.ts';
import type { PolicyOptions } from './policy-check.ts';
import type { ReferenceIdentity } from './subject-identity.ts';

/** What a path is to be good for, and what is known about revocation. */
export interface PathRequest {
  /** Certificates that may help, such as a peer sent; in any order, and not trusted. */
  readonly intermediates?: CertificateInput | readonly CertificateInput[];
  /** The instant to validate at; default the clock's. Fractions of a second do not count. */
  readonly at?: Date;
  /** `rfc5280` (default), or `webpki` for the CA/Browser Forum's rules on top. */
  readonly profile?: PathProfile;
  /** What the certificate is to be used for; default anything. */
  readonly purpose?: ExtendedKeyUsage;
  /** Whom the caller means to talk to; default anyone. */
  readonly name?: ReferenceIdentity;
  /** What the key must be usable for, where the certificate limits that. */
  readonly keyUsage?: readonly KeyUsage[];
  /** How many intermediates there may be, self-issued ones not counted; default 32 certificates in all. */
  readonly maxPathLength?: number;
  /** CRLs of any issuers: full, delta, indirect or partitioned; PEM or DER. */
  readonly crls?: readonly CertificateInput[];
  /** OCSP responses, DER. */
  readonly ocspResponses?: readonly Uint8Array[];
  /** The nonce that was sent with the OCSP request: responses without it do not count. */
  readonly ocspNonce?: Uint8Array;
  /** Whether a certificate of unknown status is refused; default false: it is accepted, and the result says why. */
  readonly requireRevocation?: boolean;
  /** Which certificate policies the path is to be valid under; default any. */
  readonly policies?: PolicyOptions;
}

/** Options of {@link validatePath}. */
export interface ValidatePathOptions extends PathRequest {
  /** The certificate to be validated, PEM or DER. Behind it a PEM text may hold intermediates. */
  readonly certificate: CertificateInput;
  /** Self-signed or other CA certificates that are trusted; PEM (also bundles) or DER. */
  readonly trustAnchors: CertificateInput | readonly CertificateInput[];
  readonly crypto?: CryptoProvider;
  readonly clock?: Clock;
}

/**
 * Refuses options that no certificate can make right.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: names the option
 * @throws {InvalidInputError} EXTENSION_INVALID: `purpose` is neither a known key purpose nor an OID
 */
export function checkRequest(request: PathRequest): void {
  const { at, profile, purpose, name, keyUsage, maxPathLength, policies, ocspNonce } = request;
  if (at !== undefined && Number.isNaN(at.getTime())) refuse('at', 'is not a valid Date');
  if (profile !== undefined && profile !== 'rfc5280' && profile !== 'webpki')
    refuse('profile', `is unknown: ${profile}`);
  if (purpose !== undefined) keyPurposeOid(purpose);
  if (name !== undefined && !(NAME_KINDS.has(name.kind) && typeof name.value === 'string')) {
    refuse('name', 'must have a kind of DNS, IP or RFC822, and a text as value');
  }
  const unknown = keyUsage?.find((usage) => !keyUsages.includes(usage));
  if (unknown !== undefined) refuse('keyUsage', `holds ${JSON.stringify(unknown)}, which is no key usage`);
  if (maxPathLength !== undefined && !(Number.isInteger(maxPathLength) && maxPathLength >= 0)) {
    refuse('maxPathLength', `must be a natural number, not ${maxPathLength}`);
  }
  const badPolicy = policies?.initialPolicySet.find((oid) => !/^[0-2](\.\d+)+$/.test(oid));
  if (badPolicy !== undefined)
    refuse('policies.initialPolicySet', `holds ${JSON.stringify(badPolicy)}, which is no OID`);
  if (ocspNonce !== undefined && !isBytes(ocspNonce)) refuse('ocspNonce', 'must be bytes');
}

/** One input or several, as a list. */
export function inputList(inputs: CertificateInput | readonly CertificateInput[] = []): readonly CertificateInput[] {
  return typeof inputs === 'string' || isBytes(inputs) ? [inputs] : (inputs as readonly CertificateInput[]);
}

const NAME_KINDS: ReadonlySet<string> = new Set(['DNS', 'IP', 'RFC822']);

function refuse(option: string, complaint: string): never {
  throw new InvalidInputError('INVALID_ARGUMENT', `The option ${option} ${complaint}`, { facts: { option } });
}
