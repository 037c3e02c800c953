import type { Passkey, PasskeyAuthenticationResponse, PasskeyRegistrationResponse } from '@chancery/core';
import { z } from 'zod';
import { named } from '../../openapi/named-schema.ts';
import { instant } from './account-schemas.ts';

const base64url = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[A-Za-z0-9_-]+$/);
const credential = { id: base64url(1_364), rawId: base64url(1_364), type: z.literal('public-key') };
/** A name that its owner tells it by; the manager judges its characters. */
export const passkeyName = z.string().max(1_024);

/** What `toJSON()` of a credential that was used gives. Browsers add what they like; the manager judges the rest. */
export const passkeyAssertion = named(
  'PasskeyAssertion',
  z.looseObject({
    ...credential,
    response: z.looseObject({
      clientDataJSON: base64url(8_192),
      authenticatorData: base64url(8_192),
      signature: base64url(8_192),
      userHandle: base64url(128).nullish(),
    }),
  }) as unknown as z.ZodType<PasskeyAuthenticationResponse>,
);

/** What `toJSON()` of a created credential gives. */
export const passkeyAttestation = named(
  'PasskeyAttestation',
  z.looseObject({
    ...credential,
    response: z.looseObject({
      clientDataJSON: base64url(8_192),
      attestationObject: base64url(65_536),
      transports: z.array(z.string().max(32)).max(16).optional(),
    }),
  }) as unknown as z.ZodType<PasskeyRegistrationResponse>,
);

const descriptor = z.strictObject({
  type: z.literal('public-key'),
  id: z.string(),
  transports: z.array(z.string()).optional(),
});

/** For `PublicKeyCredential.parseCreationOptionsFromJSON()`. */
export const creationOptionsSchema = named(
  'PasskeyCreationOptions',
  z.strictObject({
    rp: z.strictObject({ id: z.string(), name: z.string() }),
    user: z.strictObject({ id: z.string(), name: z.string(), displayName: z.string() }),
    challenge: z.string(),
    pubKeyCredParams: z.array(z.strictObject({ type: z.literal('public-key'), alg: z.number().int() })),
    timeout: z.number().int().describe('Milliseconds.'),
    excludeCredentials: z.array(descriptor),
    authenticatorSelection: z.strictObject({
      residentKey: z.literal('required'),
      requireResidentKey: z.literal(true),
      userVerification: z.literal('required'),
    }),
    attestation: z.literal('none'),
  }),
);

/** For `PublicKeyCredential.parseRequestOptionsFromJSON()`. */
export const requestOptionsSchema = named(
  'PasskeyRequestOptions',
  z.strictObject({
    rpId: z.string(),
    challenge: z.string(),
    timeout: z.number().int().describe('Milliseconds.'),
    userVerification: z.literal('required'),
  }),
);

/** A passkey as the API shows it: nothing of its key. */
export const passkeySchema = named(
  'Passkey',
  z.strictObject({
    passkeyId: z.string(),
    name: z.string().optional(),
    transports: z.array(z.string()),
    isBackedUp: z.boolean(),
    createdAt: instant,
    lastUsedAt: instant.optional(),
  }),
);

/** Shows a passkey. */
export function showPasskey({ passkeyId, name, transports, isBackedUp, createdAt, lastUsedAt }: Passkey): object {
  return { passkeyId, name, transports, isBackedUp, createdAt, lastUsedAt };
}
