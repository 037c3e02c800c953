import { z } from 'zod';
import { invalidArgument } from '../../errors/from-issues.ts';
import { requireHttpUrl } from '../http-url.ts';
import { HOUR } from '../validity.ts';

/** How an authority answers OCSP requests. */
export interface OcspOptions {
  /** Where the host serves `ocsp()`, such as `http://pki.example/ocsp`: certificates point there. Without it they name no responder. */
  readonly url?: string;
  /** How long a response is valid, in hours, 1 to 240; 24 by default. */
  readonly validityHours?: number;
  /**
   * How long after a revocation another instance may still answer `good`, in milliseconds, 0 to 60,000; 1,000 by default. For so
   * long a response that was signed before is given again without asking the ledger; with 0 each answer is judged anew.
   */
  readonly maxStaleMs?: number;
}

/** The same with every default filled in. */
export interface OcspSettings {
  readonly url: string | undefined;
  readonly validityMs: number;
  readonly maxStaleMs: number;
}

const schema = z.strictObject({
  url: z.string().optional(),
  validityHours: z.number().min(1).max(240).optional(),
  maxStaleMs: z.number().int().min(0).max(60_000).optional(),
});

/** @throws {InvalidInputError} INVALID_ARGUMENT: names the option at fault */
export function ocspSettings(options: OcspOptions | undefined): OcspSettings {
  const parsed = schema.safeParse(options ?? {});
  if (!parsed.success) throw invalidArgument('ocsp options', parsed.error.issues);
  const { url, validityHours = 24, maxStaleMs = 1_000 } = parsed.data;
  requireHttpUrl('ocsp.url', url);
  return { url, validityMs: Math.floor(validityHours * HOUR), maxStaleMs };
}
