import { ChanceryError } from '../../../src/errors/chancery-error.ts';

/** What came of an attempt whose storage failed: the SDK's own errors only. */
export async function attempt<T>(work: Promise<T>): Promise<T | ChanceryError> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ChanceryError) return error;
    throw error;
  }
}
