import { expect, it } from 'vitest';
import { logout } from '../../../src/accounts/sessions/logout.ts';
import { refreshSession } from '../../../src/accounts/sessions/refresh-session.ts';
import { ChanceryError } from '../../../src/errors/chancery-error.ts';
import { faultInjector } from '../../../src/testing/fault-injector.ts';
import type { FaultKind } from '../../../src/testing/fault-plan.ts';
import { SeededRandom } from '../../../src/testing/random.ts';
import { seed, soakSize } from '../../support/soak.ts';
import { storageSize } from '../../support/test-storage.ts';
import { attempt } from '../support/attempt.ts';
import { DpopClient } from '../support/dpop-client.ts';
import { addAccount, createSessionBed, open } from '../support/session-bed.ts';

const KINDS: readonly FaultKind[] = ['refuse', 'loseRequest', 'loseAnswer', 'landLate'];
const sleep = async () => undefined;

it('sessions hold what they promise through random faults', async () => {
  const runSeed = seed(20_261_122);
  const random = new SeededRandom(runSeed);
  const bed = createSessionBed({ sleep });
  const faults = faultInjector(bed.storage, {
    seed: runSeed,
    rate: 0.15,
    methods: ['get', 'commit'],
    kinds: KINDS,
  });
  const instances = [bed.another({ storage: faults }), bed.another({ storage: faults })];
  const client = new DpopClient(bed.clock);
  const accountId = await addAccount(bed.context);
  let session: Awaited<ReturnType<typeof open>> | undefined;
  let served = 0;
  for (let step = 0; step < soakSize(storageSize(300, 60), 20_000); step++) {
    const instance = random.pick(instances);
    bed.clock.advance(random.integer(0, 2_000));
    if (session === undefined) {
      const opened = await attempt(open(instance, accountId, { proof: await client.prove() }));
      if (!(opened instanceof ChanceryError)) session = opened;
    } else if (random.chance(0.1)) {
      const left = await attempt(logout(instance, { accessToken: session.accessToken }));
      if (left instanceof ChanceryError) continue;
      const refused = await attempt(refreshSession(bed.context, { ...session, proof: await client.prove() }));
      expect(refused, `seed ${runSeed}, step ${step}`).toMatchObject({ code: 'TOKEN_REVOKED' });
      session = undefined;
    } else {
      const next = await attempt(refreshSession(instance, { ...session, proof: await client.prove() }));
      if (!(next instanceof ChanceryError)) {
        served += 1;
        session = next;
      } else if (['REFRESH_TOKEN_REUSED', 'TOKEN_REVOKED'].includes(next.code)) session = undefined;
      else expect(next.code, `seed ${runSeed}, step ${step}`).toMatch(/^STORAGE_|^COMMIT_CONFLICT$/);
    }
  }
  expect(served).toBeGreaterThan(storageSize(50, 10));
});
