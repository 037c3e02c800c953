import { beforeEach, describe, expect, it } from 'vitest';
import type { AcmeIssuer, CertificateRequest } from '../../src/index.ts';
import { faultInjector } from '../../src/testing/fault-injector.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { mortal } from '../support/mortal.ts';
import { ScriptedAcme } from '../support/scripted-acme.ts';
import { settled } from '../support/settled.ts';
import { seed, soakSize } from '../support/soak.ts';
import { createTestIssuer, requestFor } from '../support/test-issuer.ts';
import { createTestStorage, storageSize } from '../support/test-storage.ts';

const LEASE_MS = 120_000;
const NAMES = ['a.example', 'b.example'];

let clock: VirtualClock;
let server: ScriptedAcme;

beforeEach(() => {
  clock = new VirtualClock();
  server = new ScriptedAcme(clock);
  server.listsOrders = true;
});

/** Asks until there is a chain or an error. */
async function ask(issuer: AcmeIssuer, request: CertificateRequest): Promise<string> {
  for (let asked = 0; asked < 60; asked++) {
    const result = await issuer.requestCertificate(request);
    if ('chainPem' in result) return result.chainPem;
    clock.advance(Math.max(result.retryAt.getTime() - clock.now(), 0));
  }
  throw new Error('it never ends');
}

describe('an instance that dies', () => {
  it.each(['lists the orders of an account', 'gives an open order again for the same names'])(
    'after any exchange leaves one account and one order, which another finishes, where the server %s',
    async (kind) => {
      const request = await requestFor(NAMES, { validity: { days: 30 } });
      const step = storageSize(1, kind.startsWith('lists') ? 3 : 5);
      let after = 0;
      for (let reached = true; reached; after += step) {
        server = new ScriptedAcme(clock);
        server.listsOrders = kind.startsWith('lists');
        server.reusesOrders = !server.listsOrders;
        const made = createTestIssuer({ clock, fetch: server.fetch, waitMs: 0 });
        server.responder = made.another().http01Responder();
        const life = mortal({ fetch: server.fetch, storage: made.storage, after });
        await ask(made.another(life), request).catch(() => undefined);
        reached = life.isDead;
        clock.advance(LEASE_MS);
        const chainPem = await ask(made.another(), request);
        expect([after, server.orders.length, server.accounts.length]).toEqual([after, 1, 1]);
        expect(server.orders[0]?.chain).toBe(chainPem);
        expect(server.count(/^\/finalize/)).toBeLessThanOrEqual(2);
      }
      // directory, nonce, account, order, 2 authorizations, 2 challenges, orders once more and finalize and certificate at least.
      expect(after).toBeGreaterThan(11);
    },
  );
});

describe('a storage that fails', () => {
  const runs = soakSize(storageSize(20, 3), 2_000);
  const first = seed(8_555);

  it(`costs neither an order nor a certificate, seeds ${first} to ${first + runs - 1}`, {
    timeout: soakSize(120_000, 86_400_000),
  }, async () => {
    const request = await requestFor(NAMES);
    for (let run = first; run < first + runs; run++) {
      server = new ScriptedAcme(clock);
      server.listsOrders = true;
      const stored = createTestStorage(clock);
      const made = createTestIssuer({ clock, fetch: server.fetch, waitMs: 0, storage: stored.storage });
      server.responder = made.another().http01Responder();
      const injector = faultInjector(stored.another(), { seed: run, rate: 0.1 });
      const faulty = made.another({ storage: injector });
      for (let asked = 0; asked < 12; asked++) {
        const { value } = await settled(faulty.requestCertificate(request));
        clock.advance(LEASE_MS);
        if (value !== undefined && 'chainPem' in value) break;
      }
      injector.heal();
      await injector.settle();
      clock.advance(LEASE_MS);
      const chainPem = await ask(made.another(), request);
      expect([run, server.orders.length, server.accounts.length]).toEqual([run, 1, 1]);
      expect([run, server.orders[0]?.chain]).toEqual([run, chainPem]);
    }
  });
});
