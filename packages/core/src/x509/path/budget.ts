import type { KeyKind } from '../../ports/crypto.ts';
import type { Certificate } from '../certificate/certificate.ts';
import type { ComparisonBudget } from '../name/name-constraints.ts';
import { Memo } from './memo.ts';

/** A P-384 verification takes several of P-256. */
const COSTLY_KEY = 3;
const SIGNATURES = 150;
const STEPS = 2000;
const COMPARISONS = 2 ** 18;
const POLICY_NODES = 10_000;

/**
 * The work that one validation may do, so that no set of certificates takes long however it was made up. Everything that
 * the validation looks at draws on it: all paths that are tried, and those of CRL and OCSP signers.
 */
export class PathBudget {
  #signatures = SIGNATURES;
  #steps = STEPS;
  #policyNodes = POLICY_NODES;
  /** For name constraints. */
  readonly comparisons: ComparisonBudget = { remaining: COMPARISONS };

  /** On certificates' signatures that have been paid for, and need not be again. */
  readonly verdicts = new Memo<Certificate, Memo<Certificate, boolean>>(2 * SIGNATURES);

  /** Which kind of work ran out first; undefined while none did. */
  exhausted: 'signatures' | 'steps' | 'names or policies' | undefined;

  /**
   * Takes the verification of one signature.
   *
   * @param kind the key's kind: costly ones count more
   * @returns false when none is left
   */
  takeSignature(kind: KeyKind): boolean {
    this.#signatures -= isQuick(kind) ? 1 : COSTLY_KEY;
    if (this.#signatures < 0) this.exhausted ??= 'signatures';
    return this.#signatures >= 0;
  }

  /** Takes one step of path building. @returns false when none is left */
  takeStep(): boolean {
    this.#steps--;
    if (this.#steps < 0) this.exhausted ??= 'steps';
    return this.#steps >= 0;
  }

  /** Takes nodes of the policy graph. @returns false when none is left */
  takePolicyNodes(count: number): boolean {
    this.#policyNodes -= count;
    if (this.#policyNodes < 0) this.exhausted ??= 'names or policies';
    return this.#policyNodes >= 0;
  }
}

function isQuick(kind: KeyKind): boolean {
  if (kind.type === 'RSA') return kind.modulusBits <= 4096 && kind.publicExponent <= 65537n;
  return kind.type === 'Ed25519' || (kind.type === 'EC' && kind.curve === 'P-256');
}
