import { describe, expect, it } from 'vitest';
import { authenticate } from '../../../src/accounts/sessions/authenticate.ts';
import { logoutEverywhere } from '../../../src/accounts/sessions/end-sessions.ts';
import { logout } from '../../../src/accounts/sessions/logout.ts';
import { refreshSession } from '../../../src/accounts/sessions/refresh-session.ts';
import { ChanceryError } from '../../../src/errors/chancery-error.ts';
import { type FaultInjector, faultInjector } from '../../../src/testing/fault-injector.ts';
import type { FaultKind } from '../../../src/testing/fault-plan.ts';
import { codeOf } from '../../support/expect-error.ts';
import { storageSize } from '../../support/test-storage.ts';
import { attempt } from '../support/attempt.ts';
import { DpopClient } from '../support/dpop-client.ts';
import { addAccount, createSessionBed, open, type SessionBed } from '../support/session-bed.ts';

/** Each fault needs a fresh storage: on a database the one that is hardest to recover from will do. */
const KINDS = storageSize<readonly FaultKind[]>(['refuse', 'loseRequest', 'loseAnswer', 'landLate'], ['loseAnswer']);
const sleep = async () => undefined;

interface Faulty {
  readonly bed: SessionBed;
  readonly faults: FaultInjector;
  /** Stands on the storage that fails. */
  readonly instance: SessionBed['context'];
}

function faulty(): Faulty {
  const bed = createSessionBed({ sleep });
  const faults = faultInjector(bed.storage, { seed: 1 });
  return { bed, faults, instance: bed.another({ storage: faults }) };
}

/** Does something once for each call of the storage that it makes, with that call hit. */
async function hitEachCall(act: (given: Faulty, hit: () => void) => Promise<void>): Promise<number> {
  let hits = 0;
  for (const kind of KINDS) {
    for (let skip = 0; ; skip++) {
      const given = faulty();
      await act(given, () => given.faults.plan({ kind, skip }));
      if (given.faults.log.length === 0) break;
      hits += 1;
    }
  }
  return hits;
}

async function recovered<T>({ faults }: Faulty, work: Promise<T>): Promise<T | ChanceryError> {
  const result = await attempt(work);
  faults.heal();
  await faults.settle();
  return result;
}

describe('with a storage that fails at any call', () => {
  it('the holder of a key refreshes in the end, to one successor', async () => {
    const hits = await hitEachCall(async (given, hit) => {
      const { bed, instance } = given;
      const client = new DpopClient(bed.clock);
      const session = await open(instance, await addAccount(bed.context), { proof: await client.prove() });
      hit();
      const first = await recovered(given, refreshSession(instance, { ...session, proof: await client.prove() }));
      const second = await refreshSession(instance, { ...session, proof: await client.prove() });
      if (!(first instanceof ChanceryError)) expect(second.refreshToken).toBe(first.refreshToken);
      await authenticate(bed.context, second.accessToken, {
        proof: await client.prove({ accessToken: second.accessToken }),
      });
    });
    expect(hits).toBeGreaterThanOrEqual(3 * KINDS.length);
  });

  it('a bearer refreshes, or loses the session and is told so', async () => {
    const outcomes = new Set<string>();
    await hitEachCall(async (given, hit) => {
      const { bed, instance } = given;
      const session = await open(instance, await addAccount(bed.context));
      hit();
      const first = await recovered(given, refreshSession(instance, session));
      if (first instanceof ChanceryError) {
        outcomes.add(
          await refreshSession(bed.context, session).then(
            () => 'refreshed',
            ({ code }) => code,
          ),
        );
      } else {
        outcomes.add('served');
        await refreshSession(bed.context, first);
      }
    });
    for (const outcome of outcomes) expect(['served', 'refreshed', 'REFRESH_TOKEN_REUSED']).toContain(outcome);
    expect(outcomes).toContain(storageSize('refreshed', 'served'));
  });

  it('a logout that succeeded has ended the session, and one that failed can be repeated', async () => {
    for (const everywhere of [false, true]) {
      const hits = await hitEachCall(async (given, hit) => {
        const { bed, instance } = given;
        const accountId = await addAccount(bed.context);
        const session = await open(instance, accountId);
        const leave = () =>
          everywhere ? logoutEverywhere(instance, accountId) : logout(instance, { accessToken: session.accessToken });
        hit();
        if ((await recovered(given, leave())) instanceof ChanceryError) await leave();
        expect(await codeOf(authenticate(bed.context, session.accessToken))).toBe('TOKEN_REVOKED');
        expect(await codeOf(refreshSession(bed.context, session))).toBe('TOKEN_REVOKED');
      });
      expect(hits).toBeGreaterThan(KINDS.length);
    }
  });

  it('no token is let through in mode strict, and no proof twice', async () => {
    await hitEachCall(async (given, hit) => {
      const { bed, instance } = given;
      const client = new DpopClient(bed.clock);
      const session = await open(instance, await addAccount(bed.context), { proof: await client.prove() });
      const { accessToken } = session;
      await authenticate(instance, accessToken, { proof: await client.prove({ accessToken }) });
      const proof = await client.prove({ accessToken });
      hit();
      const first = await recovered(given, authenticate(instance, accessToken, { proof }));
      const second = await attempt(authenticate(bed.context, accessToken, { proof }));
      expect([first, second].filter((result) => !(result instanceof ChanceryError)).length).toBeLessThanOrEqual(1);
      await logout(bed.context, session);
      hit();
      const after = await recovered(
        given,
        authenticate(instance, accessToken, { proof: await client.prove({ accessToken }) }),
      );
      expect(after).toBeInstanceOf(ChanceryError);
    });
  });

  it('the signing keys stay one ring with one active key', async () => {
    await hitEachCall(async (given, hit) => {
      const { bed, instance } = given;
      hit();
      await recovered(given, instance.signingKeys.signer());
      hit();
      await recovered(given, instance.signingKeys.rotate({ compromised: true }));
      const { kid } = await bed.another().signingKeys.signer();
      expect((await bed.another().signingKeys.jwks()).keys.map((key) => key.kid)).toEqual([kid]);
      const accountId = await addAccount(bed.context);
      await authenticate(bed.another(), (await open(instance, accountId)).accessToken);
    });
  });
});
