import { firstDifference, preview } from './difference.ts';

/** An expectation of a test kit that did not hold. Any test runner reports it as a failure. */
export class ExpectationError extends Error {
  override readonly name = 'ExpectationError';
}

/** Fails unless the condition holds. `claim` says what should have been. */
export function expect(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new ExpectationError(claim);
}

/** Fails unless both are deeply equal, and names the first place where they differ. */
export function expectEqual(actual: unknown, expected: unknown, claim: string): void {
  const difference = firstDifference(actual, expected);
  if (difference !== undefined) throw new ExpectationError(`${claim}: ${difference}`);
}

export interface ExpectedFailure {
  readonly code: string;
  /** Default `none`. */
  readonly outcome?: 'none' | 'unknown';
}

/**
 * Fails unless the call rejects with a `StorageError` of that code. A call that throws instead of rejecting fails too.
 *
 * Errors are judged by their fields, so that an adapter may bundle a copy of the class.
 */
export async function expectStorageError(
  call: () => Promise<unknown>,
  expected: string | ExpectedFailure,
  claim: string,
): Promise<void> {
  const { code, outcome = 'none' } = typeof expected === 'string' ? { code: expected } : expected;
  let pending: Promise<unknown>;
  try {
    pending = call();
  } catch (error) {
    throw new ExpectationError(`${claim}: threw instead of rejecting: ${preview(error)}`, { cause: error });
  }
  let error: unknown;
  try {
    const answer = await pending;
    throw new ExpectationError(`${claim}: expected ${code}, but it resolved with ${preview(answer)}`);
  } catch (thrown) {
    if (thrown instanceof ExpectationError) throw thrown;
    error = thrown;
  }
  const { code: found, outcome: left, retryable } = error as { code?: unknown; outcome?: unknown; retryable?: unknown };
  if (!(error instanceof Error) || found !== code) {
    throw new ExpectationError(`${claim}: expected ${code}, but it rejected with ${preview(error)}`, { cause: error });
  }
  expectEqual(left, outcome, `${claim}: outcome of ${code}`);
  expect(typeof retryable === 'boolean', `${claim}: retryable of ${code} is a boolean`);
  expect(error.message.length > 0, `${claim}: ${code} has a message`);
}
