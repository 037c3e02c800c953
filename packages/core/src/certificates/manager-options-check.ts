import { z } from 'zod';
import { invalidArgument } from '../errors/from-issues.ts';
import { requireObject } from '../errors/require-object.ts';
import type { CertificateManagerOptions } from './certificate-manager-options.ts';

const YEAR = 366 * 86_400_000;

const aFunction = z.custom<object>((value) => typeof value === 'function', 'expected a function');
const fraction = z.number().gt(0).lt(1);

/** What can be told wrong without any I/O; the rest is an object with methods, which its first use shows. */
const checked = z.object({
  defaultIssuer: z.string().optional(),
  accountGuard: aFunction.optional(),
  nameGuard: aFunction.optional(),
  processors: z.array(aFunction).optional(),
  renewalPolicy: z
    .strictObject({
      fraction: fraction.optional(),
      shortLivedFraction: fraction.optional(),
      jitter: z.number().min(0).lt(1).optional(),
    })
    .optional(),
  graceMs: z.number().int().min(0).max(YEAR).optional(),
  sleep: aFunction.optional(),
});

/** @throws {InvalidInputError} INVALID_ARGUMENT: names each option at fault */
export function checkManagerOptions(options: CertificateManagerOptions): void {
  requireObject(options, 'CertificateManager options');
  requireObject(options.storage, 'storage');
  requireObject(options.keyring, 'keyring');
  const parsed = checked.safeParse(options);
  if (!parsed.success) throw invalidArgument('CertificateManager options', parsed.error.issues);
}
