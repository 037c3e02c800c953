const KNOWN: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'CONNECT',
  'TRACE',
]);

/** A method out of a closed list; `_OTHER` for what a client made up, as the semantic conventions of OpenTelemetry have it. */
export function knownMethod(method: string): string {
  return KNOWN.has(method) ? method : '_OTHER';
}
