import { keyAlgorithmName } from '../../crypto/algorithms.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { CryptoProvider, MaybePromise, PublicKey, SignatureAlgorithm } from '../../ports/crypto.ts';
import { isPromise } from '../../ports/maybe-promise.ts';
import type { Certificate } from '../certificate/certificate.ts';
import type { PathBudget } from './budget.ts';
import { ImportedKeys } from './imported-keys.ts';
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

const MOST_CERTIFICATES = 2048;
/** Of one certificate, or one CRL: there are seldom two. */
const MOST_SIGNERS = 16;

type Verdicts = Memo<Certificate, boolean>;

/**
 * Verifies signatures with the keys of certificates, each key imported only once, and each verdict on what is familiar found
 * only once. It may outlive one validation: what it remembers is bounded.
 */
export class SignatureVerifier {
  readonly #crypto: CryptoProvider;
  readonly #keys: ImportedKeys;
  readonly #familiar: ReadonlySet<Certificate>;
  readonly #verdicts = new Memo<Certificate, Verdicts>(MOST_CERTIFICATES);
  /** On CRLs, which are few and may be large: they are not kept alive for this. */
  readonly #listVerdicts = new WeakMap<Signed, Verdicts>();

  /**
   * @param crypto imports keys and verifies
   * @param familiar the certificates that are likely to come again: verdicts on them are worth keeping beyond one validation
   */
  constructor(crypto: CryptoProvider, familiar: ReadonlySet<Certificate>) {
    this.#crypto = crypto;
    this.#keys = new ImportedKeys(crypto);
    this.#familiar = familiar;
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
  verify(
    signed: Signed,
    signer: Certificate,
    budget: PathBudget,
    remember = true,
  ): MaybePromise<PathProblem | undefined> {
    const certificate = 'serialNumber' in signed ? (signed as Certificate) : undefined;
    const algorithm = signed.signatureAlgorithm;
    if (algorithm === undefined) return algorithmRefused(signed, certificate);
    const known = (certificate ? this.#knownOf(certificate, budget) : this.#listVerdicts.get(signed))?.get(signer);
    if (known !== undefined) return known ? undefined : signatureInvalid(certificate, signer);
    const check = (key: PublicKey | PathProblem): MaybePromise<PathProblem | undefined> => {
      if ('code' in key) return key;
      if (!budget.takeSignature(key.kind)) return budgetExceeded('signatures');
      const settle = (verdict: boolean): PathProblem | undefined => {
        if (remember) this.#remember(signed, certificate, signer, verdict, budget);
        return verdict ? undefined : signatureInvalid(certificate, signer);
      };
      const refuse = (error: unknown): PathProblem => algorithmMisfit(error, algorithm, key, certificate, signer);
      try {
        const { tbs, signature, signatureSaltLength } = signed;
        const verdict = this.#crypto.verify(key, algorithm, tbs, signature, signatureSaltLength);
        return isPromise(verdict) ? verdict.then(settle, refuse) : settle(verdict);
      } catch (error) {
        return refuse(error);
      }
    };
    const key = this.#keys.keyOf(signer);
    return isPromise(key) ? key.then(check) : check(key);
  }

  /** Whether a certificate's signature has been verified before, and the verdict is remembered beyond one validation. */
  knows(certificate: Certificate): boolean {
    return this.#verdicts.get(certificate) !== undefined;
  }

  #knownOf(certificate: Certificate, budget: PathBudget): Verdicts | undefined {
    return this.#familiar.has(certificate) ? this.#verdicts.get(certificate) : budget.verdicts.get(certificate);
  }

  #remember(
    signed: Signed,
    certificate: Certificate | undefined,
    signer: Certificate,
    verdict: boolean,
    budget: PathBudget,
  ): void {
    const verdicts =
      (certificate ? this.#knownOf(certificate, budget) : this.#listVerdicts.get(signed)) ?? new Memo(MOST_SIGNERS);
    verdicts.set(signer, verdict);
    if (certificate === undefined) this.#listVerdicts.set(signed, verdicts);
    else if (this.#familiar.has(certificate)) this.#verdicts.set(certificate, verdicts);
    else budget.verdicts.set(certificate, verdicts);
  }
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

function algorithmMisfit(
  error: unknown,
  algorithm: SignatureAlgorithm,
  key: PublicKey,
  certificate: Certificate | undefined,
  signer: Certificate,
): PathProblem {
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
