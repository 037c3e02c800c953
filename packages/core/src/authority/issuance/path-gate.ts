import { PolicyError } from '../../errors/families.ts';
import type { PathValidationError } from '../../errors/path-validation-error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider, MaybePromise } from '../../ports/crypto.ts';
import { andThen, isPromise } from '../../ports/maybe-promise.ts';
import type { Certificate } from '../../x509/certificate/certificate.ts';
import type { ExtendedKeyUsage } from '../../x509/extensions/extended-key-usage.ts';
import type { KeyUsage } from '../../x509/extensions/key-usage.ts';
import { PathValidator } from '../../x509/path/path-validator.ts';

/** Who stands above a certificate that is about to be handed out. */
export interface Issuers {
  /** The intermediate that signed it; undefined where the trust anchor did. */
  readonly certificate: Certificate | undefined;
  readonly trustAnchor: Certificate;
}

/** What a finished certificate must be good for. */
export interface PathPurpose {
  /** Every one of them. */
  readonly extendedKeyUsage?: readonly ExtendedKeyUsage[];
  readonly keyUsage?: readonly KeyUsage[];
}

/**
 * Judges finished certificates as a relying party would (RFC 5280 section 6), before anyone sees them: a key that has signed wrong, or a rule that
 * the request's own checks have missed, ends here. What is true of the issuers is found out once, so that a certificate costs the
 * verification of its own signature.
 */
export class PathGate {
  readonly #validator: PathValidator;
  /** Whether any issuer limits the purposes of what is below it: else the certificate's own word decides, and one purpose stands for all. */
  readonly #isLimited: boolean;

  constructor(
    { certificate, trustAnchor }: Issuers,
    options: { readonly crypto: CryptoProvider; readonly clock: Clock },
  ) {
    const issuers = certificate === undefined ? [trustAnchor] : [certificate, trustAnchor];
    this.#isLimited = issuers.some(({ extKeyUsage }) => extKeyUsage !== undefined);
    this.#validator = new PathValidator({
      ...options,
      trustAnchors: trustAnchor.der,
      intermediates: certificate === undefined ? [] : certificate.der,
    });
  }

  /**
   * Looks for what keeps a relying party from accepting a certificate.
   *
   * @param der - the certificate
   * @returns undefined where nothing does
   */
  findProblem(
    der: Uint8Array,
    { extendedKeyUsage = [], keyUsage = [] }: PathPurpose = {},
  ): MaybePromise<PathValidationError | undefined> {
    const purposes = this.#isLimited ? extendedKeyUsage : extendedKeyUsage.slice(0, 1);
    const findFrom = (at: number): MaybePromise<PathValidationError | undefined> => {
      const purpose = purposes[at];
      const request = purpose === undefined ? { keyUsage } : { keyUsage, purpose };
      return andThen(this.#validator.validateAtOnce(der, request), (result) => {
        if (!result.valid) return result.error;
        return at + 1 < purposes.length ? findFrom(at + 1) : undefined;
      });
    };
    return findFrom(0);
  }

  /**
   * Lets a certificate pass, or refuses it.
   *
   * @throws {PolicyError} ISSUANCE_REFUSED: its path is not valid; the rule is named `path.` and the path validation's own
   */
  async pass(der: Uint8Array, purpose: PathPurpose): Promise<void> {
    const finding = this.findProblem(der, purpose);
    const error = isPromise(finding) ? await finding : finding;
    if (error === undefined) return;
    const violation = { rule: `path.${error.rule}`, value: error.found ?? error.code, message: error.message };
    throw new PolicyError([violation], { cause: error });
  }
}
