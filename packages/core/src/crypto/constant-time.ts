/**
 * Compares two byte strings in a time that depends on their length alone: for MACs, digests and derived secrets.
 *
 * @returns true when both hold the same bytes
 */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let at = 0; at < a.length; at++) difference |= (a[at] as number) ^ (b[at] as number);
  return difference === 0;
}
