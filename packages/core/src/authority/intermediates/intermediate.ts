import type { z } from 'zod';
import { toHex } from '../../encoding/hex.ts';
import type { Entry } from '../../store/store.ts';
import { parseCertificate } from '../../x509/certificate/certificate.ts';
import type { CrlReason } from '../../x509/crl/crl-reason.ts';
import type { intermediates } from '../collections.ts';

/** `requested`: its CSR waits for the root's signature. `retired`: it signs CRLs, but no certificates. */
export type IntermediateState = 'requested' | 'active' | 'retired' | 'revoked' | 'onHold';

/** One intermediate CA of an authority. */
export interface Intermediate {
  readonly id: string;
  readonly state: IntermediateState;
  /** RFC 4514. */
  readonly subject: string;
  readonly createdAt: Date;
  /** While it is `requested`: the CSR that waits for the root's signature, PKCS#10 in PEM. */
  readonly csrPem?: string;
  /** PEM; absent until a certificate is installed, as is all that follows from it. */
  readonly certificatePem?: string;
  /** The subjectKeyIdentifier, lower-case hex: it names what `baseUrl` serves for this intermediate. */
  readonly keyIdentifier?: string;
  /** Lower-case hex. */
  readonly serialNumber?: string;
  /** How many CRLs share its certificates. */
  readonly crlShards?: number;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly installedAt?: Date;
  readonly retiredAt?: Date;
  readonly revokedAt?: Date;
  readonly reason?: CrlReason;
  /** The id of the request for its successor, which the chores make a year before it ends. */
  readonly renewedBy?: string;
}

/** An intermediate as it is stored. */
export type IntermediateValue = z.infer<typeof intermediates.schema>;

/** What the outside sees of a stored intermediate. */
export function describeIntermediate({ id, value }: Entry<IntermediateValue>): Intermediate {
  return {
    id,
    state: value.state,
    subject: value.subject,
    createdAt: new Date(value.createdAt),
    ...(value.state === 'requested' ? { csrPem: value.csr } : {}),
    ...(value.certificate === undefined ? {} : describeCertificate(value.certificate)),
    ...(value.serialNumber === undefined ? {} : { serialNumber: value.serialNumber }),
    ...(value.installedAt === undefined ? {} : { crlShards: value.crlShards ?? 1 }),
    ...(value.notBefore === undefined ? {} : { notBefore: new Date(value.notBefore) }),
    ...(value.notAfter === undefined ? {} : { notAfter: new Date(value.notAfter) }),
    ...(value.installedAt === undefined ? {} : { installedAt: new Date(value.installedAt) }),
    ...(value.retiredAt === undefined ? {} : { retiredAt: new Date(value.retiredAt) }),
    ...(value.revokedAt === undefined ? {} : { revokedAt: new Date(value.revokedAt) }),
    ...(value.reason === undefined ? {} : { reason: value.reason }),
    ...(value.renewedBy === undefined ? {} : { renewedBy: value.renewedBy }),
  };
}

function describeCertificate(certificatePem: string): Pick<Intermediate, 'certificatePem' | 'keyIdentifier'> {
  const { subjectKeyIdentifier } = parseCertificate(certificatePem);
  return subjectKeyIdentifier === undefined
    ? { certificatePem }
    : { certificatePem, keyIdentifier: toHex(subjectKeyIdentifier) };
}
