import type { EventLog } from '../events/event-log.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Logger } from '../ports/logger.ts';
import type { StorageBackend } from '../ports/storage.ts';
import type { RequiredDurability } from '../store/durability.ts';
import type { OcspOptions } from './ocsp/options.ts';
import type { IssuancePolicy } from './policy/hook.ts';
import type { CertificateProfile } from './profiles.ts';

/** What a `CertificateAuthority` works with. */
export interface CertificateAuthorityOptions {
  readonly storage: StorageBackend;
  /** Seals the private keys of the intermediates. */
  readonly keyring: Keyring;
  /** Names this authority among those of one storage: `[a-z][a-z0-9-]{0,39}`; `internal` by default. */
  readonly name?: string;
  /** Where the host serves CRLs and issuer certificates, such as `http://pki.example/pki`; without it certificates point nowhere. */
  readonly baseUrl?: string;
  /** How OCSP requests are answered, and where. */
  readonly ocsp?: OcspOptions;
  /** Profiles beside, or instead of, the built-in ones, by name. */
  readonly profiles?: Readonly<Record<string, CertificateProfile>>;
  /** The host's own rules, on top of the built-in ones. */
  readonly policy?: IssuancePolicy;
  /**
   * Hands certificates out, and installs intermediates, without having validated the finished path. Default false: what a defect of a
   * key, of the host's profiles or of this software would make of a certificate goes to nobody, at the cost of one verification each.
   */
  readonly skipPathValidation?: boolean;
  /** Where each change is told of, in its own commit. */
  readonly events?: EventLog;
  /** The least durability that will do. By default less than `durable` is only warned of. */
  readonly requireDurability?: RequiredDurability;
  readonly clock?: Clock;
  readonly crypto?: CryptoProvider;
  readonly logger?: Logger;
}
