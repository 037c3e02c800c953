import { describe, expect, it } from 'vitest';
import { CertificateAuthority, EventLog, type IssuedCertificate, LocalKeyring, StorageError } from '../../src/index.ts';
import { type FaultInjector, faultInjector } from '../../src/testing/fault-injector.ts';
import type { FaultKind } from '../../src/testing/fault-plan.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCrl } from '../../src/x509/crl/crl.ts';
import { expectAgreement, settled } from '../support/settled.ts';
import { createTestAuthority, PASSPHRASE, sharedRoot } from '../support/test-authority.ts';
import { createTestStorage, storageSize } from '../support/test-storage.ts';

const KINDS: readonly FaultKind[] = ['refuse', 'loseRequest', 'loseAnswer', 'landLate', 'delay'];
const request = { subjectAltNames: ['a.example'] };

/** From one call that is hit to the next: every call on memory; elsewhere each needs a storage of its own, so every fourth. */
const STRIDE = storageSize(1, 4);

interface Scene {
  readonly authority: CertificateAuthority;
  readonly faults: FaultInjector;
  /** An instance that no fault meets. */
  readonly judge: CertificateAuthority;
  readonly events: EventLog;
}

async function scene(seedOfFaults: number): Promise<Scene> {
  const clock = new VirtualClock();
  const stored = createTestStorage(clock);
  const { authority: judge, events, keyring } = await createTestAuthority({ clock, storage: stored.another() });
  const faults = faultInjector(stored.storage, { seed: seedOfFaults });
  const log = new EventLog({ storage: faults, clock });
  const authority = new CertificateAuthority({ storage: faults, keyring, clock, events: log });
  return { authority, faults, judge, events };
}

describe.each(KINDS)('a storage whose calls meet %s, one after the other', (kind) => {
  it.each(storageSize([1, 2, Number.POSITIVE_INFINITY], [2]))(
    '%d at a time, never makes ledger and outbox disagree',
    { timeout: 120_000 },
    async (times) => {
      const operations: readonly ((authority: CertificateAuthority, serial: string) => Promise<unknown>)[] = [
        (authority) => authority.issue(request),
        (authority, serial) => authority.revoke(serial),
        (authority) => authority.crl(),
      ];
      for (const [which, operation] of operations.entries()) {
        // Call by call from the first, the opening of the collections, until none is left to be hit.
        for (let skip = 0; ; skip += STRIDE) {
          const made = await scene(skip);
          const { authority, faults, judge } = made;
          const before = await judge.issue(request);
          faults.plan({ kind, skip, times });
          const { value, error } = await settled(operation(authority, before.serialNumber));
          const hits = faults.log.length;
          faults.heal();
          await faults.settle();
          const issued = which === 0 && value !== undefined ? [before, value as IssuedCertificate] : [before];
          const size = await expectAgreement(made.judge, made.events, issued);
          if (error instanceof StorageError && error.outcome === 'none' && error.code !== 'STORAGE_OUTCOME_UNKNOWN') {
            expect(size).toBe(1);
            expect((await judge.get(before.serialNumber)).status).toBe('valid');
          }
          if (which === 1 && value !== undefined) expect((await judge.get(before.serialNumber)).status).toBe('revoked');
          // The instance recovers, and the CRL shows what the ledger says.
          const { status } = await authority.get(before.serialNumber);
          expect(parseCrl((await authority.crl()).der).size).toBe(status === 'revoked' ? 1 : 0);
          await expect(authority.issue(request)).resolves.toBeDefined();
          if (hits === 0) break;
          expect(skip).toBeLessThan(40);
        }
      }
    },
  );
});

describe.each(KINDS)('installing over a storage whose calls meet %s', (kind) => {
  it('ends with the intermediate in or out, and never in between', { timeout: 120_000 }, async () => {
    const root = await sharedRoot();
    for (let skip = 0; ; skip += STRIDE) {
      const { authority, faults, judge } = await scene(skip);
      const asked = await judge.requestIntermediate({ subject: 'CN=Second CA' });
      const { certificatePem } = await root.signIntermediate(asked.csrPem);
      faults.plan({ kind, skip, times: 2 });
      const options = { certificatePem, trustAnchorsPem: root.certificatePem };
      const { value, error } = await settled(authority.installIntermediate(asked.id, options));
      const hits = faults.log.length;
      faults.heal();
      await faults.settle();
      const state = (await judge.intermediates()).find(({ id }) => id === asked.id)?.state;
      if (value !== undefined) expect(state).toBe('active');
      if (error instanceof StorageError && error.outcome === 'none') expect(state).toBe('requested');
      expect((await judge.issue(request)).intermediateId === asked.id).toBe(state === 'active');
      await root.crl().then(({ crl }) => authority.installRootCrl(crl.der));
      if (hits === 0) break;
      expect(skip).toBeLessThan(40);
    }
  });
});

describe('bootstrapping over a storage that fails', () => {
  it.each(['refuse', 'loseRequest', 'loseAnswer'] as const)(
    'by %s, at any commit, can be repeated or has succeeded',
    { timeout: 120_000 },
    async (kind) => {
      for (let skip = 0; ; skip += STRIDE) {
        const clock = new VirtualClock();
        const stored = createTestStorage(clock);
        const faults = faultInjector(stored.storage, { seed: skip });
        const keyring = LocalKeyring.generate();
        const authority = new CertificateAuthority({ storage: faults, keyring, clock });
        const judge = new CertificateAuthority({ storage: stored.another(), keyring, clock });
        const options = { organization: 'Example', passphrase: PASSPHRASE, saveRoot: async () => undefined };
        // An answer that stays lost is asked for again and again, with growing delays: twice is enough to show it.
        faults.plan({ method: 'commit', kind, skip, times: kind === 'refuse' ? Number.POSITIVE_INFINITY : 2 });
        const { value } = await settled(authority.bootstrap(options));
        const hits = faults.log.length;
        faults.heal();
        if (value === undefined) {
          // What could not be cleared away lapses.
          clock.advance(600_000);
          const again = await settled(judge.bootstrap(options));
          if (again.error !== undefined) expect(again.error.code).toBe('AUTHORITY_EXISTS');
        }
        await expect(judge.issue(request)).resolves.toBeDefined();
        expect((await judge.intermediates()).filter(({ state }) => state === 'active')).toHaveLength(1);
        if (hits === 0) break;
        expect(skip).toBeLessThan(10);
      }
    },
  );
});
