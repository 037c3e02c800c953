import { ChanceryError } from '../../errors/chancery-error.ts';
import { ConflictError } from '../../errors/families.ts';

/**
 * Says in the words of certificates that a unique constraint refused a name or a fingerprint.
 *
 * @param what the certificate's name or id, for the message
 * @throws {ConflictError} CERTIFICATE_NAME_TAKEN: another certificate has the name; CERTIFICATE_EXISTS: it is managed already
 */
export async function onTakenName<T>(change: Promise<T>, what: string): Promise<T> {
  try {
    return await change;
  } catch (cause) {
    if (!(cause instanceof ChanceryError) || cause.code !== 'UNIQUE_CONFLICT') throw cause;
    const { constraint } = cause.facts;
    if (constraint === 'name') {
      throw new ConflictError('CERTIFICATE_NAME_TAKEN', `Another certificate has the name of '${what}'`, {
        facts: { name: what },
        cause,
      });
    }
    if (constraint !== 'fingerprint') throw cause;
    throw new ConflictError('CERTIFICATE_EXISTS', 'A certificate with this SHA-256 fingerprint is managed already', {
      cause,
    });
  }
}
