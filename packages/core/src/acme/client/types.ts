import type { AcmeIdentifier, AcmeProblem } from '../../errors/acme-error.ts';

/** What an ACME server offers, and where (RFC 8555 section 7.1.1). Members of the protocol's extensions are absent where it lacks them. */
export interface AcmeDirectory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  readonly revokeCert?: string | undefined;
  readonly keyChange?: string | undefined;
  readonly newAuthz?: string | undefined;
  /** RFC 9773. */
  readonly renewalInfo?: string | undefined;
  readonly meta?: AcmeDirectoryMeta | undefined;
}

/** What an ACME server says of itself. */
export interface AcmeDirectoryMeta {
  /** Where its terms are. */
  readonly termsOfService?: string | undefined;
  readonly website?: string | undefined;
  readonly caaIdentities?: readonly string[] | undefined;
  readonly externalAccountRequired?: boolean | undefined;
  /** Profiles by name, each with its description. */
  readonly profiles?: Readonly<Record<string, unknown>> | undefined;
}

/** An account (RFC 8555 section 7.1.2). */
export interface AcmeAccount {
  readonly url: string;
  /** `valid`, `deactivated`, `revoked`, or one to come. */
  readonly status: string;
  readonly contact?: readonly string[] | undefined;
  readonly termsOfServiceAgreed?: boolean | undefined;
  /** Where its orders are listed, on servers that do. */
  readonly orders?: string | undefined;
}

/** An order for a certificate (RFC 8555 section 7.1.3). */
export interface AcmeOrder {
  readonly url: string;
  /** `pending`, `ready`, `processing`, `valid`, `invalid`, or one to come. */
  readonly status: string;
  readonly expires?: Date | undefined;
  readonly identifiers: readonly AcmeIdentifier[];
  readonly notBefore?: Date | undefined;
  readonly notAfter?: Date | undefined;
  readonly error?: AcmeProblem | undefined;
  /** URLs. */
  readonly authorizations: readonly string[];
  /** URL to send the CSR to. */
  readonly finalize: string;
  /** URL of the certificate, once it is issued. */
  readonly certificate?: string | undefined;
  /** The certificate that it says to replace (RFC 9773 section 5). */
  readonly replaces?: string | undefined;
  readonly profile?: string | undefined;
  /** When to look again, in milliseconds, where the server says. */
  readonly retryAfterMs?: number | undefined;
}

/** What an account may be issued certificates for, or how to show that it may (RFC 8555 section 7.1.4). */
export interface AcmeAuthorization {
  readonly url: string;
  readonly identifier: AcmeIdentifier;
  /** `pending`, `valid`, `invalid`, `deactivated`, `expired`, `revoked`, or one to come. */
  readonly status: string;
  readonly expires?: Date | undefined;
  readonly challenges: readonly AcmeChallenge[];
  /** Whether it is for `*.` before the identifier. */
  readonly wildcard?: boolean | undefined;
  /** When to look again, in milliseconds, where the server says. */
  readonly retryAfterMs?: number | undefined;
}

/** One way to show control of an identifier (RFC 8555 section 8). */
export interface AcmeChallenge {
  /** `http-01`, `dns-01`, `tls-alpn-01`, or one to come. */
  readonly type: string;
  readonly url: string;
  /** `pending`, `processing`, `valid`, `invalid`, or one to come. */
  readonly status: string;
  readonly token?: string | undefined;
  readonly validated?: Date | undefined;
  /** Why it failed. */
  readonly error?: AcmeProblem | undefined;
}

/** An issued certificate as it was downloaded. */
export interface AcmeCertificate {
  /** Leaf first. */
  readonly chainPem: string;
  /** URLs of other chains for the same certificate (RFC 8555 section 7.4.2). */
  readonly alternates: readonly string[];
}
