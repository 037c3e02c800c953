import type { AcmeFetch, StorageBackend } from '../../src/index.ts';
import { overriding } from './test-storage.ts';

/** A process that dies: from one moment on, neither its network nor its storage does anything for it. */
export interface Mortal {
  readonly fetch: AcmeFetch;
  readonly storage: StorageBackend;
  readonly isDead: boolean;
  /** Exchanges that were answered. */
  readonly exchanges: number;
}

/**
 * Lets a process die after an exchange with a server: the server has done what it was asked, and the process never learns.
 *
 * @param options.after How many exchanges it lives to see the answer of.
 */
export function mortal(options: {
  readonly fetch: AcmeFetch;
  readonly storage: StorageBackend;
  readonly after: number;
}): Mortal {
  const state = { isDead: false, exchanges: 0 };
  const alive = <A extends unknown[], R>(method: (...given: A) => Promise<R>) => {
    return async (...given: A): Promise<R> => {
      if (state.isDead) throw new Error('this process is dead');
      const result = await method(...given);
      if (state.isDead) throw new Error('this process is dead');
      return result;
    };
  };
  const { storage } = options;
  const dying = overriding(storage, {
    get: alive(storage.get.bind(storage)),
    query: alive(storage.query.bind(storage)),
    commit: alive(storage.commit.bind(storage)),
    claim: alive(storage.claim.bind(storage)),
  });
  return {
    fetch: async (url, init) => {
      if (state.isDead) throw new Error('this process is dead');
      const response = await options.fetch(url, init);
      if (state.exchanges === options.after) state.isDead = true;
      if (state.isDead) throw new Error('this process is dead');
      state.exchanges += 1;
      return response;
    },
    storage: dying,
    get isDead() {
      return state.isDead;
    },
    get exchanges() {
      return state.exchanges;
    },
  };
}
