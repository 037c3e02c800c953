import { ChanceryError } from '@chancery/core';

/** An error in one word out of a closed list: a code of the SDK's, or `other`. What an error says may hold anything. */
export function errorCode(error: unknown): string {
  return error instanceof ChanceryError ? error.code : 'other';
}
