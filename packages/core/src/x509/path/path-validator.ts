import { defaultCrypto } from '../../crypto/node-provider.ts';
import type { InvalidInputError } from '../../errors/families.ts';
import type { PathValidationError } from '../../errors/path-validation-error.ts';
import { requireMethods } from '../../errors/require-methods.ts';
import { requireObject } from '../../errors/require-object.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider, MaybePromise } from '../../ports/crypto.ts';
import { andThen, isPromise } from '../../ports/maybe-promise.ts';
import { systemClock } from '../../ports/system-clock.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { RevocationCheck, type RevocationResult } from '../revocation/revocation-check.ts';
import { gatherEvidence } from '../revocation/revocation-evidence.ts';
import type { RevocationStatus } from '../revocation/revocation-status.ts';
import { CrlCache } from '../revocation/usable-crl.ts';
import { PathBudget } from './budget.ts';
import { findCertificateProblem, IssuerChecks } from './certificate-checks.ts';
import { type CertificateInput, CertificatePool, MAX_CERTIFICATES, splitInput, tryParse } from './certificate-pool.ts';
import { checkRequest, inputList, type PathRequest } from './path-options.ts';
import { judgePath } from './path-rules.ts';
import { PathSearch, type SearchGround } from './path-search.ts';
import { ANY_POLICIES } from './policy-check.ts';
import { type PathProblem, pathError, problem } from './problem.ts';
import { RecentCertificates } from './recent-certificates.ts';
import { SignatureVerifier } from './signature-verifier.ts';
import { findIdentityProblem } from './subject-identity.ts';

/** The outcome of a path validation. */
export type PathValidationResult = ValidPathResult | InvalidPathResult;

/** There is a path that keeps every rule. */
export interface ValidPathResult {
  readonly valid: true;
  /** PEM, the validated certificate first, the trust anchor last. */
  readonly path: readonly string[];
  /** The user-constrained policy set (RFC 5280 section 6.1.6): OIDs. */
  readonly policies: readonly string[];
  /** The status of each certificate of the path but the trust anchor, in the same order. */
  readonly revocation: readonly RevocationStatus[];
}

/** There is none. */
export interface InvalidPathResult {
  readonly valid: false;
  readonly error: PathValidationError;
}

/** Options of {@link PathValidator}. */
export interface PathValidatorOptions {
  /** Self-signed or other CA certificates that are trusted; PEM (also bundles) or DER. */
  readonly trustAnchors: CertificateInput | readonly CertificateInput[];
  /** Certificates that may help; not trusted. */
  readonly intermediates?: CertificateInput | readonly CertificateInput[];
  readonly crypto?: CryptoProvider;
  readonly clock?: Clock;
}

/**
 * Validates certification paths (RFC 5280 section 6) to the same trust anchors again and again: anchors and intermediates are
 * read, their keys imported and their signatures verified once, and a CRL that is given again is not read again.
 *
 * @example
 * const validator = new PathValidator({ trustAnchors: rootPem, intermediates: chainPem });
 * const result = await validator.validate(leafPem, { purpose: 'serverAuth', name: { kind: 'DNS', value: 'a.example' } });
 */
export class PathValidator {
  readonly #anchors: CertificatePool;
  readonly #intermediates: CertificatePool;
  readonly #crypto: CryptoProvider;
  readonly #clock: Clock;
  readonly #verifier: SignatureVerifier;
  readonly #checks: IssuerChecks;
  readonly #recent: RecentCertificates;
  readonly #crls = new CrlCache();

  /**
   * @throws {InvalidInputError} INVALID_ARGUMENT: an input is neither text nor bytes, or `crypto` or `clock` lacks a method
   */
  constructor(options: PathValidatorOptions) {
    requireObject(options, 'PathValidator options');
    const { trustAnchors, intermediates = [], crypto = defaultCrypto, clock = systemClock } = options;
    requireMethods(crypto, 'crypto', ['importPublicKey', 'verify']);
    requireMethods(clock, 'clock', ['now']);
    this.#anchors = new CertificatePool(inputList('trustAnchors', trustAnchors));
    this.#intermediates = new CertificatePool(inputList('intermediates', intermediates));
    this.#crypto = crypto;
    this.#clock = clock;
    const familiar = new Set([...this.#anchors.certificates, ...this.#intermediates.certificates]);
    this.#verifier = new SignatureVerifier(crypto, familiar);
    this.#checks = new IssuerChecks(familiar);
    this.#recent = new RecentCertificates(familiar);
  }

  /**
   * Validates a certificate. Bad certificates, CRLs and OCSP responses never throw: they make the result invalid.
   *
   * @param certificate PEM or DER; behind it a PEM text may hold intermediates
   * @param request what it is to be good for
   * @returns the path, or the one error that says most about why there is none
   * @throws {InvalidInputError} INVALID_ARGUMENT, EXTENSION_INVALID: an option is wrong, whatever the certificates
   */
  async validate(certificate: CertificateInput, request: PathRequest = {}): Promise<PathValidationResult> {
    const result = this.validateAtOnce(certificate, request);
    return isPromise(result) ? await result : result;
  }

  /**
   * As {@link PathValidator.validate}, without a promise where the cryptography needs none.
   *
   * @internal
   */
  validateAtOnce(certificate: CertificateInput, request: PathRequest): MaybePromise<PathValidationResult> {
    checkRequest(request);
    const { intermediates = [] } = request;
    const unreadable: InvalidInputError[] = [];
    const [first, ...rest] = splitInput(certificate, unreadable);
    const target = first && tryParse(first, unreadable);
    if (target === undefined) return invalid(unreadableTarget(unreadable[0]), []);
    const ground: SearchGround = {
      anchors: this.#anchors,
      intermediates: this.#withMore(rest, inputList('intermediates', intermediates)),
      checks: this.#checks,
      verifier: this.#verifier,
      budget: new PathBudget(),
      profile: request.profile ?? 'rfc5280',
      at: Math.floor((request.at?.getTime() ?? this.#clock.now()) / 1000) * 1000,
    };
    const wrong = findTargetProblem(target, request, ground);
    return wrong === undefined ? this.#search(target, request, ground) : invalid(wrong, [target]);
  }

  #withMore(rest: readonly Uint8Array[], inputs: readonly CertificateInput[]): CertificatePool {
    if (rest.length + inputs.length === 0) return this.#intermediates;
    const unreadable: InvalidInputError[] = [];
    const more = [...rest, ...inputs.flatMap((input) => splitInput(input, unreadable))].slice(0, MAX_CERTIFICATES);
    const certificates = more.map((der) => this.#recent.parse(der, unreadable));
    const readable = certificates.filter((certificate) => certificate !== undefined);
    return this.#intermediates.with(readable, unreadable);
  }

  #search(target: Certificate, request: PathRequest, ground: SearchGround): MaybePromise<PathValidationResult> {
    const { crls = [], ocspResponses = [], requireRevocation: isRequired = false, ocspNonce } = request;
    const isChecked = isRequired || crls.length > 0 || ocspResponses.length > 0;
    const evidence = isChecked ? gatherEvidence(crls, ocspResponses, ground.at, this.#crls) : undefined;
    const { purpose, keyUsage = [], maxPathLength, policies = ANY_POLICIES } = request;
    let accepted: Pick<ValidPathResult, 'policies' | 'revocation'> | undefined;
    const search = new PathSearch(ground, (path) => {
      const judged = judgePath(path, { purpose, keyUsage, maxPathLength, policies }, ground.budget);
      if ('problem' in judged) return judged.problem;
      const settle = (revocation: RevocationResult): PathProblem | undefined => {
        if ('code' in revocation) return revocation;
        accepted = { policies: judged.policies, revocation };
        return undefined;
      };
      if (evidence === undefined) return settle(path.slice(1).map(() => NOT_CHECKED));
      return new RevocationCheck(ground, evidence, { isRequired, ocspNonce }, this.#crypto)
        .checkPath(path)
        .then(settle);
    });
    return andThen(search.run(target), (found) =>
      'problem' in found
        ? invalid(found.problem, found.tried)
        : new AcceptedPath(found.path, accepted as NonNullable<typeof accepted>),
    );
  }
}

const NOT_CHECKED: RevocationStatus = { status: 'unknown', reasons: ['No CRL and no OCSP response was given'] };

/** Writes PEM only when asked: most callers want the verdict. */
class AcceptedPath implements ValidPathResult {
  readonly valid = true;
  readonly policies: readonly string[];
  readonly revocation: readonly RevocationStatus[];
  readonly #certificates: readonly Certificate[];

  constructor(certificates: readonly Certificate[], rest: Pick<ValidPathResult, 'policies' | 'revocation'>) {
    this.#certificates = certificates;
    this.policies = rest.policies;
    this.revocation = rest.revocation;
  }

  get path(): readonly string[] {
    return this.#certificates.map((certificate) => certificate.toPem());
  }
}

function findTargetProblem(target: Certificate, request: PathRequest, ground: SearchGround): PathProblem | undefined {
  return (
    findCertificateProblem(target, 'end-entity', ground.at, ground.profile) ??
    (request.name && findIdentityProblem(target, request.name))
  );
}

function unreadableTarget(cause: InvalidInputError | undefined): PathProblem {
  return problem('PATH_CERTIFICATE_MALFORMED', undefined, {
    rule: 'certificate',
    reference: 'RFC 5280 section 4.1',
    message: cause?.message ?? 'There is no certificate in the input',
    expected: 'a certificate, PEM or DER',
    cause,
  });
}

function invalid(found: PathProblem, tried: readonly Certificate[]): InvalidPathResult {
  return { valid: false, error: pathError(found, tried) };
}
