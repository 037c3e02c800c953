import { ChanceryError } from '../../errors/chancery-error.ts';
import { StorageError } from '../../errors/storage-error.ts';
import type { RenewalFailure } from '../../ports/renewal-source.ts';
import { BrokenOffError } from '../leases/hold-lease.ts';

const NAME = /^[A-Za-z]\w{0,63}$/;

/**
 * What an event may say of a failure. Only the SDK's own errors are quoted: what another error says is not known to hold no secret.
 *
 * @param now epoch milliseconds, from when on a rest counts that the issuer has asked for
 */
export function describeFailure(error: unknown, now: number): RenewalFailure {
  if (!(error instanceof ChanceryError)) {
    const name = nameOf(error);
    return { code: name, message: `The issuer failed with ${name}` };
  }
  const { code, message } = error;
  const { retryAfterMs } = error as { readonly retryAfterMs?: unknown };
  if (typeof retryAfterMs !== 'number' || !Number.isFinite(retryAfterMs)) return { code, message };
  return { code, message, retryAfter: now + Math.max(0, Math.ceil(retryAfterMs)) };
}

/** What an error is called, if that is a name and nothing else. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const name: unknown = error.name;
  return typeof name === 'string' && NAME.test(name) ? name : 'Error';
}

/** Whether the storage failed and not the issuer: the job then stays as it is, and is claimed again when its lease has run out. */
export function isPassing(error: unknown): boolean {
  return error instanceof StorageError && error.retryable;
}

/** Whether another instance holds the job. */
export function isLost(error: unknown): boolean {
  return error instanceof BrokenOffError && error.why === 'lease-lost';
}

/** Whether this instance was told to end. */
export function isStopped(error: unknown): boolean {
  return error instanceof BrokenOffError && error.why === 'aborted';
}
