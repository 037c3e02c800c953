import { ConflictError } from '../../errors/families.ts';
import type { RevocationRequest } from '../../ports/issuer.ts';
import type { CertificatesContext } from '../context.ts';

/** An issuer that can revoke what it gave. */
export interface RevokingIssuer {
  readonly name: string;
  revoke(request: RevocationRequest): Promise<void>;
}

/**
 * Finds the issuer that is to revoke a generation.
 *
 * @param name undefined: the generation was imported
 * @throws {ConflictError} REVOCATION_UNSUPPORTED: nobody here can
 * @throws {InvalidInputError} ISSUER_UNKNOWN
 */
export function revokingIssuer(
  { issuers }: CertificatesContext,
  certificateId: string,
  name: string | undefined,
): RevokingIssuer {
  if (name === undefined)
    throw unsupported(
      certificateId,
      name,
      `Certificate ${certificateId} was imported: have it revoked where it was issued, and deactivate or delete it here`,
    );
  const { issuer } = issuers.named(name);
  const { revokeCertificate } = issuer;
  if (revokeCertificate === undefined)
    throw unsupported(certificateId, name, `Issuer '${name}' of certificate ${certificateId} cannot revoke`);
  return { name, revoke: (request) => revokeCertificate.call(issuer, request) };
}

function unsupported(certificateId: string, issuer: string | undefined, message: string): ConflictError {
  return new ConflictError('REVOCATION_UNSUPPORTED', message, { facts: { certificateId, issuer: issuer ?? null } });
}
