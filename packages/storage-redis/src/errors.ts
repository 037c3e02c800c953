import { StorageError, type StorageErrorOptions } from '@chancery/core/ports';

/** Whether a call may have changed something by the time that its answer was lost. */
export type Effect = 'reads' | 'writes';

/** Error replies by which a server says that it did nothing, and whether it may do it later. */
const REFUSALS: Readonly<Record<string, { readonly retryable: boolean; readonly why: string }>> = {
  OOM: { retryable: true, why: 'is out of memory' },
  READONLY: { retryable: true, why: 'is a read-only replica' },
  LOADING: { retryable: true, why: 'is loading its data' },
  BUSY: { retryable: true, why: 'is busy with a script' },
  MISCONF: { retryable: true, why: 'cannot write to its disk' },
  NOREPLICAS: { retryable: true, why: 'has too few replicas' },
  MASTERDOWN: { retryable: true, why: 'has lost its master' },
  CLUSTERDOWN: { retryable: true, why: 'is a node of a cluster that is down' },
  TRYAGAIN: { retryable: true, why: 'is moving the keys to another node' },
  MOVED: { retryable: true, why: 'does not have the keys' },
  ASK: { retryable: true, why: 'does not have the keys any more' },
  NOAUTH: { retryable: false, why: 'asks for a password' },
  WRONGPASS: { retryable: false, why: 'refused user name and password' },
  NOPERM: { retryable: false, why: 'does not permit a command to this user' },
};

/** What a client says before it sends anything. */
const NEVER_SENT = /^The client is (offline|closed)$/;
const REPLY = /^(ERR|NOSCRIPT|WRONGTYPE|EXECABORT|CROSSSLOT|UNKILLABLE|NOPROTO|[A-Z]{3,} )/;
const NAMED = new RegExp(`(?:^|[^A-Za-z])(${Object.keys(REFUSALS).join('|')})(?: |$)`);

/**
 * Turns what a client rejected with into the contract's error. Messages of replies are not repeated: they may name values.
 *
 * @param effect - `writes`: a lost answer leaves the outcome unknown
 */
export function storageError(error: unknown, effect: Effect): StorageError {
  if (error instanceof StorageError) return error;
  const message = messageOf(error);
  const code = NAMED.exec(message)?.[1];
  const refusal = code === undefined ? undefined : REFUSALS[code];
  if (refusal !== undefined) {
    return unavailable(`the Redis server ${refusal.why} (${code})`, { cause: error, retryable: refusal.retryable });
  }
  if (NEVER_SENT.test(message)) {
    return unavailable('the Redis server cannot be reached', { cause: error, retryable: true });
  }
  const outcome = effect === 'writes' ? 'unknown' : 'none';
  if (message.includes('WRONGTYPE')) {
    // Raised by the first look at a key, before anything is written.
    return new StorageError('STORAGE_CORRUPT', 'a key of the namespace holds what is not of this storage', {
      cause: error,
    });
  }
  if (REPLY.test(message)) {
    return unavailable('the Redis server answered with an error', { cause: error, outcome });
  }
  return unavailable('the Redis server did not answer', { cause: error, retryable: true, outcome });
}

/** The error for a server that could not be reached, so that nothing was sent. */
export function unreachable(error: unknown): StorageError {
  const told = storageError(error, 'reads');
  if (told.retryable) {
    return told.message.includes('did not answer')
      ? unavailable('the Redis server cannot be reached', { cause: error, retryable: true })
      : told;
  }
  return told;
}

/** The error for a key that holds another type, or a hash that is no document. */
export function foreignData(key: string, type: string): StorageError {
  const shown = key.length > 200 ? `${key.slice(0, 200)}…` : key;
  return new StorageError('STORAGE_CORRUPT', `the key ${JSON.stringify(shown)} (${type}) is not of this storage`, {
    facts: { key: shown, type },
  });
}

/** Whether the server does not have a script. */
export function isNoScript(error: unknown): boolean {
  return messageOf(error).startsWith('NOSCRIPT');
}

/** Whether the server answers, but takes no writes at present. */
export function isRefusedWrite(error: unknown): boolean {
  return /^(OOM|READONLY|MISCONF|NOREPLICAS)/.test(messageOf(error));
}

/** Whether a key holds another type than the command is for. */
export function isWrongType(error: unknown): boolean {
  return messageOf(error).startsWith('WRONGTYPE');
}

/** Whether it is the server that said no. */
export function isErrorReply(error: unknown): boolean {
  return REPLY.test(messageOf(error));
}

/** A failure to reach or to use the server. */
export function unavailable(message: string, options: StorageErrorOptions = {}): StorageError {
  return new StorageError('STORAGE_UNAVAILABLE', message, options);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
