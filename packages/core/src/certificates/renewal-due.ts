import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import { requireObject } from '../errors/require-object.ts';

const DAY = 86_400_000;
/** Certificates that live shorter have no day to lose, and are renewed at another fraction. */
const SHORT_LIVED = 10 * DAY;

/** At which part of its lifetime a certificate is renewed. */
export interface RenewalPolicy {
  /** Default 2/3: day 60 of 90. */
  readonly fraction?: number;
  /** For a lifetime below ten days. Default 1/2. */
  readonly shortLivedFraction?: number;
  /** The part of the lifetime by which certificates of one age are spread, each earlier by an amount of its own. Default 0.05. */
  readonly jitter?: number;
}

/** Whose renewal is asked about. Instants are epoch milliseconds. */
export interface RenewalDueOptions {
  readonly notBefore: number;
  readonly notAfter: number;
  readonly policy?: RenewalPolicy | undefined;
  /** What the jitter is drawn from, such as the certificate's id: the same text gives the same instant. */
  readonly jitterSeed: string;
}

/**
 * Says when a certificate is due for renewal.
 *
 * @returns epoch milliseconds, whole; never later than the policy's fraction of the lifetime, nor before `notBefore`
 * @throws {InvalidInputError} INVALID_ARGUMENT: an instant is no number, or the seed no text
 */
export function renewalDue(options: RenewalDueOptions): number {
  requireObject(options, 'renewalDue() options');
  const { notBefore, notAfter, policy = {}, jitterSeed } = options;
  if (!Number.isFinite(notBefore)) refuse('notBefore', 'epoch milliseconds', notBefore);
  if (!Number.isFinite(notAfter)) refuse('notAfter', 'epoch milliseconds', notAfter);
  if (typeof jitterSeed !== 'string') refuse('jitterSeed', 'a text', jitterSeed);
  const { fraction = 2 / 3, shortLivedFraction = 1 / 2, jitter = 0.05 } = policy;
  const lifetime = notAfter - notBefore;
  const part = lifetime < SHORT_LIVED ? shortLivedFraction : fraction;
  return Math.floor(notBefore + lifetime * Math.max(0, part - jitter * unitHash(jitterSeed)));
}

function refuse(option: string, wanted: string, given: unknown): never {
  throw new InvalidInputError('INVALID_ARGUMENT', `${option} must be ${wanted}, not ${quote(given)}`);
}

/** A number from 0 to 1 that a text always gives: FNV-1a, mixed, since ids that are made one after another differ little. */
export function unitHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}
