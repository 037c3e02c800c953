/** An object without the members that are undefined: to the SDK, what is absent and what is undefined are two things. */
export function defined<T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) if (value !== undefined) result[name] = value;
  return result as { [K in keyof T]: Exclude<T[K], undefined> };
}
