import type { AcmeIdentifier } from '../../errors/acme-error.ts';
import type { Abortable } from '../../ports/abortable.ts';

/** A challenge to be solved (RFC 8555 section 8). */
export interface PresentedChallenge {
  readonly type: string;
  /** Without the `*.` of a wildcard. */
  readonly identifier: AcmeIdentifier;
  readonly token: string;
  /** What http-01 serves as it is, and dns-01 and tls-alpn-01 as a digest (RFC 8555 section 8.1). */
  readonly keyAuthorization: string;
}

/**
 * A way to solve challenges of one type. The issuer keeps every challenge in storage while it is open, where any instance finds it: a solver
 * whose answers are given from there (`http01`, `tlsAlpn01`) is a type and nothing more.
 */
export interface ChallengeSolver {
  /** Of the challenges that it solves, such as `dns-01`. */
  readonly type: string;
  /** Whether it solves challenges for an identifier. Default: all that the server offers. */
  supports?(identifier: AcmeIdentifier): boolean;
  /** Puts the answer where the server looks for it. May run again for the same challenge after a crash. */
  present?(challenge: PresentedChallenge, options: Abortable): Promise<void>;
  /** Whether the answer can be seen: the server is not told to look before. */
  isReady?(challenge: PresentedChallenge, options: Abortable): Promise<boolean>;
  /** How often `isReady` is asked, in milliseconds. Default 5,000. */
  readonly readyIntervalMs?: number;
  /** How long `isReady` may say no, in milliseconds, before the challenge is given up. Default 600,000. */
  readonly readyTimeoutMs?: number;
  /** Takes the answer away again. May run again, and for what was never put there. */
  remove?(challenge: PresentedChallenge, options: Abortable): Promise<void>;
}
