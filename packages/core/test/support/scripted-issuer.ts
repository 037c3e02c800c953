import { toHex } from '../../src/encoding/hex.ts';
import { encodePem } from '../../src/encoding/pem.ts';
import {
  type CertificateRequest,
  type CertificateRequestResult,
  type Clock,
  type CrlReasonName,
  type Issuer,
  type KeyAlgorithm,
  nodeCrypto,
  type RenewalInfo,
} from '../../src/index.ts';
import { parseCsr } from '../../src/x509/csr/csr.ts';
import { encodeSubjectAltName } from '../../src/x509/extensions/alternative-names.ts';
import { parseGeneralNameText } from '../../src/x509/name/general-name.ts';
import { testCertificate } from './test-ca.ts';
import { testCsr, testKey } from './test-keys.ts';

const DAY = 86_400_000;
const CA = 'CN=Scripted CA';

/** What the issuer does at one request, in place of the usual: an error to throw, or another answer. */
export type Script = (
  request: CertificateRequest,
  usual: () => Promise<CertificateRequestResult>,
) => Promise<CertificateRequestResult>;

/** What a certificate is made with in place of what was asked for. */
export interface ScriptedCertificate {
  readonly names?: readonly string[];
  readonly spki?: Uint8Array;
  readonly notBefore?: number;
  readonly notAfter?: number;
}

/** An issuer that signs what it is asked for at once, once a request id, and does as the test says meanwhile. Its records outlive any "crash". */
export class ScriptedIssuer implements Issuer {
  /** Every call, in order. */
  readonly requests: CertificateRequest[] = [];
  /** The chains that were issued, by request id. */
  readonly issued = new Map<string, string>();
  /** What was revoked, by the hex of its DER, and for what reason. */
  readonly revoked = new Map<string, CrlReasonName>();
  readonly #clock: Clock;
  readonly #lifetime: number;
  #scripts: Script[] = [];
  /** Called before each revocation. */
  onRevoke: () => void = () => undefined;
  renewalInfo?: () => Promise<RenewalInfo | undefined>;

  constructor(clock: Clock, options: { readonly lifetimeDays?: number } = {}) {
    this.#clock = clock;
    this.#lifetime = (options.lifetimeDays ?? 90) * DAY;
  }

  /** The next calls go by these, one each. */
  next(...scripts: Script[]): void {
    this.#scripts.push(...scripts);
  }

  async requestCertificate(request: CertificateRequest): Promise<CertificateRequestResult> {
    this.requests.push(request);
    const script = this.#scripts.shift();
    const usual = () => this.#answer(request);
    return script === undefined ? usual() : script(request, usual);
  }

  async revokeCertificate({
    certificateDer,
    reason = 'unspecified',
  }: {
    certificateDer: Uint8Array;
    reason?: CrlReasonName;
  }): Promise<void> {
    this.onRevoke();
    this.revoked.set(toHex(certificateDer), reason);
  }

  /** Has windows (RFC 9773) to give from now on, this one until another is set. */
  giveWindow(window: RenewalInfo | undefined): void {
    this.renewalInfo = () => Promise.resolve(window);
  }

  /** Signs a certificate for the key of a CSR, with anything else as the test wants it. */
  async sign(request: CertificateRequest, changed: ScriptedCertificate = {}): Promise<string> {
    const now = this.#clock.now();
    const names = (changed.names ?? request.subjectAltNames).map(parseGeneralNameText);
    const signingKey = await testKey('ECDSA-P256');
    const leaf = await testCertificate({
      subject: 'CN=leaf',
      issuer: CA,
      signingKey,
      spki: changed.spki ?? parseCsr(request.csrDer).spki,
      notBefore: changed.notBefore ?? now,
      notAfter: changed.notAfter ?? now + this.#lifetime,
      basicConstraints: undefined,
      keyUsage: ['digitalSignature'],
      extensions: names.length === 0 ? [] : [encodeSubjectAltName(names)],
    });
    return leaf + (await caPem());
  }

  async #answer(request: CertificateRequest): Promise<CertificateRequestResult> {
    const before = this.issued.get(request.requestId);
    if (before !== undefined) return { chainPem: before };
    const chainPem = await this.sign(request);
    this.issued.set(request.requestId, chainPem);
    return { chainPem };
  }
}

let ca: Promise<string> | undefined;

function caPem(): Promise<string> {
  ca ??= testKey('ECDSA-P256').then((signingKey) => testCertificate({ subject: CA, signingKey }));
  return ca;
}

/** A certificate that somebody else has issued, valid on 2026-01-01, and its key. */
export async function foreignCertificate(
  names: readonly string[],
  algorithm: KeyAlgorithm = 'ECDSA-P256',
  change: ScriptedCertificate = {},
): Promise<{ readonly chainPem: string; readonly privateKeyPem: string }> {
  const key = await testKey(algorithm);
  const request = { requestId: 'foreign', csrDer: await testCsr({ key }), subjectAltNames: names };
  const chainPem = await new ScriptedIssuer({ now: () => Date.UTC(2026, 0, 1) }).sign(request, change);
  return { chainPem, privateKeyPem: encodePem('PRIVATE KEY', await nodeCrypto().exportPrivateKey(key)) };
}
