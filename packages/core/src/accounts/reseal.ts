import type { MaintenanceTask } from '../ports/maintenance.ts';
import { resealWalk } from '../store/reseal-walk.ts';
import { openField, sealField } from '../store/seal.ts';
import type { AccountsContext } from './context.ts';
import { credentials, openHash, sealHash } from './passwords/credential-record.ts';
import { openPasskey, passkeys, sealPasskey } from './second-factor/passkeys/passkey-record.ts';
import { secondFactors } from './second-factor/second-factor-record.ts';
import { openTotpSecret, sealTotpSecret } from './second-factor/second-factor-secret.ts';
import { sessionSecretPlace, sessions } from './sessions/session-record.ts';

const DAY = 86_400_000;

/** Seals anew the hashes, secrets and keys that a former key of the keyring sealed, so that it can be taken out of use. */
export function resealTasks(context: AccountsContext): MaintenanceTask[] {
  return [
    {
      name: 'accounts:reseal:keys',
      async run() {
        await context.derivedKeys.reseal();
        return { more: false, nextDueAt: context.clock.now() + DAY };
      },
    },
    resealWalk(context, {
      name: 'accounts:reseal:passwords',
      collection: credentials,
      index: 'byChange',
      reseal: async ({ id, bytes = new Uint8Array() }) => sealHash(context, id, await openHash(context, id, bytes)),
    }),
    resealWalk(context, {
      name: 'accounts:reseal:second-factors',
      collection: secondFactors,
      index: 'byChange',
      reseal: async (entry) =>
        sealTotpSecret(context, secondFactors, entry.id, await openTotpSecret(context, secondFactors, entry)),
    }),
    resealWalk(context, {
      name: 'accounts:reseal:passkeys',
      collection: passkeys,
      index: 'byChange',
      reseal: async (entry) => sealPasskey(context, entry.id, await openPasskey(context, entry)),
    }),
    resealWalk(context, {
      name: 'accounts:reseal:sessions',
      collection: sessions,
      index: 'byChange',
      reseal: ({ id, bytes }) => resealSession(context, id, bytes),
    }),
  ];
}

/** A session that nobody refreshes lives for as long as `refreshTokenTtlMs`. */
async function resealSession(
  { store, keyring }: AccountsContext,
  id: string,
  bytes: Uint8Array = new Uint8Array(),
): Promise<Uint8Array> {
  const place = sessionSecretPlace(id);
  const secret = await openField(store, keyring, place, bytes);
  const resealed = await sealField(store, keyring, place, secret);
  secret.fill(0);
  return resealed;
}
