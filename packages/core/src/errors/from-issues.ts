import { type InputIssue, InvalidInputError } from './families.ts';

/**
 * Turns a schema's complaint into the SDK's own error, so that no schema library shows in the public API. Paths and rules are told,
 * values are not: an input may hold a secret.
 *
 * @param what - what was given, such as `issue() options`
 */
export function invalidArgument(
  what: string,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
  cause?: unknown,
): InvalidInputError {
  const flat: InputIssue[] = issues.map(({ path, message }) => ({
    path: path.map((step) => (typeof step === 'number' ? step : String(step))),
    message,
  }));
  const told = flat.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`));
  return new InvalidInputError('INVALID_ARGUMENT', `Invalid ${what}: ${told.join('; ')}`, { issues: flat, cause });
}
