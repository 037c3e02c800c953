import { describe, expect, it } from 'vitest';
import { CertificateAuthority, EventLog, type IssuedCertificate } from '../../src/index.ts';
import { faultInjector } from '../../src/testing/fault-injector.ts';
import { SeededRandom } from '../../src/testing/random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCrl } from '../../src/x509/crl/crl.ts';
import { expectAgreement, settled } from '../support/settled.ts';
import { seed, soakSize } from '../support/soak.ts';
import { addIntermediate, createTestAuthority } from '../support/test-authority.ts';
import { publicKeyPem, testKey } from '../support/test-keys.ts';
import { createTestStorage, storageSize } from '../support/test-storage.ts';

const request = { subjectAltNames: ['a.example'] };

describe('three instances under random faults', () => {
  const runs = soakSize(storageSize(12, 4), 2_000);
  const first = seed(20_261);

  it(`agree in the end, seeds ${first} to ${first + runs - 1}`, {
    timeout: soakSize(120_000, 86_400_000),
  }, async () => {
    const publicKey = publicKeyPem(await testKey());
    for (let run = first; run < first + runs; run++) {
      const clock = new VirtualClock();
      const stored = createTestStorage(clock);
      const made = await createTestAuthority({ clock, storage: stored.another() });
      const random = new SeededRandom(run);
      const injectors = [0, 1, 2].map((at) => faultInjector(stored.another(), { seed: run * 3 + at, rate: 0.15 }));
      const instances = injectors.map(
        (storage) =>
          new CertificateAuthority({ storage, keyring: made.keyring, clock, events: new EventLog({ storage, clock }) }),
      );
      const handedOut: IssuedCertificate[] = [];
      const revoked: string[] = [];
      await Promise.all(
        instances.map(async (instance) => {
          for (let step = 0; step < 12; step++) {
            const dice = random.integer(0, 9);
            if (dice < 5) {
              const { value } = await settled(instance.issue({ ...request, publicKey }));
              if (value !== undefined) handedOut.push(value);
            } else if (dice < 7 && handedOut.length > 0) {
              const { serialNumber } = random.pick(handedOut);
              const { value } = await settled(instance.revoke(serialNumber));
              if (value !== undefined) revoked.push(serialNumber);
            } else if (dice < 8) {
              await settled(addIntermediate(instance, made.root));
            } else {
              const [one] = (await settled(instance.intermediates())).value ?? [];
              if (one !== undefined) await settled(instance.crl({ intermediate: one.id }));
            }
          }
        }),
      );
      for (const faults of injectors) {
        faults.heal();
        await faults.settle();
      }
      try {
        await expectAgreement(made.authority, made.events, handedOut);
        const listed = new Set<string>();
        for (const { id, state } of await made.authority.intermediates()) {
          if (state === 'requested') continue;
          const crl = parseCrl((await made.authority.crl({ intermediate: id })).der);
          for (const { serialNumber } of crl.entries()) listed.add(serialNumber);
        }
        const onLedger = (await made.authority.list({ status: 'revoked', limit: 1000 })).items.map(
          ({ serialNumber }) => serialNumber,
        );
        expect(listed).toEqual(new Set(onLedger));
        for (const serial of revoked) expect(listed).toContain(serial);
      } catch (cause) {
        throw new Error(`Seed ${run}: repeat with CHANCERY_SEED=${run}`, { cause });
      }
    }
  });
});
