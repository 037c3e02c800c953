import { KEY_ALGORITHMS } from '../../crypto/algorithms.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { requireObject } from '../../errors/require-object.ts';
import type { Keyring } from '../../keyring/keyring.ts';
import type { KeyAlgorithm } from '../../ports/crypto.ts';
import type { Logger } from '../../ports/logger.ts';
import type { StorageBackend } from '../../ports/storage.ts';
import type { RequiredDurability } from '../../store/durability.ts';
import type { AcmeServerOptions } from '../client/open-session.ts';
import { type ExternalAccountBinding, readExternalAccount } from '../jws/external-account.ts';
import type { ChallengeSolver } from '../solvers/solver.ts';

/** Where an ACME issuer gets its certificates, and how. */
export interface AcmeIssuerOptions extends AcmeServerOptions {
  readonly storage: StorageBackend;
  readonly keyring: Keyring;
  /** The account's contact. With the directory it names the account: instances that agree in both share one. */
  readonly email: string;
  /** That you agree to the terms which the server's directory names. */
  readonly termsOfServiceAgreed: true;
  /** For servers that know their customers already, such as ZeroSSL and Google. */
  readonly externalAccountBinding?: ExternalAccountBinding;
  /** In the order of preference: for each name, the first whose type the server offers is used. */
  readonly solvers: readonly ChallengeSolver[];
  /** Of the account's key, when it is made. Default `ECDSA-P256`. */
  readonly accountKeyAlgorithm?: KeyAlgorithm;
  /** The certificate profile that is ordered where a request names none. */
  readonly profile?: string;
  /** Of several chains, the one whose topmost certificate has this common name as its issuer or subject. */
  readonly preferredChain?: string;
  /** How long one request waits for the server before it is told as pending, in milliseconds. Default 30,000. */
  readonly waitMs?: number;
  /** Refuses a storage that can lose what it acknowledged. */
  readonly requireDurability?: RequiredDurability;
  readonly logger?: Logger;
}

const WAIT_MS = 30_000;
const MAX_WAIT_MS = 3_600_000;

/**
 * Checks what has no checks elsewhere.
 *
 * @returns how long one request waits
 * @throws {InvalidInputError} INVALID_ARGUMENT
 */
export function checkIssuerOptions(options: AcmeIssuerOptions): { readonly waitMs: number; readonly email: string } {
  requireObject(options, 'AcmeIssuer options');
  requireObject(options.storage, 'storage');
  requireObject(options.keyring, 'keyring');
  const { email, solvers, externalAccountBinding, accountKeyAlgorithm, waitMs = WAIT_MS } = options;
  if (typeof email !== 'string' || !/^[^\s@,?]{1,64}@[^\s@,?]{1,255}$/.test(email))
    throw invalid('email must be one e-mail address');
  if (options.termsOfServiceAgreed !== true)
    throw invalid("termsOfServiceAgreed must be true: read the server's terms first");
  if (!Array.isArray(solvers) || solvers.length === 0) throw invalid('solvers must hold one solver or more');
  solvers.forEach(checkSolver);
  const types = solvers.map(({ type }) => type);
  const twice = types.find((type, at) => types.indexOf(type) < at);
  if (twice !== undefined) throw invalid(`solvers holds two of type ${quote(twice)}`);
  if (externalAccountBinding !== undefined) {
    requireObject(externalAccountBinding, 'externalAccountBinding');
    readExternalAccount(externalAccountBinding).macKey.fill(0);
  }
  if (accountKeyAlgorithm !== undefined && !KEY_ALGORITHMS.includes(accountKeyAlgorithm))
    throw invalid(`accountKeyAlgorithm must be one of ${KEY_ALGORITHMS.join(', ')}, not ${quote(accountKeyAlgorithm)}`);
  for (const name of ['profile', 'preferredChain'] as const) {
    if (options[name] !== undefined && (typeof options[name] !== 'string' || options[name] === ''))
      throw invalid(`${name} must be text`);
  }
  if (!Number.isSafeInteger(waitMs) || waitMs < 0 || waitMs > MAX_WAIT_MS)
    throw invalid(`waitMs must be an integer from 0 to ${MAX_WAIT_MS}, not ${quote(waitMs)}`);
  return { waitMs, email: email.toLowerCase() };
}

function checkSolver(solver: ChallengeSolver, at: number): void {
  requireObject(solver, `solvers[${at}]`);
  if (typeof solver.type !== 'string' || !/^[a-z0-9-]{1,64}$/.test(solver.type))
    throw invalid(`solvers[${at}].type must match [a-z0-9-]{1,64}`);
  for (const hook of ['supports', 'present', 'isReady', 'remove'] as const) {
    if (!['function', 'undefined'].includes(typeof solver[hook]))
      throw invalid(`solvers[${at}].${hook} must be a function`);
  }
  if (solver.present !== undefined && solver.remove === undefined)
    throw invalid(`solvers[${at}] presents what it does not remove: give it a remove()`);
}

function invalid(problem: string): InvalidInputError {
  return new InvalidInputError('INVALID_ARGUMENT', problem);
}
