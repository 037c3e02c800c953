import type { Issuer } from '@chancery/core';

/** What can be asked of an issuer. */
export type IssuerOperation = 'requestCertificate' | 'revokeCertificate' | 'renewalInfo';

/** Runs a call of an issuer, and gives or throws what that does. */
export type AroundIssuer = <T>(operation: IssuerOperation, run: () => Promise<T>) => Promise<T>;

/** The same issuer with something around each operation: what it cannot do, such as revoke, is left out as before. */
export function aroundIssuer(issuer: Issuer, around: AroundIssuer): Issuer {
  const { revokeCertificate, renewalInfo } = issuer;
  return {
    requestCertificate: (request) => around('requestCertificate', async () => issuer.requestCertificate(request)),
    ...(revokeCertificate && {
      revokeCertificate: (request) => around('revokeCertificate', async () => revokeCertificate.call(issuer, request)),
    }),
    ...(renewalInfo && {
      renewalInfo: (request) => around('renewalInfo', async () => renewalInfo.call(issuer, request)),
    }),
  };
}

/** Whether an issuer is still at work, by its answer, which nobody has judged yet: it may be no object at all. */
export function isPending(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'pending' in answer;
}
