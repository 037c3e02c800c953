import { ChanceryError } from '../../errors/chancery-error.ts';

/**
 * Loads a module that the host may have installed or not, once.
 *
 * @param name - for errors
 * @param load - a dynamic import, so that nothing is loaded before it is needed
 * @returns the module, or undefined where it is not installed
 * @throws {ChanceryError} CRYPTO_UNSUPPORTED: it is installed and does not load; taking another way in silence would hide that
 */
export function optionalPeer<T>(name: string, load: () => Promise<T>): () => Promise<T | undefined> {
  let loading: Promise<T | undefined> | undefined;
  return () => {
    loading ??= load().catch((cause: unknown) => {
      if ((cause as { readonly code?: unknown } | undefined)?.code === 'ERR_MODULE_NOT_FOUND') return undefined;
      throw new ChanceryError('CRYPTO_UNSUPPORTED', `The package ${name} is installed and cannot be loaded`, { cause });
    });
    return loading;
  };
}

/** Makes the error for a hash that needs a module which is not installed. */
export function peerMissing(name: string, what: string): ChanceryError {
  return new ChanceryError('CRYPTO_UNSUPPORTED', `${what} needs the optional package ${name}, which is not installed`);
}
