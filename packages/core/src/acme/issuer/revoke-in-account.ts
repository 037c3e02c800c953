import type { RevocationRequest } from '../../ports/issuer.ts';
import { revokeCertificate } from '../client/certificates.ts';
import { isProblem } from '../http/problem.ts';
import type { IssuerContext } from './issuer-context.ts';

/** Revokes a certificate in the account's name: by the key that the account has, and without a reason where the server takes none of that name. */
export async function revokeInAccount(context: IssuerContext, request: RevocationRequest): Promise<void> {
  const { account, logger } = context;
  try {
    await revokeCertificate(await account.open(), request);
  } catch (error) {
    const { reason, ...unreasoned } = request;
    if (reason !== undefined && isProblem(error, 'badRevocationReason')) {
      logger?.warn('The ACME server does not take the reason of a revocation; it is made without', { reason });
      return revokeInAccount(context, unreasoned);
    }
    if (!isProblem(error, 'unauthorized', 'malformed') || !(await account.hasChanged())) throw error;
    await revokeCertificate(await account.open(), request);
  }
}
