import { equalBytes, hashBytes } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { CryptoProvider, MaybePromise, PublicKey } from '../../ports/crypto.ts';
import { isPromise } from '../../ports/maybe-promise.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { Memo } from './memo.ts';
import { type PathProblem, problem } from './problem.ts';
import { findKeyProblem } from './signing-key.ts';

const MOST = 256;
/** SubjectPublicKeyInfo of RSA-8192, in bytes. */
const LONGEST = 1100;

/** What an import came to. */
type Outcome = PublicKey | InvalidInputError;

/**
 * The keys of signers, each imported once. They are found by what they are: a CA's key comes in several certificates (cross-signs,
 * renewals, the same one sent again).
 */
export class ImportedKeys {
  readonly #crypto: CryptoProvider;
  readonly #byHash = new Memo<number, { readonly spki: Uint8Array; readonly outcome: Outcome }>(MOST);
  /** Too long for any key that is accepted: remembered by the certificate, so that no copy is kept. */
  readonly #ofLong = new Memo<Certificate, Outcome>(MOST);

  /** @param crypto imports them */
  constructor(crypto: CryptoProvider) {
    this.#crypto = crypto;
  }

  /**
   * Gives the key of a certificate, or what is wrong with it.
   *
   * @param signer whose key
   */
  keyOf(signer: Certificate): MaybePromise<PublicKey | PathProblem> {
    const { spki } = signer;
    const isLong = spki.length > LONGEST;
    const hash = isLong ? 0 : hashBytes(spki);
    const known = isLong ? undefined : this.#byHash.get(hash);
    if (known !== undefined && equalBytes(known.spki, spki)) return judge(signer, known.outcome);
    const ofLong = isLong ? this.#ofLong.get(signer) : undefined;
    if (ofLong !== undefined) return judge(signer, ofLong);
    const settle = (outcome: Outcome): PublicKey | PathProblem => {
      if (isLong) this.#ofLong.set(signer, outcome);
      else this.#byHash.set(hash, { spki: new Uint8Array(spki), outcome });
      return judge(signer, outcome);
    };
    const refuse = (error: unknown): PublicKey | PathProblem => {
      if (!(error instanceof InvalidInputError)) throw error;
      return settle(error);
    };
    try {
      const key = this.#crypto.importPublicKey(spki);
      return isPromise(key) ? key.then(settle, refuse) : settle(key);
    } catch (error) {
      return refuse(error);
    }
  }
}

function judge(signer: Certificate, outcome: Outcome): PublicKey | PathProblem {
  if (!(outcome instanceof InvalidInputError)) return findKeyProblem(signer, outcome.kind) ?? outcome;
  return problem('PATH_KEY_REFUSED', signer, {
    rule: 'signing-key.unusable',
    reference: 'RFC 5280 section 6.1.4 (d)',
    message: `The key cannot verify anything: ${outcome.message}`,
    expected: 'RSA, ECDSA on P-256, P-384 or P-521, Ed25519 or Ed448',
    cause: outcome,
  });
}
