import type { Abortable } from '../../ports/abortable.ts';

/** Which CRL `CertificateAuthority.crl` gives. */
export interface CrlRequest extends Abortable {
  /** The intermediate's id; may be left out where there is one. */
  readonly intermediate?: string;
  /** From 0; may be left out where the intermediate has one CRL. */
  readonly shard?: number;
  /** A delta CRL instead of the complete one: what has changed since the base that `baseNumber` names. Default false. */
  readonly delta?: boolean;
}
