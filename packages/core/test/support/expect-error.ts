import { ChanceryError, PolicyError } from '../../src/index.ts';

/**
 * Waits for a rejection of the SDK's own kind.
 *
 * @throws {Error} When it does not reject, or with another kind of error: that is a defect of the SDK.
 */
export async function rejection(work: Promise<unknown> | (() => unknown)): Promise<ChanceryError> {
  let result: unknown;
  try {
    result = await (typeof work === 'function' ? work() : work);
  } catch (error) {
    if (error instanceof ChanceryError) return error;
    throw new Error(`The SDK threw an error without a code: ${String(error)}`, { cause: error });
  }
  throw new Error(`Nothing was thrown, but ${JSON.stringify(result)?.slice(0, 200)} returned`);
}

/** The code of a rejection. */
export async function codeOf(work: Promise<unknown> | (() => unknown)): Promise<string> {
  return (await rejection(work)).code;
}

/** The rules and values that a refused issuance names, as `rule=value`. */
export async function violationsOf(work: Promise<unknown>): Promise<string[]> {
  const error = await rejection(work);
  if (!(error instanceof PolicyError))
    throw new Error(`Not a refusal, but ${error.code}: ${error.message}`, { cause: error });
  return error.violations.map(({ rule, value }) => `${rule}=${value}`);
}
