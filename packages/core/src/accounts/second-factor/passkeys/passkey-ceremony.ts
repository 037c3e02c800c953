import { z } from 'zod';

/** A passkey as options for a browser name it. */
export interface PasskeyDescriptor {
  readonly type: 'public-key';
  /** Base64url, like all bytes in these objects. */
  readonly id: string;
  readonly transports?: readonly string[];
}

/** For `PublicKeyCredential.parseCreationOptionsFromJSON()` in the browser (WebAuthn Level 3 section 5.1.8). */
export interface PasskeyCreationOptions {
  readonly rp: { readonly id: string; readonly name: string };
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly challenge: string;
  readonly pubKeyCredParams: readonly { readonly type: 'public-key'; readonly alg: number }[];
  /** Milliseconds. */
  readonly timeout: number;
  /** What the account has already. */
  readonly excludeCredentials: readonly PasskeyDescriptor[];
  readonly authenticatorSelection: {
    readonly residentKey: 'required';
    readonly requireResidentKey: true;
    readonly userVerification: 'required';
  };
  readonly attestation: 'none';
}

/** For `PublicKeyCredential.parseRequestOptionsFromJSON()` in the browser (WebAuthn Level 3 section 5.1.9). */
export interface PasskeyRequestOptions {
  readonly rpId: string;
  readonly challenge: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly userVerification: 'required';
}

/** What `toJSON()` of a created credential gives (WebAuthn Level 3 section 5.1). Further fields are left alone. */
export interface PasskeyRegistrationResponse {
  readonly id: string;
  readonly rawId: string;
  readonly type: string;
  readonly response: {
    readonly clientDataJSON: string;
    readonly attestationObject: string;
    readonly transports?: readonly string[];
  };
}

/** What `toJSON()` of a credential that was used gives (WebAuthn Level 3 section 5.1). Further fields are left alone. */
export interface PasskeyAuthenticationResponse {
  readonly id: string;
  readonly rawId: string;
  readonly type: string;
  readonly response: {
    readonly clientDataJSON: string;
    readonly authenticatorData: string;
    readonly signature: string;
    readonly userHandle?: string | null;
  };
}

const LONGEST_ID = 1_364;
const LONGEST_PART = 8_192;
const LONGEST_ATTESTATION = 65_536;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

const bytes = (most: number) => z.string().max(most).regex(BASE64URL, 'must be base64url');
const credential = { id: bytes(LONGEST_ID), rawId: bytes(LONGEST_ID), type: z.literal('public-key') };

/** The answer of an authenticator to a registration. Browsers add what they like. */
export const registrationInput = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: bytes(LONGEST_PART),
    attestationObject: bytes(LONGEST_ATTESTATION),
    transports: z.array(z.string().max(32)).max(16).optional(),
  }),
});

/** The answer of an authenticator to a login. */
export const authenticationInput = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: bytes(LONGEST_PART),
    authenticatorData: bytes(LONGEST_PART),
    signature: bytes(LONGEST_PART),
    userHandle: bytes(128).nullish(),
  }),
});

/** A parsed answer to a registration. */
export type RegistrationAnswer = z.output<typeof registrationInput>;
/** A parsed answer to a login. */
export type AuthenticationAnswer = z.output<typeof authenticationInput>;
