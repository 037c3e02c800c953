import { ChanceryError } from './chancery-error.ts';

/** What a log may be told of an error: its code, or its class. The message of an error that is not the SDK's own may hold anything. */
export function codeOrClass(error: unknown): string {
  if (error instanceof ChanceryError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
