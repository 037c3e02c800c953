import { z } from 'zod';
import { fromBase64Url, toBase64Url } from '../../../encoding/base64.ts';
import { fromUtf8 } from '../../../encoding/bytes.ts';
import { type Abortable, signalOf } from '../../../ports/abortable.ts';
import { defineCollection } from '../../../store/collection.ts';
import type { AccountsContext } from '../../context.ts';
import { passkeyInvalid } from './passkey-errors.ts';

/** How long an authenticator has to answer, in milliseconds. */
export const CHALLENGE_MS = 300_000;

const CHALLENGE_BYTES = 32;

/**
 * One document a challenge that waits for its answer, under the challenge itself. The commit that takes the answer removes it: of several
 * answers one counts.
 */
export const passkeyChallenges = defineCollection({
  name: 'account_passkey_challenges',
  recordVersion: 1,
  schema: z.strictObject({
    /** Whom a passkey is to be registered for; none where it is to be used. */
    accountId: z.string().optional(),
  }),
});

/** Draws a challenge and remembers it. @param accountId - whom a passkey is to be registered for */
export async function drawChallenge(
  { store, crypto, clock }: AccountsContext,
  accountId: string | undefined,
  options: Abortable,
): Promise<string> {
  const challenge = toBase64Url(crypto.randomBytes(CHALLENGE_BYTES));
  const value = accountId === undefined ? {} : { accountId };
  const expiresAt = clock.now() + CHALLENGE_MS;
  await store.commit(
    [store.put(passkeyChallenges, challenge, value, { ifVersion: null, expiresAt })],
    signalOf(options),
  );
  return challenge;
}

const clientData = z.object({
  challenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  crossOrigin: z.boolean().optional(),
  topOrigin: z.string().optional(),
});

/**
 * The challenge that a browser says to have answered (WebAuthn Level 3 section 5.8.1). The signature over it is yet to be verified.
 *
 * @throws {AuthenticationError} PASSKEY_INVALID: the client data is malformed, or a page in a frame of another origin asked
 */
export function answeredChallenge(clientDataJson: string): string {
  let data: z.output<typeof clientData>;
  try {
    data = clientData.parse(JSON.parse(fromUtf8(fromBase64Url(clientDataJson))));
  } catch (cause) {
    throw passkeyInvalid('response', cause);
  }
  if (data.crossOrigin === true || data.topOrigin !== undefined) throw passkeyInvalid('response');
  return data.challenge;
}
