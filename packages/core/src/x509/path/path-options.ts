import { isBytes } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { requireObject } from '../../errors/require-object.ts';
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
  requireObject(request, 'The request for a path');
  const { at, profile, purpose, name, keyUsage, maxPathLength, ocspNonce, requireRevocation } = request;
  if (at !== undefined && !(at instanceof Date && Number.isFinite(at.getTime()))) refuse('at', 'is not a valid Date');
  if (profile !== undefined && profile !== 'rfc5280' && profile !== 'webpki')
    refuse('profile', `is unknown: ${quote(profile)}`);
  if (purpose !== undefined) keyPurposeOid(purpose);
  if (name !== undefined && !(NAME_KINDS.has(name?.kind) && typeof name.value === 'string')) {
    refuse('name', 'must have a kind of DNS, IP or RFC822, and a text as value');
  }
  requireEach('keyUsage', keyUsage, (usage) => keyUsages.includes(usage), 'key usage');
  if (maxPathLength !== undefined && !(Number.isInteger(maxPathLength) && maxPathLength >= 0)) {
    refuse('maxPathLength', `must be a natural number, not ${quote(maxPathLength)}`);
  }
  if (request.policies !== undefined) checkPolicies(request.policies);
  requireEach('crls', request.crls, isCertificateInput, 'CRL: neither text nor bytes');
  requireEach('ocspResponses', request.ocspResponses, isBytes, 'OCSP response: not bytes');
  if (ocspNonce !== undefined && !isBytes(ocspNonce)) refuse('ocspNonce', 'must be bytes');
  requireFlag('requireRevocation', requireRevocation);
}

function checkPolicies(policies: PolicyOptions): void {
  requireObject(policies, 'The option policies');
  const { initialPolicySet, explicit, inhibitMapping, inhibitAny } = policies;
  if (!Array.isArray(initialPolicySet)) refuse('policies.initialPolicySet', 'must be a list of OIDs');
  const isOid = (oid: unknown) => typeof oid === 'string' && /^[0-2](\.\d+)+$/.test(oid);
  requireEach('policies.initialPolicySet', initialPolicySet, isOid, 'OID');
  for (const [name, flag] of Object.entries({ explicit, inhibitMapping, inhibitAny })) {
    requireFlag(`policies.${name}`, flag);
  }
}

/** A 0 or an empty text in the place of `false` may have been meant as `true`. */
function requireFlag(option: string, flag: boolean | undefined): void {
  if (flag !== undefined && typeof flag !== 'boolean') refuse(option, `must be true or false, not ${quote(flag)}`);
}

function requireEach<T>(
  option: string,
  values: readonly T[] | undefined,
  isRight: (value: T) => boolean,
  what: string,
): void {
  if (values === undefined) return;
  if (!Array.isArray(values)) refuse(option, `must be a list, not ${quote(values)}`);
  const at = values.findIndex((value) => !isRight(value));
  if (at !== -1) refuse(option, `holds ${quote(values[at])}, which is no ${what}`);
}

function isCertificateInput(value: unknown): value is CertificateInput {
  return typeof value === 'string' || isBytes(value);
}

/**
 * One input or several, as a list.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: neither text, bytes nor a list
 */
export function inputList(
  option: string,
  inputs: CertificateInput | readonly CertificateInput[],
): readonly CertificateInput[] {
  if (isCertificateInput(inputs)) return [inputs];
  if (!Array.isArray(inputs)) refuse(option, `must be PEM, DER or a list of them, not ${quote(inputs)}`);
  return inputs;
}

const NAME_KINDS: ReadonlySet<string> = new Set(['DNS', 'IP', 'RFC822']);

function refuse(option: string, complaint: string): never {
  throw new InvalidInputError('INVALID_ARGUMENT', `The option ${option} ${complaint}`, { facts: { option } });
}
