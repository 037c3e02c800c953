import { ChanceryError, type ChanceryErrorOptions } from './chancery-error.ts';
import type { StorageErrorCode } from './codes.ts';

/** What a failure of a storage tells its caller about trying again. */
export interface StorageErrorOptions extends ChanceryErrorOptions {
  /** Whether the same call may succeed later without any change. Default false. */
  readonly retryable?: boolean;
  /** `none`: nothing was written. `unknown`: the answer was lost, so it may have been. Default `none`. */
  readonly outcome?: 'none' | 'unknown';
}

/** A storage backend failed or refused. Absence is never an error, and failure never looks like absence. */
export class StorageError extends ChanceryError {
  declare readonly code: StorageErrorCode;
  readonly retryable: boolean;
  readonly outcome: 'none' | 'unknown';

  constructor(code: StorageErrorCode, message: string, options: StorageErrorOptions = {}) {
    super(code, message, options);
    this.retryable = options.retryable ?? false;
    this.outcome = options.outcome ?? 'none';
  }
}
