import { ChanceryError } from '@chancery/core';
import { expect, it } from 'vitest';
import { loadPackage } from '../../src/observation/load-package.ts';

it('names the package that is not installed', async () => {
  const specifier = '@chancery/there-is-no-such-package';
  const error = await loadPackage(specifier, () => import(specifier)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ChanceryError);
  expect(error).toMatchObject({ code: 'PACKAGE_MISSING', facts: { package: specifier } });
  expect(await loadPackage('node:path', () => import('node:path'))).toHaveProperty('join');
});
