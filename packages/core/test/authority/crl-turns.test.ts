import { describe, expect, it } from 'vitest';
import type { CertificateAuthority, StorageBackend } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCrl } from '../../src/x509/crl/crl.ts';
import { createTestAuthority, DAY } from '../support/test-authority.ts';
import { publicKeyPem, testKey } from '../support/test-keys.ts';
import { createTestStorage, overriding, recordCommits } from '../support/test-storage.ts';

const request = { subjectAltNames: ['a.example'] };
const LEASE = 60_000;
/** So often an instance asks for the turn before it signs without. */
const PATIENCE = 12;

/** Several instances, how many CRLs they have stored, and how many of them have been refused the turn too often to wait on. */
async function instances(count: number) {
  const clock = new VirtualClock();
  const stored = createTestStorage(clock);
  const refusals = new Map<StorageBackend, number>();
  const recorded = Array.from({ length: count }, () => {
    const backend = stored.another();
    const claim: StorageBackend['claim'] = async (request) => {
      const claimed = await backend.claim(request);
      if (claimed.length === 0) refusals.set(backend, (refusals.get(backend) ?? 0) + 1);
      return claimed;
    };
    return recordCommits(overriding(backend, { claim }));
  });
  const { authority, another } = await createTestAuthority({ clock, storage: stored.storage });
  const signed = () =>
    recorded
      .flatMap(({ commits }) => commits)
      .filter((writes) => writes.some(({ collection }) => collection === 'store_blobs')).length;
  const impatient = () => [...refusals.values()].filter((times) => times >= PATIENCE).length;
  return { authority, signed, impatient, refusals, all: recorded.map(({ storage }) => another({ storage })) };
}

async function revokeOne(authority: CertificateAuthority): Promise<string> {
  const { serialNumber } = await authority.issue({ ...request, publicKey: publicKeyPem(await testKey()) });
  await authority.revoke(serialNumber);
  return serialNumber;
}

/** An instance whose process dies when it is about to store what it has signed. */
function dying(backend: StorageBackend): { readonly storage: StorageBackend; readonly died: Promise<void> } {
  let die: () => void;
  const died = new Promise<void>((resolve) => {
    die = resolve;
  });
  const storage = overriding(backend, {
    commit: (writes) => {
      if (!writes.some(({ collection }) => collection === 'store_blobs')) return backend.commit(writes);
      die();
      return new Promise(() => undefined);
    },
  });
  return { storage, died };
}

describe('the turn to sign', () => {
  it('is had by one instance at a time: ten that are asked at once sign once, and all serve that', async () => {
    const { authority, all, signed, impatient, refusals } = await instances(10);
    await authority.crl();
    for (const delta of [false, true]) {
      if (delta) await authority.crl({ delta });
      const before = signed();
      const serialNumber = await revokeOne(authority);
      refusals.clear();
      const crls = await Promise.all([...all, ...all].map((one) => one.crl({ delta })));
      expect(new Set(crls.map(({ number }) => number)).size).toBe(1);
      expect(parseCrl(crls[0]?.der as Uint8Array).find(serialNumber)).toBeDefined();
      // Waiting for the one who signs has an end, which a database on a loaded machine may reach.
      expect(signed() - before).toBeLessThanOrEqual(1 + impatient());
    }
  });

  it('is shared within an instance: a hundred callers at once make it look twice', async () => {
    const clock = new VirtualClock();
    const stored = createTestStorage(clock);
    let looks = 0;
    const storage = overriding(stored.another(), {
      count: (query) => {
        looks += 1;
        return stored.storage.count(query);
      },
    });
    const { authority, another } = await createTestAuthority({ clock, storage: stored.storage });
    const instance = another({ storage });
    await authority.crl();
    const serialNumber = await revokeOne(authority);
    const crls = await Promise.all(Array.from({ length: 100 }, () => instance.crl()));
    expect(new Set(crls.map(({ pem }) => pem)).size).toBe(1);
    expect(parseCrl(crls[0]?.der as Uint8Array).find(serialNumber)).toBeDefined();
    expect(looks).toBe(2);
  });

  it('shows a revocation to whoever asks after it, though a run for someone else is under way', async () => {
    const clock = new VirtualClock();
    const stored = createTestStorage(clock);
    let pause: Promise<void> | undefined;
    let reached: (() => void) | undefined;
    const storage = overriding(stored.another(), {
      commit: async (writes) => {
        const isCrl = writes.some(({ collection }) => collection === 'authority_crls');
        if (isCrl && pause !== undefined) {
          reached?.();
          await pause;
        }
        return stored.storage.commit(writes);
      },
    });
    const { authority, another } = await createTestAuthority({ clock, storage: stored.storage });
    const instance = another({ storage });
    await revokeOne(authority);
    let resume: () => void = () => undefined;
    pause = new Promise((resolve) => {
      resume = resolve;
    });
    const isReached = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const first = instance.crl();
    await isReached;
    const serialNumber = await revokeOne(authority);
    const second = instance.crl();
    pause = undefined;
    resume();
    expect(parseCrl((await first).der).find(serialNumber)).toBeUndefined();
    expect(parseCrl((await second).der).find(serialNumber)).toBeDefined();
  });

  it('of an instance that died is not waited for long, and what it had under way is lost without harm', async () => {
    const clock = new VirtualClock();
    const stored = createTestStorage(clock);
    const { authority, another } = await createTestAuthority({ clock, storage: stored.storage });
    await authority.crl();
    const serialNumber = await revokeOne(authority);
    const { storage, died } = dying(stored.another());
    void another({ storage }).crl();
    await died;
    const crl = await authority.crl();
    expect(parseCrl(crl.der).find(serialNumber)).toBeDefined();
    expect(await another({ storage: stored.another() }).crl()).toEqual(crl);
  });

  it('that is waited for in vain leaves no stale CRL: what its holder stores meanwhile is shown', async () => {
    const clock = new VirtualClock();
    const stored = createTestStorage(clock);
    const { authority, another } = await createTestAuthority({ clock, storage: stored.storage });
    await authority.crl();
    const serialNumber = await revokeOne(authority);
    let arrive: () => void = () => undefined;
    let resume: () => void = () => undefined;
    const isReached = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const pause = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const slow = overriding(stored.another(), {
      commit: async (writes) => {
        if (writes.some(({ collection }) => collection === 'store_blobs')) {
          arrive();
          await pause;
        }
        return stored.storage.commit(writes);
      },
    });
    const signing = another({ storage: slow }).crl();
    await isReached;
    // Between its last look at the CRL and its reading of the marks, the holder stores the next CRL and settles them.
    const impatient = overriding(stored.another(), {
      query: async (query) => {
        if (query.collection === 'authority_crl_changes') {
          resume();
          await signing;
        }
        return stored.storage.query(query);
      },
    });
    const crl = await another({ storage: impatient }).crl();
    expect(parseCrl(crl.der).find(serialNumber)).toBeDefined();
    expect(crl).toEqual(await signing);
  });

  it('to renew is not waited for: a CRL that shows everything is served while another instance signs the next', async () => {
    const clock = new VirtualClock();
    const stored = createTestStorage(clock);
    const { another } = await createTestAuthority({ clock, storage: stored.storage });
    const survivor = another({ storage: stored.another() });
    const first = await survivor.crl();
    clock.advance(5 * DAY);
    const { storage, died } = dying(stored.another());
    void another({ storage }).crl();
    await died;
    expect(await survivor.crl()).toEqual(first);
    clock.advance(LEASE);
    const second = await survivor.crl();
    expect(second.number).toBeGreaterThan(first.number);
  });

  it('holds up no revocation', async () => {
    const clock = new VirtualClock();
    const stored = createTestStorage(clock);
    const { authority, another } = await createTestAuthority({ clock, storage: stored.storage });
    await authority.crl();
    await revokeOne(authority);
    const { storage, died } = dying(stored.another());
    void another({ storage }).crl();
    await died;
    const serialNumber = await revokeOne(authority);
    expect((await authority.get(serialNumber)).status).toBe('revoked');
  });
});
