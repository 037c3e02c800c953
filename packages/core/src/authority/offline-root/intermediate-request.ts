import { findWeakness } from '../../crypto/weak-keys.ts';
import { equalBytes } from '../../encoding/bytes.ts';
import { InvalidInputError, PolicyError, type PolicyViolation } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { requireObject } from '../../errors/require-object.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Certificate } from '../../x509/certificate/certificate.ts';
import { parseCsr, verifyCsr } from '../../x509/csr/csr.ts';
import type { NameConstraints } from '../../x509/extensions/name-constraints.ts';
import type { DistinguishedName } from '../../x509/name/distinguished-name.ts';
import { parseSubtreeText } from '../../x509/name/general-name.ts';
import { requireHttpUrl } from '../http-url.ts';
import { checkSubjectText } from '../policy/subject-text.ts';
import { DAY, requireDays } from '../validity.ts';

/** How `OfflineRoot.signIntermediate` signs. */
export interface SignIntermediateOptions {
  /** 1825 (five years) by default, clamped to the root's own end; a longer one that is asked for is refused. */
  readonly validityDays?: number;
  /** How many CAs may stand below the intermediate; 0 by default: it signs end-entity certificates only. */
  readonly pathLength?: number;
  /**
   * Names that certificates below the intermediate may hold (RFC 5280 section 4.2.1.10), as text: `example.com`, `ip:10.0.0.0/8`,
   * `email:example.com`, `uri:.example.com`.
   */
  readonly nameConstraints?: { readonly permitted?: readonly string[]; readonly excluded?: readonly string[] };
  /** Where the root's CRL is served. */
  readonly crlUrl?: string;
  /** Where the root's certificate is served (caIssuers). */
  readonly issuerUrl?: string;
}

/** What a root signs, once every check has passed. */
export interface CheckedIntermediateRequest {
  readonly subject: DistinguishedName;
  readonly spki: Uint8Array;
  readonly pathLength: number;
  readonly notAfter: number;
  readonly nameConstraints?: NameConstraints;
  readonly crlUrl?: string;
  readonly issuerUrl?: string;
}

/** Checks a request for an intermediate: proof of possession, key, subject, validity. */
export async function checkIntermediateRequest(
  pemOrDer: string | Uint8Array,
  options: SignIntermediateOptions,
  root: Certificate,
  now: number,
  crypto: CryptoProvider,
): Promise<CheckedIntermediateRequest> {
  requireObject(options, 'signIntermediate() options');
  const { validityDays, pathLength = 0, nameConstraints, crlUrl, issuerUrl } = options;
  if (!Number.isInteger(pathLength) || pathLength < 0 || pathLength > 16) {
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `pathLength must be a whole number from 0 to 16, not ${quote(pathLength)}`,
    );
  }
  if (validityDays !== undefined) requireDays('validityDays', validityDays, 36_500);
  requireHttpUrl('crlUrl', crlUrl);
  requireHttpUrl('issuerUrl', issuerUrl);
  const csr = parseCsr(pemOrDer);
  const { kind } = await verifyCsr(csr, crypto);
  const violations: PolicyViolation[] = [];
  const weakness = findWeakness(kind, csr.spki);
  if (weakness !== undefined) violations.push(weakness);
  const name = csr.subject.toString();
  const constraints = nameConstraints === undefined ? undefined : parseConstraints(nameConstraints);
  if (csr.subject.isEmpty)
    violations.push({ rule: 'ca.subject', value: '', message: 'an intermediate CA needs a subject' });
  violations.push(...checkSubjectText(csr.subject));
  if (csr.subject.equals(root.subject)) {
    violations.push({
      rule: 'ca.subject',
      value: name,
      message: `the subject ${quote(name)} is the root's own`,
    });
  }
  if (equalBytes(csr.spki, root.spki))
    violations.push({ rule: 'ca.key', value: name, message: "the key is the root's own" });
  const end = root.notAfter.getTime();
  const notAfter = validityDays === undefined ? Math.min(now + 1825 * DAY, end) : now + validityDays * DAY;
  if (notAfter > end) {
    const asked = new Date(notAfter).toISOString();
    violations.push({
      rule: 'validity.beyond-issuer',
      value: asked,
      message: `notAfter ${asked} lies beyond the root's ${root.notAfter.toISOString()}`,
    });
  }
  if (end < now)
    violations.push({ rule: 'issuer.expired', value: root.notAfter.toISOString(), message: 'the root has expired' });
  if (violations.length > 0) throw new PolicyError(violations);
  return {
    subject: csr.subject,
    spki: csr.spki,
    pathLength,
    notAfter,
    ...(constraints === undefined ? {} : { nameConstraints: constraints }),
    ...(crlUrl === undefined ? {} : { crlUrl }),
    ...(issuerUrl === undefined ? {} : { issuerUrl }),
  };
}

function parseConstraints(given: NonNullable<SignIntermediateOptions['nameConstraints']>): NameConstraints {
  requireObject(given, 'nameConstraints');
  const { permitted = [], excluded = [] } = given;
  requireTexts('nameConstraints.permitted', permitted);
  requireTexts('nameConstraints.excluded', excluded);
  if (permitted.length + excluded.length === 0) {
    throw new InvalidInputError('INVALID_ARGUMENT', 'nameConstraints must permit or exclude at least one subtree');
  }
  return { permitted: permitted.map(parseSubtreeText), excluded: excluded.map(parseSubtreeText) };
}

/** A list with a hole in it would constrain less than was meant. */
function requireTexts(option: string, texts: readonly string[]): void {
  if (!Array.isArray(texts)) {
    throw new InvalidInputError('INVALID_ARGUMENT', `${option} must be a list of names, not ${quote(texts)}`);
  }
  const odd = texts.findIndex((text) => typeof text !== 'string');
  if (odd === -1) return;
  throw new InvalidInputError('INVALID_ARGUMENT', `${option}.${odd} must be a name, not ${quote(texts[odd])}`);
}
