import { keyAlgorithmName } from '../../crypto/algorithms.ts';
import { findWeakness } from '../../crypto/weak-keys.ts';
import { toHex } from '../../encoding/hex.ts';
import { PolicyError, type PolicyViolation } from '../../errors/families.ts';
import { buildCertificate } from '../../x509/certificate/certificate-builder.ts';
import type { CertificateTemplate } from '../../x509/certificate/certificate-template.ts';
import { encodeSubjectAltName } from '../../x509/extensions/alternative-names.ts';
import { encodeSubjectKeyIdentifier } from '../../x509/extensions/key-identifiers.ts';
import { keyIdentifier } from '../../x509/key-identifier.ts';
import { formatGeneralName, type GeneralName } from '../../x509/name/general-name.ts';
import type { AuthorityContext } from '../context.ts';
import { shardOf } from '../crl/crl-scope.ts';
import type { InstalledIntermediate } from '../intermediates/signing-state.ts';
import type { LedgerValue } from '../ledger.ts';
import { askPolicy } from '../policy/decision.ts';
import type { IssuancePolicy } from '../policy/hook.ts';
import { checkNames } from '../policy/names.ts';
import { randomSerialNumber } from '../serial-number.ts';
import { DAY, notBeforeOf, resolveNotAfter } from '../validity.ts';
import { checkCsr, checkIssuer, checkKey } from './checks.ts';
import { keyUsageFor, templateFor } from './extensions.ts';
import { PathGate } from './path-gate.ts';
import type { PreparedRequest } from './prepare.ts';

/** Up to this lifetime, counted from issuance as validity is, a certificate needs no revocation: it says so with noRevAvail (RFC 9608). */
const SHORT_LIVED = 7 * DAY;

/** A certificate that is signed but not yet in the ledger: not to be shown to anyone. */
export interface SignedCertificate {
  readonly der: Uint8Array;
  readonly value: LedgerValue;
  /** Where the key was generated for it. */
  readonly privateKeyPem?: string;
}

/** What a request comes to under one issuer, after every check and the host's policy. */
interface Terms {
  readonly names: readonly GeneralName[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Judges prepared requests and signs what passes. Templates are kept for each intermediate, profile and kind of key. */
export class CertificateSigner {
  readonly #context: AuthorityContext;
  readonly #policy: IssuancePolicy | undefined;
  /** By the intermediate's id, whose certificate never changes. */
  readonly #gates = new Map<string, PathGate>();
  readonly #templates = new WeakMap<InstalledIntermediate, Map<string, CertificateTemplate>>();

  constructor(context: AuthorityContext, policy: IssuancePolicy | undefined) {
    this.#context = context;
    this.#policy = policy;
  }

  /** @throws {PolicyError} ISSUANCE_REFUSED: every rule that the request breaks, or the one that the finished path breaks */
  async sign(request: PreparedRequest, issuer: InstalledIntermediate): Promise<SignedCertificate> {
    const { crypto, clock, name } = this.#context;
    const now = clock.now();
    const { names, notBefore, notAfter } = await this.#terms(request, issuer, now);
    const { subject, profile, profileName, options } = request;
    const { publicKey, privateKeyPem } = await request.key.take();
    const { spki, kind } = publicKey;
    const shortLived = notAfter.getTime() - now <= SHORT_LIVED;
    const signingKey = await issuer.privateKey();
    const serialNumber = randomSerialNumber(crypto);
    const crlShard = shardOf(serialNumber, issuer.crlShards);
    const template = this.#template(issuer, `${profileName}/${kind.type}/${shortLived}/${crlShard}`, () =>
      templateFor(issuer, signingKey, profile, kind.type, {
        baseUrl: this.#context.baseUrl,
        ocspUrl: this.#context.ocsp.url,
        shortLived,
        crlShard,
      }),
    );
    const extensions = [encodeSubjectKeyIdentifier(await keyIdentifier(spki, crypto))];
    // An empty subject moves the identity into the names, which must then be critical (RFC 5280 section 4.2.1.6).
    if (names.length > 0) extensions.push(encodeSubjectAltName(names, subject.isEmpty));
    const der = await buildCertificate(
      { template, signingKey, serialNumber, notBefore, notAfter, subject, spki, extensions },
      crypto,
    );
    if (!this.#context.skipPathValidation) {
      const { extendedKeyUsage } = profile;
      await this.#gate(issuer).pass(der, { extendedKeyUsage, keyUsage: keyUsageFor(profile, kind.type) });
    }
    return {
      der,
      ...(privateKeyPem === undefined ? {} : { privateKeyPem }),
      value: {
        authority: name,
        serialNumber: toHex(serialNumber),
        intermediate: issuer.id,
        ...(crlShard === undefined ? {} : { crlShard }),
        profile: profileName,
        subject: subject.toString(),
        subjectAltNames: names.map(formatGeneralName),
        ...(options.accountId === undefined ? {} : { accountId: options.accountId }),
        ...(options.metadata === undefined ? {} : { metadata: options.metadata }),
        notBefore: notBefore.getTime(),
        notAfter: notAfter.getTime(),
        issuedAt: now,
        sha256Fingerprint: toHex(await crypto.digest('SHA-256', der)),
        state: 'issued',
        revision: 1,
      },
    };
  }

  async #terms(request: PreparedRequest, issuer: InstalledIntermediate, now: number): Promise<Terms> {
    const { profile, options } = request;
    const { notAfter, violations } = resolveNotAfter(options.validity, profile, issuer.certificate, now);
    const terms = { names: request.names, notBefore: notBeforeOf(now, issuer.certificate), notAfter };
    const broken = [...checkTerms(request, terms, issuer), ...violations];
    if (broken.length > 0) throw new PolicyError(broken);
    if (request.key.spki === undefined) await requireStrongKey(request);
    return this.#policy === undefined ? terms : this.#narrow(this.#policy, request, terms, issuer);
  }

  /** Asks the host's policy, which may refuse or take away, and nothing else. */
  async #narrow(
    policy: IssuancePolicy,
    request: PreparedRequest,
    terms: Terms,
    issuer: InstalledIntermediate,
  ): Promise<Terms> {
    const { options, key, subject, profileName } = request;
    const { publicKey } = await key.take();
    const decision = await askPolicy(policy, {
      profile: profileName,
      subject: subject.toString(),
      subjectAltNames: terms.names.map(formatGeneralName),
      keyAlgorithm: keyAlgorithmName(key.kind),
      publicKey: publicKey.spki.slice(),
      ...(key.csr === undefined ? {} : { csr: key.csr.der.slice() }),
      notBefore: new Date(terms.notBefore),
      notAfter: new Date(terms.notAfter),
      ...(options.accountId === undefined ? {} : { accountId: options.accountId }),
      ...(options.metadata === undefined ? {} : { metadata: { ...options.metadata } }),
    });
    const broken: PolicyViolation[] = [...(decision.refuse ?? [])];
    const kept = new Set(decision.subjectAltNames ?? terms.names.map(formatGeneralName));
    const names = terms.names.filter((name) => kept.delete(formatGeneralName(name)));
    for (const value of kept) {
      broken.push({
        rule: 'policy.widened',
        value,
        message: `the policy may leave names out, not add ${JSON.stringify(value)}`,
      });
    }
    const notAfter =
      decision.notAfter === undefined
        ? terms.notAfter
        : new Date(Math.floor(decision.notAfter.getTime() / 1000) * 1000);
    if (!(notAfter <= terms.notAfter && notAfter > terms.notBefore)) {
      broken.push({
        rule: 'policy.widened',
        value: String(decision.notAfter),
        message: 'the policy may only bring notAfter forward',
      });
    }
    const narrowed = { ...terms, names, notAfter };
    broken.push(...checkTerms(request, narrowed, issuer));
    if (broken.length > 0) throw new PolicyError(broken);
    return narrowed;
  }

  #gate(issuer: InstalledIntermediate): PathGate {
    const known = this.#gates.get(issuer.id);
    if (known !== undefined) return known;
    const gate = new PathGate(issuer, this.#context);
    this.#gates.set(issuer.id, gate);
    return gate;
  }

  #template(issuer: InstalledIntermediate, key: string, make: () => CertificateTemplate): CertificateTemplate {
    const known = this.#templates.get(issuer) ?? new Map<string, CertificateTemplate>();
    this.#templates.set(issuer, known);
    const template = known.get(key) ?? make();
    known.set(key, template);
    return template;
  }
}

/** Makes the key of a request that is good otherwise, and judges it as any other. */
async function requireStrongKey({ key }: PreparedRequest): Promise<void> {
  const { publicKey } = await key.take();
  const weakness = findWeakness(publicKey.kind, publicKey.spki);
  if (weakness !== undefined) throw new PolicyError([weakness]);
}

function checkTerms(request: PreparedRequest, { names }: Terms, issuer: InstalledIntermediate): PolicyViolation[] {
  const { key, profile, subject, options } = request;
  return [
    ...checkKey(key.kind, key.spki, profile),
    ...checkNames(subject, names, profile),
    ...(key.csr === undefined ? [] : checkCsr(key.csr, request.names, options.commonName ?? subject.commonNames[0])),
    ...checkIssuer(issuer, names, subject, profile),
  ];
}
