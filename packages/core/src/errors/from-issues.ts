import { type InputIssue, InvalidInputError } from './families.ts';
import { shorten } from './quote.ts';

// A list of a million bad entries must not become a log line of a hundred megabytes.
const MOST_TOLD = 10;
const LONGEST_RULE = 300;

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
    message: message.length > LONGEST_RULE ? `${message.slice(0, LONGEST_RULE)}…` : message,
  }));
  const told = flat
    .slice(0, MOST_TOLD)
    .map(({ path, message }) => (path.length === 0 ? message : `${shorten(path.join('.'))}: ${message}`));
  const more = flat.length > MOST_TOLD ? `; and ${flat.length - MOST_TOLD} more` : '';
  return new InvalidInputError('INVALID_ARGUMENT', `Invalid ${what}: ${told.join('; ')}${more}`, {
    issues: flat,
    cause,
  });
}
