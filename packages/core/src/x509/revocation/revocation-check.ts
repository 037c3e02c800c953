import { equalBytes } from '../../encoding/bytes.ts';
import type { InvalidInputError } from '../../errors/families.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { keyBits } from '../ocsp/cert-id.ts';
import type { OcspResponse } from '../ocsp/ocsp-response.ts';
import { findCertificateProblem } from '../path/certificate-checks.ts';
import { tryParse } from '../path/certificate-pool.ts';
import { judgePath } from '../path/path-rules.ts';
import { PathSearch, type SearchGround } from '../path/path-search.ts';
import { ANY_POLICIES } from '../path/policy-check.ts';
import { type PathProblem, problem } from '../path/problem.ts';
import type { Signed } from '../path/signature-verifier.ts';
import { statusByCrls } from './crl-status.ts';
import { statusByOcsp } from './ocsp-status.ts';
import type { RevocationEvidence } from './revocation-evidence.ts';
import type { RevocationStatus } from './revocation-status.ts';
import type { UsableCrl } from './usable-crl.ts';

/** How strictly revocation is judged. */
export interface RevocationRules {
  /** Whether an unknown status is refused. */
  readonly isRequired: boolean;
  readonly ocspNonce: Uint8Array | undefined;
}

/** The outcome for a path: the status of each certificate but the anchor, end entity first, or what is wrong. */
export type RevocationResult = PathProblem | readonly RevocationStatus[];

/** Checks the certificates of paths for revocation, and the signers of CRLs and OCSP responses likewise. */
export class RevocationCheck {
  readonly #ground: SearchGround;
  readonly #evidence: RevocationEvidence;
  readonly #rules: RevocationRules;
  readonly #crypto: CryptoProvider;
  /** Certificates whose status is being asked for, their paths being valid otherwise. */
  readonly #pending = new Set<Certificate>();
  readonly #signers = new Map<string, Promise<string | undefined>>();

  /**
   * @param ground where paths of signers are looked for
   * @param evidence CRLs and OCSP responses
   * @param rules how strictly
   * @param crypto digests
   */
  constructor(ground: SearchGround, evidence: RevocationEvidence, rules: RevocationRules, crypto: CryptoProvider) {
    this.#ground = ground;
    this.#evidence = evidence;
    this.#rules = rules;
    this.#crypto = crypto;
  }

  /**
   * Checks a path, from the trust anchor down.
   *
   * @param path end entity first, trust anchor last; valid but for revocation
   */
  async checkPath(path: readonly Certificate[]): Promise<RevocationResult> {
    const statuses: RevocationStatus[] = [];
    for (let index = path.length - 2; index >= 0; index--) {
      const certificate = path[index] as Certificate;
      const status = await this.#statusOf(certificate, path, index === 0);
      if (status.status === 'revoked') return revokedProblem(certificate, status);
      if (status.status === 'unknown' && this.#rules.isRequired) return unknownProblem(certificate, status.reasons);
      statuses.unshift(status);
    }
    return statuses;
  }

  async #statusOf(
    certificate: Certificate,
    path: readonly Certificate[],
    isTarget: boolean,
  ): Promise<RevocationStatus> {
    if (this.#pending.has(certificate)) return { status: 'unknown', reasons: ['The status depends on itself'] };
    this.#pending.add(certificate);
    try {
      return await this.#ask(certificate, path, isTarget);
    } finally {
      this.#pending.delete(certificate);
    }
  }

  /** Asks everyone: a revocation by any of them counts, whatever the others say. */
  async #ask(certificate: Certificate, path: readonly Certificate[], isTarget: boolean): Promise<RevocationStatus> {
    const { lists, responses, complaints } = this.#evidence;
    const issuer = path[path.indexOf(certificate) + 1] as Certificate;
    const byOcsp = await statusByOcsp(certificate, issuer, responses, {
      at: this.#ground.at,
      nonce: this.#rules.ocspNonce,
      crypto: this.#crypto,
      checkSigner: (response) => this.#checkResponder(response, issuer, path),
    });
    if (byOcsp.status === 'revoked') return byOcsp;
    const byCrls = await statusByCrls(certificate, lists, (list) => this.#checkCrlSigner(list, certificate, path));
    if (byCrls.status === 'revoked') return byCrls;
    if (byOcsp.status === 'good') return byOcsp;
    if (byCrls.status === 'good') return byCrls;
    // RFC 9608 section 4: there is nothing to be had, for an end entity only.
    if (isTarget && certificate.noRevAvail && !certificate.basicConstraints?.cA) {
      return { status: 'good', source: 'noRevAvail' };
    }
    return { status: 'unknown', reasons: [...byOcsp.reasons, ...byCrls.reasons, ...complaints] };
  }

  /** RFC 5280 section 6.3.3 (f) and (g): someone of the CRL issuer's name, with a path to the same trust anchor. */
  async #checkCrlSigner(
    list: UsableCrl,
    certificate: Certificate,
    path: readonly Certificate[],
  ): Promise<string | undefined> {
    const { crl } = list;
    const above = path.slice(path.indexOf(certificate) + 1);
    const { intermediates, anchors } = this.#ground;
    const subject = crl.issuer.matchKey;
    const others = [...intermediates.withSubject(subject), ...anchors.withSubject(subject)];
    let refusal = `No certificate of the CRL issuer ${JSON.stringify(crl.issuer.toString())} is at hand`;
    for (const signer of [...above.filter((one) => one.subject.equals(crl.issuer)), ...others]) {
      if (signer.keyUsage?.includes('cRLSign') === false) {
        refusal = `The key of ${JSON.stringify(signer.subject.toString())} may not sign CRLs: cRLSign is not set`;
        continue;
      }
      const wrong = await this.#ground.verifier.verify(crl, signer, this.#ground.budget);
      if (wrong !== undefined) {
        refusal = `The CRL of ${JSON.stringify(crl.issuer.toString())} does not count: ${wrong.message}`;
        continue;
      }
      if (above.includes(signer)) return undefined;
      const unproven = await this.#proveSigner(signer, path);
      if (unproven === undefined) return undefined;
      refusal = unproven;
    }
    return refusal;
  }

  /** Validates the path of a signer that is not in the path itself. */
  async #proveSigner(signer: Certificate, path: readonly Certificate[]): Promise<string | undefined> {
    // Its path is being validated further up: a CRL may cover the certificate of its own signer.
    if (this.#pending.has(signer)) return undefined;
    const anchor = path[path.length - 1] as Certificate;
    if (equalBytes(anchor.der, signer.der)) return undefined;
    const key = `${anchor.subject.matchKey}\n${signer.issuer.matchKey}\n${signer.serialNumber}`;
    const known = this.#signers.get(key);
    if (known !== undefined) return known;
    const proof = this.#findSignerPath(signer, anchor, path);
    this.#signers.set(key, proof);
    return proof;
  }

  async #findSignerPath(
    signer: Certificate,
    anchor: Certificate,
    path: readonly Certificate[],
  ): Promise<string | undefined> {
    const wrong = findCertificateProblem(signer, 'end-entity', this.#ground.at, 'rfc5280');
    if (wrong !== undefined) return `The signer ${JSON.stringify(signer.subject.toString())}: ${wrong.message}`;
    const search = new PathSearch(this.#ground, async (candidate) => {
      if (candidate[candidate.length - 1] !== anchor) return otherAnchor(signer);
      const judged = judgePath(candidate, { keyUsage: [], policies: ANY_POLICIES }, this.#ground.budget);
      if ('problem' in judged) return judged.problem;
      return this.#checkSignerPath(candidate, path);
    });
    const found = await search.run(signer);
    return 'path' in found ? undefined : found.problem.message;
  }

  async #checkSignerPath(
    candidate: readonly Certificate[],
    path: readonly Certificate[],
  ): Promise<PathProblem | undefined> {
    // What the two paths share is checked where it stands.
    for (const certificate of candidate.slice(0, -1).toReversed()) {
      if (path.includes(certificate)) continue;
      const status = await this.#statusOf(certificate, candidate, false);
      if (status.status === 'revoked') return revokedProblem(certificate, status);
      if (status.status === 'unknown' && this.#rules.isRequired) return unknownProblem(certificate, status.reasons);
    }
    return undefined;
  }

  /** RFC 6960 section 4.2.2.2: the issuer itself, or a responder to whom it gave a certificate for that. */
  async #checkResponder(
    response: OcspResponse,
    issuer: Certificate,
    path: readonly Certificate[],
  ): Promise<string | undefined> {
    const { verifier, budget } = this.#ground;
    if ((await this.#isResponder(response, issuer)) && !(await verifier.verify(response as Signed, issuer, budget))) {
      return undefined;
    }
    let refusal = 'The OCSP response is signed neither by the issuer nor by a responder of its own';
    const unreadable: InvalidInputError[] = [];
    for (const der of response.certificates.slice(0, MAX_RESPONDER_CERTIFICATES)) {
      const responder = tryParse(der, unreadable);
      if (responder === undefined || !(await this.#isResponder(response, responder))) continue;
      const wrong = await this.#findResponderProblem(response, responder, issuer, path);
      if (wrong === undefined) return undefined;
      refusal = `The OCSP responder ${JSON.stringify(responder.subject.toString())} does not count: ${wrong}`;
    }
    return refusal;
  }

  async #findResponderProblem(
    response: OcspResponse,
    responder: Certificate,
    issuer: Certificate,
    path: readonly Certificate[],
  ): Promise<string | undefined> {
    const { verifier, budget, at } = this.#ground;
    if (!responder.issuer.equals(issuer.subject)) return 'the issuer did not certify it';
    if (!responder.extKeyUsage?.includes('ocspSigning')) return 'its certificate is not for ocspSigning';
    if (responder.keyUsage?.includes('digitalSignature') === false) return 'its key may not sign';
    const chain = [responder, ...path.slice(path.indexOf(issuer))];
    const judged = judgePath(chain, { keyUsage: [], policies: ANY_POLICIES }, budget);
    const wrong =
      findCertificateProblem(responder, 'end-entity', at, 'rfc5280') ??
      ('problem' in judged ? judged.problem : undefined) ??
      (await verifier.verify(responder, issuer, budget)) ??
      (await verifier.verify(response as Signed, responder, budget));
    if (wrong !== undefined) return wrong.message;
    if (responder.ocspNoCheck) return undefined;
    const { lists } = this.#evidence;
    const status = await statusByCrls(responder, lists, (list) => this.#checkCrlSigner(list, responder, chain));
    if (status.status === 'revoked') return 'its certificate is revoked';
    return status.status === 'unknown' && this.#rules.isRequired
      ? 'the status of its certificate is unknown'
      : undefined;
  }

  async #isResponder({ responder }: OcspResponse, certificate: Certificate): Promise<boolean> {
    if ('name' in responder) return responder.name.equals(certificate.subject);
    return equalBytes(responder.keyHash, await this.#crypto.digest('SHA-1', keyBits(certificate.spki)));
  }
}

const MAX_RESPONDER_CERTIFICATES = 8;

function revokedProblem(
  certificate: Certificate,
  { revokedAt, reason, source }: RevocationStatus & { readonly status: 'revoked' },
): PathProblem {
  return problem('PATH_REVOKED', certificate, {
    rule: 'revocation',
    reference: source === 'crl' ? 'RFC 5280 section 6.3.3' : 'RFC 6960 section 2.2',
    message: `The certificate was revoked at ${revokedAt.toISOString()} (${reason}), says ${source === 'crl' ? 'a CRL' : 'OCSP'}`,
    expected: 'not revoked',
    found: reason,
  });
}

function unknownProblem(certificate: Certificate, reasons: readonly string[]): PathProblem {
  return problem('PATH_REVOCATION_UNKNOWN', certificate, {
    rule: 'revocation.required',
    reference: 'RFC 5280 section 6.1.3 (a)(3)',
    message: `Whether the certificate is revoked is not known. ${reasons.slice(0, 4).join('; ')}`,
    expected: 'a CRL or an OCSP response that says so',
    found: 'neither',
  });
}

function otherAnchor(signer: Certificate): PathProblem {
  return problem('PATH_NOT_FOUND', signer, {
    rule: 'revocation.signer-anchor',
    reference: 'RFC 5280 section 6.3.3 (f)',
    message: 'The path of the CRL issuer ends at another trust anchor than that of the certificate',
  });
}
