import { requireObject } from '../../errors/require-object.ts';
import type { ValidatePathOptions } from './path-options.ts';
import { type PathValidationResult, PathValidator } from './path-validator.ts';

/**
 * Validates a certification path once (RFC 5280 section 6): finds a way from the certificate to a trust anchor that keeps every
 * rule. For many validations to the same anchors, a `PathValidator` keeps what it has learnt.
 *
 * @param options the certificate, what is trusted, and what it is to be good for
 * @returns the path, or the one error that says most about why there is none; bad certificates never throw
 * @throws {InvalidInputError} INVALID_ARGUMENT: an option is wrong, whatever the certificates
 * @throws {InvalidInputError} EXTENSION_INVALID: `purpose` is neither a known key purpose nor an OID
 *
 * @example
 * const result = await validatePath({ certificate: chainPem, trustAnchors: rootPem, purpose: 'serverAuth' });
 * if (!result.valid) console.error(result.error.code, result.error.message);
 */
export async function validatePath(options: ValidatePathOptions): Promise<PathValidationResult> {
  requireObject(options, 'validatePath() options');
  const { certificate, trustAnchors, crypto, clock, ...request } = options;
  const validator = new PathValidator({
    trustAnchors,
    ...(crypto && { crypto }),
    ...(clock && { clock }),
  });
  return validator.validate(certificate, request);
}
