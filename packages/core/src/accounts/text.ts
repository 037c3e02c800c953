const CONTROL_OR_SURROGATE = /[\p{Cc}\p{Cs}]/u;

/** Whether a text is well-formed Unicode without control characters, NUL among them. */
export function isWellFormedText(text: string): boolean {
  return !CONTROL_OR_SURROGATE.test(text);
}
