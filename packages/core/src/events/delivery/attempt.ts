import type { Sleep } from '../../store/backoff.ts';
import type { CloudEvent } from '../cloud-event.ts';
import type { DeliveryFault, DeliveryOutcome, NamedSink } from './sink.ts';

/** How long one attempt may take where the sink does not say, in milliseconds. */
export const ATTEMPT_TIMEOUT_MS = 10_000;

const REASON_LENGTH = 200;
const ERROR_CODE = /^[A-Z][A-Z0-9_]{0,63}$/;
const CLASS_NAME = /^[A-Za-z][A-Za-z0-9]{0,63}$/;

/** What an attempt came to; `stopped`: the work was stopped first, and nobody knows. */
export type AttemptResult = DeliveryOutcome | { readonly outcome: 'stopped' };

/** One attempt to be made. */
export interface Attempt {
  readonly sink: NamedSink;
  readonly event: CloudEvent;
  /** From 1. */
  readonly attempt: number;
  readonly sleep: Sleep;
  /** Stops the work. */
  readonly signal: AbortSignal;
}

/**
 * Tries once to deliver an event, within the sink's time, and never rejects: whatever a sink throws or returns becomes an outcome that
 * can be stored.
 */
export async function attemptDelivery({ sink, event, attempt, sleep, signal }: Attempt): Promise<AttemptResult> {
  if (signal.aborted) return { outcome: 'stopped' };
  const over = new AbortController();
  const { timeoutMs = ATTEMPT_TIMEOUT_MS } = sink;
  let stop = (): void => undefined;
  const stopped = new Promise<AttemptResult>((resolve) => {
    stop = () => resolve({ outcome: 'stopped' });
    signal.addEventListener('abort', stop, { once: true });
  });
  const late = sleep(timeoutMs, over.signal).then(
    (): AttemptResult => ({ outcome: 'failed', reason: `no answer within ${timeoutMs} ms` }),
    () => stopped,
  );
  try {
    return await Promise.race([outcomeOf(sink, event, attempt, over.signal), late, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
    over.abort();
  }
}

async function outcomeOf(
  sink: NamedSink,
  event: CloudEvent,
  attempt: number,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  try {
    return checkedOutcome((await sink.deliver(event, { signal, attempt })) ?? { outcome: 'delivered' });
  } catch (error) {
    return { outcome: 'failed', reason: nameOfError(error) };
  }
}

function checkedOutcome(told: DeliveryOutcome): DeliveryOutcome {
  switch (told.outcome) {
    case 'delivered':
      return { outcome: 'delivered' };
    case 'failed': {
      const { retryAfterMs } = told;
      return { outcome: 'failed', ...storableFault(told), ...(Number.isFinite(retryAfterMs) && { retryAfterMs }) };
    }
    case 'rejected':
    case 'gone':
      return { outcome: told.outcome, ...storableFault(told) };
    default:
      return { outcome: 'failed', reason: 'the sink returned no outcome that is known' };
  }
}

function storableFault({ reason, status }: DeliveryFault): DeliveryFault {
  // Category C holds what a storage or a log may choke on: controls, NUL and lone surrogates.
  const words = String(reason).slice(0, REASON_LENGTH).replace(/\p{C}/gu, '?') || 'no reason given';
  return Number.isInteger(status) ? { reason: words, status: status as number } : { reason: words };
}

/** A message may quote what was sent, or a credential; codes and class names do not. */
function nameOfError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'threw no error';
  const { code } = error as { readonly code?: unknown };
  if (typeof code === 'string' && ERROR_CODE.test(code)) return code;
  const name: unknown = error.constructor?.name;
  return typeof name === 'string' && CLASS_NAME.test(name) ? name : 'Error';
}
