import type { KeyKind } from '../../ports/crypto.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { type PathProblem, problem } from './problem.ts';

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;
/** A larger exponent makes a verification as slow as its author likes. */
const MAX_RSA_EXPONENT = 2n ** 33n;

/**
 * Judges the size of a key that signs, or of one that is certified.
 *
 * @param certificate whose key it is
 * @param kind the key's kind
 */
export function findKeyProblem(certificate: Certificate, kind: KeyKind): PathProblem | undefined {
  if (kind.type !== 'RSA') return undefined;
  const { modulusBits, publicExponent } = kind;
  const refuse = (expected: string, found: string): PathProblem =>
    problem('PATH_KEY_REFUSED', certificate, {
      rule: 'signing-key.rsa',
      reference: 'NIST SP 800-131A section 3',
      message: `The RSA key is too weak, or too costly to use: ${found}`,
      expected,
      found,
    });
  if (modulusBits < MIN_RSA_BITS || modulusBits > MAX_RSA_BITS) {
    return refuse(`a modulus of ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits`, `a modulus of ${modulusBits} bits`);
  }
  if (publicExponent < 3n || publicExponent % 2n === 0n || publicExponent > MAX_RSA_EXPONENT) {
    return refuse('an odd exponent from 3 to 2^33', 'another exponent');
  }
  return undefined;
}
