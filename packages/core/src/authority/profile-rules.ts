import { z } from 'zod';
import { KEY_ALGORITHMS } from '../crypto/algorithms.ts';
import { invalidArgument } from '../errors/from-issues.ts';
import { quote } from '../errors/quote.ts';
import { requireObject } from '../errors/require-object.ts';
import { keyPurposeOid } from '../x509/extensions/extended-key-usage.ts';
import { keyUsages } from '../x509/extensions/key-usage.ts';
import type { CertificateProfile } from './profiles.ts';

const MAXIMUM_DAYS = 36_500;

const days = z.number().positive().max(MAXIMUM_DAYS);
const profileShape = z
  .strictObject({
    // A profile is for end entities: RFC 5280 section 4.2.1.3 keeps keyCertSign to CAs, and cRLSign here goes with it.
    keyUsage: z.array(z.enum(keyUsages).exclude(['keyCertSign', 'cRLSign'])),
    extendedKeyUsage: z
      .array(z.string().refine(isKeyPurpose, 'neither a known key purpose nor an OID'))
      .refine(isDistinct, 'one twice'),
    subjectAltNames: z.array(
      z.enum([
        'dns',
        'ip',
        'uri',
        'email',
        'registeredId',
        'directoryName',
        'otherName',
        'x400Address',
        'ediPartyName',
      ]),
    ),
    subjectAltNameRequired: z.boolean(),
    commonName: z.enum(['among-names', 'free']),
    singleLabelNames: z.boolean(),
    wildcards: z.boolean(),
    defaultValidityDays: days,
    maximumValidityDays: days,
    keyAlgorithms: z.array(z.enum(KEY_ALGORITHMS)).min(1),
    ocspNoCheck: z.boolean().optional(),
  })
  .refine((profile) => profile.defaultValidityDays <= profile.maximumValidityDays, {
    path: ['defaultValidityDays'],
    message: 'longer than maximumValidityDays',
  });

/**
 * Checks the profiles that a host adds, when they are given rather than when one is first used.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: names the profile and the field
 */
export function checkProfiles(profiles: Readonly<Record<string, CertificateProfile>>): void {
  requireObject(profiles, 'profiles');
  for (const [name, profile] of Object.entries(profiles)) {
    const parsed = profileShape.safeParse(profile);
    if (!parsed.success) throw invalidArgument(`profile ${quote(name)}`, parsed.error.issues);
  }
}

function isKeyPurpose(text: string): boolean {
  try {
    keyPurposeOid(text);
    return true;
  } catch {
    return false;
  }
}

function isDistinct(purposes: readonly string[]): boolean {
  return (
    new Set(purposes.map((purpose) => (isKeyPurpose(purpose) ? keyPurposeOid(purpose) : purpose))).size ===
    purposes.length
  );
}
