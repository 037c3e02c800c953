import { optionalPeer, peerMissing } from '../../../crypto/passwords/optional-peer.ts';
import { fromBase64Url } from '../../../encoding/base64.ts';
import type { AuthenticationAnswer, RegistrationAnswer } from './passkey-ceremony.ts';
import { passkeyInvalid } from './passkey-errors.ts';
import type { PasskeySettings } from './passkey-options.ts';

const PEER = '@simplewebauthn/server';

/** What authenticators are asked for, in COSE's numbers (RFC 9053): ES256, EdDSA, RS256. */
export const PASSKEY_ALGORITHMS: readonly number[] = [-7, -8, -257];

const loadPeer = optionalPeer(PEER, async () => {
  const [server, helpers] = await Promise.all([
    import('@simplewebauthn/server'),
    import('@simplewebauthn/server/helpers'),
  ]);
  return { ...server, decodeAttestationObject: helpers.decodeAttestationObject };
});

/** What an answer is judged by. */
export interface Expected {
  readonly settings: PasskeySettings;
  readonly challenge: string;
}

/** A passkey that an authenticator has made. */
export interface RegisteredPasskey {
  readonly credentialId: string;
  readonly publicKey: Uint8Array;
  readonly counter: number;
  readonly isBackedUp: boolean;
}

/** What an authenticator tells with a signature that holds. */
export interface AssertedPasskey {
  readonly counter: number;
  readonly isBackedUp: boolean;
}

/** Makes sure that answers can be judged before one is asked for. @throws {ChanceryError} CRYPTO_UNSUPPORTED: the package is missing */
export async function requireWebAuthn(): Promise<void> {
  await peer();
}

/**
 * Judges the answer to a registration (WebAuthn Level 3 section 7.1).
 *
 * @throws {AuthenticationError} PASSKEY_INVALID: origin, relying party, challenge, user verification, algorithm or attestation are not what was asked for
 * @throws {ChanceryError} CRYPTO_UNSUPPORTED
 */
export async function verifyRegistration(expected: Expected, answer: RegistrationAnswer): Promise<RegisteredPasskey> {
  const { verifyRegistrationResponse, decodeAttestationObject } = await peer();
  const { settings, challenge } = expected;
  try {
    // None was asked for. One with certificates would have the peer fetch whatever CRL they name.
    const attestation = decodeAttestationObject(copy(fromBase64Url(answer.response.attestationObject)));
    const format = attestation.get('fmt');
    const isOwn = format === 'packed' && attestation.get('attStmt').get('x5c') === undefined;
    if (format !== 'none' && !isOwn) throw new TypeError('An attestation came along that was not asked for');
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: { ...answer, clientExtensionResults: {} } as Parameters<
        typeof verifyRegistrationResponse
      >[0]['response'],
      expectedChallenge: challenge,
      expectedOrigin: settings.origins,
      expectedRPID: settings.rpId,
      supportedAlgorithmIDs: [...PASSKEY_ALGORITHMS],
    });
    const credential = verified ? registrationInfo.credential : undefined;
    if (credential === undefined || credential.id !== answer.id) throw passkeyInvalid('response');
    return {
      credentialId: credential.id,
      publicKey: credential.publicKey,
      counter: credential.counter,
      isBackedUp: registrationInfo?.credentialBackedUp === true,
    };
  } catch (cause) {
    throw passkeyInvalid('response', cause);
  }
}

/**
 * Judges the answer to a login (WebAuthn Level 3 section 7.2), but for the counter.
 *
 * @param publicKey - COSE_Key of the passkey that the answer names
 * @throws {AuthenticationError} PASSKEY_INVALID: origin, relying party, challenge, user verification or signature are not what was asked for
 * @throws {ChanceryError} CRYPTO_UNSUPPORTED
 */
export async function verifyAssertion(
  { settings, challenge }: Expected,
  answer: AuthenticationAnswer,
  publicKey: Uint8Array,
): Promise<AssertedPasskey> {
  const { verifyAuthenticationResponse } = await peer();
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { ...answer, clientExtensionResults: {} } as Parameters<
        typeof verifyAuthenticationResponse
      >[0]['response'],
      expectedChallenge: challenge,
      expectedOrigin: settings.origins,
      expectedRPID: settings.rpId,
      // The counter is judged by the caller, once the signature holds: before, anyone can write any.
      credential: { id: answer.id, publicKey: copy(publicKey), counter: 0 },
    });
    if (!verified) throw passkeyInvalid('response');
    return { counter: authenticationInfo.newCounter, isBackedUp: authenticationInfo.credentialBackedUp };
  } catch (cause) {
    throw passkeyInvalid('response', cause);
  }
}

async function peer() {
  const loaded = await loadPeer();
  if (loaded === undefined) throw peerMissing(PEER, 'A passkey');
  return loaded;
}

function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
