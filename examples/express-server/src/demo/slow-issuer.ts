import type { CertificateRequest, CertificateRequestResult, Issuer, RevocationRequest } from '@chancery/core';

const ASK_AGAIN_MS = 10_000;

/** An issuer where somebody looks at each request first: it stays pending meanwhile. After a restart the waiting begins again. */
export class SlowIssuer implements Issuer {
  readonly #issuer: Issuer;
  readonly #approvalMs: number;
  readonly #askedAt = new Map<string, number>();

  constructor(issuer: Issuer, approvalMs: number) {
    this.#issuer = issuer;
    this.#approvalMs = approvalMs;
  }

  async requestCertificate(request: CertificateRequest): Promise<CertificateRequestResult> {
    const now = Date.now();
    const askedAt = this.#askedAt.get(request.requestId) ?? now;
    this.#askedAt.set(request.requestId, askedAt);
    if (now - askedAt < this.#approvalMs) return { pending: true, retryAt: new Date(now + ASK_AGAIN_MS) };
    this.#askedAt.delete(request.requestId);
    return this.#issuer.requestCertificate(request);
  }

  async revokeCertificate(request: RevocationRequest): Promise<void> {
    await this.#issuer.revokeCertificate?.(request);
  }
}
