import { isOnCurve } from '../../crypto/curve-point.ts';
import { parseSpki } from '../../crypto/spki.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { KeyKind } from '../../ports/crypto.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { type PathProblem, problem } from './problem.ts';
import { findKeyProblem } from './signing-key.ts';

/**
 * Judges the key that a certificate certifies, which may sign nothing in the path: a key that is malformed or weak makes
 * the certificate worthless. RFC 5280 leaves algorithms open, so that a kind of key that is not known here is let through;
 * the Baseline Requirements (section 6.1.5) list theirs.
 *
 * @param certificate any certificate of a path
 * @param isListed whether the key must be of a kind that the Baseline Requirements list
 */
export function findCertifiedKeyProblem(certificate: Certificate, isListed: boolean): PathProblem | undefined {
  try {
    const parsed = parseSpki(certificate.spki);
    const { kind } = parsed;
    if ('x' in parsed && !isOnCurve(parsed.kind.curve, parsed.x, parsed.y)) {
      return refuse(certificate, `The point of the key does not lie on ${parsed.kind.curve}`, 'another point');
    }
    return findKeyProblem(certificate, kind) ?? (isListed ? findUnlisted(certificate, kind) : undefined);
  } catch (cause) {
    if (!(cause instanceof InvalidInputError)) throw cause;
    if (cause.code === 'KEY_UNSUPPORTED' && !isListed) return undefined;
    return refuse(certificate, cause.message, 'another key', cause);
  }
}

function findUnlisted(certificate: Certificate, kind: KeyKind): PathProblem | undefined {
  if (kind.type === 'EC' || (kind.type === 'RSA' && kind.modulusBits % 8 === 0)) return undefined;
  const found = kind.type === 'RSA' ? `RSA of ${kind.modulusBits} bits` : kind.type;
  return problem('PATH_KEY_REFUSED', certificate, {
    rule: 'webpki.key',
    reference: 'CA/B Forum Baseline Requirements section 6.1.5',
    message: `A key of ${found} is not allowed`,
    expected: 'RSA of 2048 bits or more, a multiple of 8, or ECDSA on P-256, P-384 or P-521',
    found,
  });
}

function refuse(certificate: Certificate, message: string, found: string, cause?: unknown): PathProblem {
  const expected = 'a well-formed key';
  const reference = 'RFC 5280 section 4.1.2.7';
  return problem('PATH_KEY_REFUSED', certificate, { rule: 'subject-key', reference, message, expected, found, cause });
}
