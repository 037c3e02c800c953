import { ChanceryError } from '@chancery/core';

/**
 * Loads an optional package.
 *
 * @throws {ChanceryError} PACKAGE_MISSING
 */
export async function loadPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new ChanceryError('PACKAGE_MISSING', `This needs the package ${name}, which could not be loaded`, {
      cause,
      facts: { package: name },
    });
  }
}
