import { domainToASCII } from 'node:url';
import { isBytes, utf8 } from '../../encoding/bytes.ts';
import { toHex } from '../../encoding/hex.ts';
import type { AcmeIdentifier } from '../../errors/acme-error.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { requireObject } from '../../errors/require-object.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { CertificateRequest, CertificateValidity } from '../../ports/issuer.ts';
import { type CertificationRequest, parseCsr } from '../../x509/csr/csr.ts';
import { describeGeneralName, type GeneralName, parseGeneralNameText } from '../../x509/name/general-name.ts';
import { isHostName } from '../../x509/path/host-name.ts';

const MAX_NAMES = 100;
const MAX_REQUEST_ID_BYTES = 256;

/** A request that an order can be placed for. */
export interface CheckedRequest {
  readonly requestId: string;
  readonly csr: CertificationRequest;
  /** Without doubles, in one order. */
  readonly identifiers: readonly AcmeIdentifier[];
  readonly profile: string | undefined;
  readonly validity: CertificateValidity | undefined;
  /** Serial number of the certificate to be replaced. */
  readonly replaces: string | undefined;
  readonly signal?: AbortSignal;
  /** What makes two requests the same: key and names, and the profile. */
  readonly digest: string;
}

/**
 * Checks a request of the `Issuer` port, before anything is ordered.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT, GENERAL_NAME_INVALID, CSR_INVALID: what is wrong, by name
 */
export async function checkRequest(request: CertificateRequest, crypto: CryptoProvider): Promise<CheckedRequest> {
  requireObject(request, 'requestCertificate() request');
  const { requestId, csrDer, subjectAltNames, profile, validity, replaces, signal } = request;
  const idBytes = typeof requestId === 'string' && !/[\0\p{Surrogate}]/u.test(requestId) ? utf8(requestId).length : 0;
  if (idBytes === 0 || idBytes > MAX_REQUEST_ID_BYTES)
    throw invalid(`requestId must be well-formed text without NUL of 1 to ${MAX_REQUEST_ID_BYTES} bytes`);
  if (!isBytes(csrDer)) throw invalid('csrDer must be the bytes of a CSR');
  if (!Array.isArray(subjectAltNames)) throw invalid('subjectAltNames must be a list of texts');
  const identifiers = identifiersOf(subjectAltNames.map((name) => identifierOf(parseGeneralNameText(name))));
  if (identifiers.length === 0 || identifiers.length > MAX_NAMES)
    throw invalid(`subjectAltNames must hold 1 to ${MAX_NAMES} names, not ${identifiers.length}`);
  const csr = parseCsr(csrDer);
  requireSameNames(csr, identifiers);
  const spki = toHex(await crypto.digest('SHA-256', csr.spki));
  const text = JSON.stringify([spki, identifiers.map(identifierText), profile ?? null]);
  const digest = toHex(await crypto.digest('SHA-256', utf8(text)));
  return { requestId, csr, identifiers, profile, validity, replaces, digest, ...(signal && { signal }) };
}

/** An identifier as the names of certificates are written. */
export function identifierText({ type, value }: AcmeIdentifier): string {
  return type === 'dns' ? value : `${type}:${value}`;
}

/**
 * The identifier for a name.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: neither a host name nor an IP address
 */
export function identifierOf(name: GeneralName): AcmeIdentifier {
  if (name.kind === 'ip') return { type: 'ip', value: name.value };
  if (name.kind !== 'dns')
    throw invalid(
      `ACME certifies host names and IP addresses, not ${JSON.stringify(describeGeneralName(name).slice(0, 256))}`,
    );
  const value = name.value.toLowerCase();
  if (isHostName(value.replace(/^\*\./, ''))) return { type: 'dns', value };
  const ascii = domainToASCII(value);
  const hint = ascii !== '' && ascii !== value ? `; ask for ${JSON.stringify(ascii)}` : '';
  throw invalid(`${JSON.stringify(name.value.slice(0, 256))} is no host name${hint}`);
}

/** A server refuses a CSR of other names (RFC 8555 section 7.4), when an order has been spent on it. */
function requireSameNames(csr: CertificationRequest, identifiers: readonly AcmeIdentifier[]): void {
  const asked = new Set(identifiers.map(identifierText));
  const held = new Set(identifiersOf((csr.subjectAltNames ?? []).map(identifierOf)).map(identifierText));
  const missing = [...asked].filter((name) => !held.has(name));
  const excess = [...held].filter((name) => !asked.has(name));
  if (missing.length > 0) throw invalid(`The CSR does not ask for ${missing.join(', ')}, which subjectAltNames names`);
  if (excess.length > 0) throw invalid(`The CSR asks for ${excess.join(', ')}, which subjectAltNames does not name`);
}

function identifiersOf(identifiers: readonly AcmeIdentifier[]): AcmeIdentifier[] {
  const byText = new Map(identifiers.map((each) => [identifierText(each), each]));
  return [...byText.keys()].sort().map((text) => byText.get(text) as AcmeIdentifier);
}

function invalid(problem: string): InvalidInputError {
  return new InvalidInputError('INVALID_ARGUMENT', problem);
}
