/** Prints what a test left out: a skip must never look like a pass. */
export function reportSkip(test: string, reason: string): void {
  // biome-ignore lint/suspicious/noConsole: the default of a test kit, which has no other way to be seen
  console.warn(`storage conformance: "${test}" left something out: ${reason}`);
}
