import type { ChanceryErrorCode } from './codes.ts';

/** Facts about an error: plain values that a log can hold. Never a secret, a key or a password. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** What an error tells besides its code and its message. */
export interface ChanceryErrorOptions {
  readonly facts?: ErrorFacts;
  readonly cause?: unknown;
}

/**
 * The base of every error that the SDK throws on purpose. A plain `Error` or `TypeError` out of the SDK is a defect.
 *
 * `code` is stable and closed; `message` names the value at fault; `facts` repeats it as data.
 */
export class ChanceryError extends Error {
  readonly code: ChanceryErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ChanceryErrorCode, message: string, options: ChanceryErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.code = code;
    this.facts = options.facts ?? {};
  }
}
