import type { CertificateRequest, CertificateRequestResult, Issuer, RevocationRequest } from '@chancery/core';

const APPROVAL_MS = 120_000;
const ASK_AGAIN_MS = 10_000;

/** An issuer where somebody looks at each request first: it stays pending for two minutes. After a restart the two minutes begin again. */
export class SlowIssuer implements Issuer {
  readonly #issuer: Issuer;
  readonly #askedAt = new Map<string, number>();

  constructor(issuer: Issuer) {
    this.#issuer = issuer;
  }

  async requestCertificate(request: CertificateRequest): Promise<CertificateRequestResult> {
    const now = Date.now();
    const askedAt = this.#askedAt.get(request.requestId) ?? now;
    this.#askedAt.set(request.requestId, askedAt);
    if (now - askedAt < APPROVAL_MS) return { pending: true, retryAt: new Date(now + ASK_AGAIN_MS) };
    this.#askedAt.delete(request.requestId);
    return this.#issuer.requestCertificate(request);
  }

  async revokeCertificate(request: RevocationRequest): Promise<void> {
    await this.#issuer.revokeCertificate?.(request);
  }
}
