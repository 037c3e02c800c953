import { keyAlgorithmName } from '../../crypto/algorithms.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { CryptoProvider, KeyKind, PublicKey, SignatureAlgorithm } from '../../ports/crypto.ts';
import type { Certificate } from '../certificate/certificate.ts';
import type { PathBudget } from './budget.ts';
import { contentKey } from './content-key.ts';
import { Memo } from './memo.ts';
import { type PathProblem, problem } from './problem.ts';

/** Something that is signed: a certificate, a CRL or an OCSP response. */
export interface Signed {
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly signatureAlgorithmOid: string;
  readonly signatureSaltLength: number | undefined;
}

/** Algorithms that people will meet and that are refused, by name. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.2', 'RSA with MD2'],
  ['1.2.840.113549.1.1.3', 'RSA with MD4'],
  ['1.2.840.113549.1.1.4', 'RSA with MD5'],
  ['1.2.840.113549.1.1.5', 'RSA with SHA-1'],
  ['1.3.14.3.2.29', 'RSA with SHA-1'],
  ['1.2.840.113549.1.1.10', 'RSASSA-PSS with SHA-1 or another digest than SHA-256, SHA-384 or SHA-512'],
  ['1.2.840.113549.1.1.14', 'RSA with SHA-224'],
  ['1.2.840.10045.4.1', 'ECDSA with SHA-1'],
  ['1.2.840.10045.4.3.1', 'ECDSA with SHA-224'],
  ['1.2.840.10040.4.3', 'DSA with SHA-1'],
  ['2.16.840.1.101.3.4.3.1', 'DSA with SHA-224'],
  ['2.16.840.1.101.3.4.3.2', 'DSA with SHA-256'],
]);

const MOST_KEYS = 256;
const MOST_CERTIFICATES = 2048;
/** SubjectPublicKeyInfo of RSA-8192, in bytes. */
const LONGEST_KEY = 1100;
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;
/** A larger exponent makes a verification as slow as its author likes. */
const MAX_RSA_EXPONENT = 2n ** 33n;

/**
 * Verifies signatures with the keys of certificates, each key imported and each verdict found only once. It may outlive one
 * validation: what it remembers is bounded.
 */
export class SignatureVerifier {
  readonly #crypto: CryptoProvider;
  readonly #keys = new Memo<Certificate, PublicKey | PathProblem>(MOST_CERTIFICATES);
  /** A CA's key comes in several certificates: cross-signs, renewals, and the same one sent again. */
  readonly #imported = new Memo<string, PublicKey>(MOST_KEYS);
  readonly #verdicts = new Memo<Certificate, Map<Certificate, boolean>>(MOST_CERTIFICATES);
  /** On CRLs, which are few and may be large: they are not kept alive for this. */
  readonly #listVerdicts = new WeakMap<Signed, Map<Certificate, boolean>>();

  /** @param crypto imports keys and verifies */
  constructor(crypto: CryptoProvider) {
    this.#crypto = crypto;
  }

  /**
   * Verifies a signature.
   *
   * @param signed what is signed
   * @param signer whose key is to have signed it
   * @param budget pays for what is not remembered
   * @param remember keeps the verdict; default true
   * @returns what is wrong, or undefined
   */
  async verify(
    signed: Signed,
    signer: Certificate,
    budget: PathBudget,
    remember = true,
  ): Promise<PathProblem | undefined> {
    const certificate = 'serialNumber' in signed ? (signed as Certificate) : undefined;
    const algorithm = signed.signatureAlgorithm;
    if (algorithm === undefined) return algorithmRefused(signed, certificate);
    const known = (certificate ? this.#verdicts.get(certificate) : this.#listVerdicts.get(signed))?.get(signer);
    if (known !== undefined) return known ? undefined : signatureInvalid(certificate, signer);
    const kept = this.#keys.get(signer);
    const key = kept ?? (await this.#importKey(signer));
    if ('code' in key) return key;
    if (!budget.takeSignature(key.kind)) return budgetExceeded('signatures');
    let verdict: boolean;
    try {
      const { tbs, signature, signatureSaltLength } = signed;
      verdict = await this.#crypto.verify(key, algorithm, tbs, signature, signatureSaltLength);
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      return problem('PATH_SIGNATURE_INVALID', certificate, {
        rule: 'signature.algorithm',
        reference: 'RFC 5280 section 6.1.3 (a)(1)',
        message: `A signature of algorithm ${algorithm} cannot be by the key of ${JSON.stringify(signer.subject.toString())}`,
        expected: `an algorithm for ${keyAlgorithmName(key.kind)}`,
        found: algorithm,
        cause: error,
      });
    }
    if (remember) {
      const verdicts = (certificate ? this.#verdicts.get(certificate) : this.#listVerdicts.get(signed)) ?? new Map();
      verdicts.set(signer, verdict);
      if (certificate) this.#verdicts.set(certificate, verdicts);
      else this.#listVerdicts.set(signed, verdicts);
    }
    return verdict ? undefined : signatureInvalid(certificate, signer);
  }

  async #importOnce(spki: Uint8Array): Promise<PublicKey> {
    if (spki.length > LONGEST_KEY) return this.#crypto.importPublicKey(spki);
    const content = contentKey(spki);
    const known = this.#imported.get(content);
    if (known !== undefined) return known;
    const key = await this.#crypto.importPublicKey(spki);
    this.#imported.set(content, key);
    return key;
  }

  async #importKey(signer: Certificate): Promise<PublicKey | PathProblem> {
    let key: PublicKey | PathProblem;
    try {
      const imported = await this.#importOnce(signer.spki);
      key = findKeyProblem(signer, imported.kind) ?? imported;
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      key = problem('PATH_KEY_REFUSED', signer, {
        rule: 'signing-key.unusable',
        reference: 'RFC 5280 section 6.1.4 (d)',
        message: `The key cannot verify anything: ${error.message}`,
        expected: 'RSA, ECDSA on P-256, P-384 or P-521, Ed25519 or Ed448',
        cause: error,
      });
    }
    this.#keys.set(signer, key);
    return key;
  }
}

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

/** Makes the problem of a budget that ran out. */
export function budgetExceeded(what: string): PathProblem {
  return problem('PATH_BUDGET_EXCEEDED', undefined, {
    rule: 'budget',
    reference: 'docs/path-validation.md, "Budgets"',
    message: `The certificates ask for more work than one validation may do (${what})`,
    found: what,
  });
}

function signatureInvalid(certificate: Certificate | undefined, signer: Certificate): PathProblem {
  return problem('PATH_SIGNATURE_INVALID', certificate, {
    rule: 'signature',
    reference: 'RFC 5280 section 6.1.3 (a)(1)',
    message: `The signature is not by the key of ${JSON.stringify(signer.subject.toString())}`,
  });
}

function algorithmRefused({ signatureAlgorithmOid: oid }: Signed, certificate: Certificate | undefined): PathProblem {
  const name = REFUSED.get(oid);
  return problem('PATH_ALGORITHM_REFUSED', certificate, {
    rule: 'signature.algorithm',
    reference: 'RFC 5280 section 6.1.3 (a)(1)',
    message: `Signatures by ${name === undefined ? `algorithm ${oid}` : `${name} (${oid})`} are not accepted`,
    expected: 'RSA or ECDSA with SHA-256, SHA-384 or SHA-512, Ed25519 or Ed448',
    found: name ?? oid,
  });
}
