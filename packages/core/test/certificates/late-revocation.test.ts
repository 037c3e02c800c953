import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CertificateManager, PolicyError, StorageError } from '../../src/index.ts';
import { rejection } from '../support/expect-error.ts';
import { work } from '../support/expect-forgotten.ts';
import { expectNoneValid } from '../support/expect-revoked.ts';
import type { ScriptedIssuer } from '../support/scripted-issuer.ts';
import { settled } from '../support/settled.ts';
import { createTestAuthority } from '../support/test-authority.ts';
import { createFaultyCertificates, createTestCertificates, DAY } from '../support/test-certificates.ts';
import { afterQueries, storageSize } from '../support/test-storage.ts';

const subjectAltNames = ['a.example', 'b.example'];
const down = () => new StorageError('STORAGE_UNAVAILABLE', 'down');
/** How long what is given may be valid, in days, and what says so. */
const LIVES: readonly (readonly [string, number, { lifetimeDays?: number; validity?: { days: number } }])[] = [
  ['what a public CA gives', 398, {}],
  ['what is in force', 500, { lifetimeDays: 500 }],
  ['what was asked for', 700, { validity: { days: 700 } }],
];

describe('a revocation during a renewal', () => {
  it.each([true, false])('revokes what the issuer gives afterwards, too (a new key: %s)', async (rekey) => {
    const made = createTestCertificates();
    const { certificates, another, issuer, told } = made;
    const { id } = await certificates.create({ subjectAltNames });
    issuer.next(async (_request, usual) => {
      await another().revoke(id, { reason: 'keyCompromise' });
      return usual();
    });
    expect(await certificates.renew(id, { rekey })).toMatchObject({ state: 'revoked', generation: 1 });
    await expectNoneValid(made, 2);
    expect([...issuer.revoked.values()]).toEqual(['keyCompromise', 'keyCompromise']);
    for (const chainPem of issuer.issued.values()) {
      const der = new Uint8Array(new X509Certificate(chainPem).raw);
      expect(await another().certificateStatus().identify(der)).toEqual({ certificateId: id, status: 'revoked' });
    }
    expect(await told(id)).toEqual(['created', 'issued', 'revoked']);
  });

  it('revokes what the real authority gave to an instance that died with it', async () => {
    const { authority, clock, keyring, storage } = await createTestAuthority();
    const dying = {
      requestCertificate: async (request: Parameters<typeof authority.requestCertificate>[0]) => {
        await authority.requestCertificate(request);
        throw down();
      },
    };
    const settings = { storage, keyring, clock };
    const certificates = new CertificateManager({ ...settings, issuers: { test: authority } });
    const { id } = await certificates.create({ subjectAltNames });
    await rejection(new CertificateManager({ ...settings, issuers: { test: dying } }).renew(id));
    await certificates.revoke(id);
    const records = (await authority.list({ limit: 10 })).items;
    expect(records.map(({ status }) => status)).toEqual(['revoked', 'revoked']);
  });

  it('waits for an issuer that is still at work, and lets a scheduler ask again when it says', async () => {
    const made = createTestCertificates();
    const { certificates, another, issuer, clock } = made;
    const { id } = await certificates.create({ subjectAltNames });
    const busy = async () => ({ pending: true as const, retryAt: new Date(clock.now() + DAY / 2) });
    issuer.next(() => Promise.reject(down()));
    await rejection(certificates.renew(id));
    issuer.next(busy, busy);
    expect(await certificates.revoke(id)).toMatchObject({ status: 'revoked', renewing: false });
    expect(issuer.revoked.size).toBe(1);
    clock.advance(120_000);
    const [job] = await another().claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
    const retryAt = clock.now() + DAY / 2;
    expect(await another().renew(job!)).toEqual({ outcome: 'pending', retryAt });
    expect(await certificates.nextDueAt()).toBe(retryAt);
    clock.set(retryAt);
    await work(made);
    await expectNoneValid(made, 2);
  });

  it('first revokes what is there, and then asks; an issuer that fails is asked again', async () => {
    const made = createTestCertificates();
    const { certificates, issuer } = made;
    const { id } = await certificates.create({ subjectAltNames });
    await certificates.renew(id, { wait: false });
    const failure = down();
    issuer.next(() => {
      expect(issuer.revoked.size).toBe(1);
      throw failure;
    });
    expect(await rejection(certificates.revoke(id))).toBe(failure);
    expect((await certificates.get(id)).status).toBe('revoked');
    await work(made);
    await expectNoneValid(made, 2);
  });

  it('goes on where an answer arrives after all was settled', async () => {
    const made = createTestCertificates();
    const { certificates, another, issuer } = made;
    const { id } = await certificates.create({ subjectAltNames });
    issuer.next(async (_request, usual) => {
      // This issuer refuses to the one what it gives to the other.
      issuer.next(() => Promise.reject(new PolicyError([])));
      await another().revoke(id);
      expect(await certificates.nextDueAt()).toBeUndefined();
      return usual();
    });
    await certificates.renew(id);
    expect(issuer.revoked.size).toBe(1);
    await work(made);
    await expectNoneValid(made, 2);
  });

  it('goes on where an answer arrives while it is being settled', async () => {
    let walks = 0;
    let arrive = async () => undefined as void;
    const made = createTestCertificates({
      wrap: (storage) =>
        afterQueries(storage, async ({ collection }) => {
          if (collection === 'certificate_generations' && ++walks === 3) await arrive();
        }),
    });
    const { certificates, another, issuer } = made;
    const { id } = await another().create({ subjectAltNames });
    const renewal = underWay(another(), issuer, id, 'in another instance');
    await renewal.begun;
    arrive = renewal.end;
    issuer.next(() => Promise.reject(new PolicyError([])));
    await certificates.revoke(id);
    expect(walks).toBeGreaterThan(3);
    await expectNoneValid(made, 2);
  });

  it('reaches what was given for a request that a later one had replaced', async () => {
    const made = createTestCertificates();
    const { certificates, another, issuer } = made;
    const { id } = await certificates.create({ subjectAltNames });
    issuer.next(async (_request, usual) => {
      await another().removeName(id, 'b.example');
      await usual();
      throw down();
    });
    await rejection(certificates.renew(id));
    expect(await certificates.get(id)).toMatchObject({ generation: 2, subjectAltNames: ['a.example'] });
    expect(issuer.issued.size).toBe(3);
    await certificates.revoke(id);
    expect(issuer.revoked.size).toBe(3);
    expect(await certificates.nextDueAt()).toBeUndefined();
  });

  it('knows at once what arrives for a request that a later one has replaced', async () => {
    const { certificates, another, issuer } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    issuer.next(async (_request, usual) => {
      await another().removeName(id, 'b.example');
      return usual();
    });
    expect(await certificates.renew(id)).toMatchObject({ generation: 2, subjectAltNames: ['a.example'] });
    for (const chainPem of issuer.issued.values()) {
      const der = new Uint8Array(new X509Certificate(chainPem).raw);
      expect(await certificates.certificateStatus().identify(der)).toEqual({ certificateId: id, status: 'good' });
    }
    const asked = issuer.requests.length;
    await certificates.revoke(id);
    expect(issuer.requests).toHaveLength(asked);
    expect(issuer.revoked.size).toBe(3);
  });

  it('is not undone by the next generation of what was given up', async () => {
    const { certificates, another, issuer, clock } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    await certificates.renew(id, { wait: false });
    await certificates.removeName(id, 'b.example');
    // No issuer remembers a request for longer than a month.
    clock.advance(31 * DAY);
    await another().revoke(id);
    expect([issuer.issued.size, issuer.revoked.size]).toEqual([2, 2]);
  });

  it.each(storageSize(LIVES, LIVES.slice(0, 1)))(
    'asks an issuer that is at work for ever for as long as %s could be valid',
    async (_what, days, given) => {
      const { lifetimeDays = 90, validity } = given;
      const { certificates, another, issuer, clock } = createTestCertificates({ lifetimeDays });
      const { id } = await certificates.create({ subjectAltNames });
      if (validity !== undefined) await certificates.update(id, { validity });
      await certificates.renew(id, { wait: false });
      issuer.requestCertificate = async () => ({ pending: true, retryAt: new Date(clock.now() + 9_999 * DAY) });
      const at = clock.now();
      await certificates.revoke(id);
      const claim = async () => {
        const [job] = await another().claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
        return another().renew(job!);
      };
      clock.set(at + days * DAY - 1);
      expect(await claim()).toMatchObject({ outcome: 'pending' });
      expect((await certificates.unsettledRevocations({ limit: 10 })).items).toEqual([
        { certificateId: id, issuer: 'test', reason: 'unspecified', revokedAt: new Date(at) },
      ]);
      clock.advance(DAY);
      expect(await claim()).toEqual({ outcome: 'skipped' });
      expect((await certificates.unsettledRevocations({ limit: 10 })).items).toEqual([]);
      expect(await certificates.nextDueAt()).toBeUndefined();
    },
  );

  it('asks for what was replaced before for as long as for what was under way', async () => {
    const made = createTestCertificates();
    const { certificates, issuer, clock } = made;
    const { id } = await certificates.create({ subjectAltNames });
    await certificates.renew(id, { wait: false });
    await certificates.removeName(id, 'b.example');
    clock.advance(29 * DAY);
    issuer.next(() => Promise.reject(down()));
    await rejection(certificates.revoke(id));
    clock.advance(2 * DAY);
    expect((await certificates.unsettledRevocations({ limit: 10 })).items).toHaveLength(1);
    await work(made);
    expect([issuer.issued.size, issuer.revoked.size]).toEqual([3, 3]);
    expect(await certificates.nextDueAt()).toBeUndefined();
  });

  it('keeps for as long as it is valid what arrives as it begins', async () => {
    let arrive = async () => undefined as void;
    const made = createTestCertificates({
      wrap: (storage) =>
        afterQueries(storage, async ({ collection }) => {
          if (collection === 'certificate_generations') await arrive();
        }),
    });
    const { certificates, another, issuer, clock } = made;
    const { id } = await another().create({ subjectAltNames });
    const sign = issuer.sign.bind(issuer);
    issuer.sign = (request) => sign(request, { notAfter: clock.now() + 500 * DAY });
    const renewal = underWay(another(), issuer, id, 'in another instance');
    await renewal.begun;
    issuer.sign = sign;
    await another().removeName(id, 'b.example');
    arrive = async () => {
      arrive = async () => undefined;
      await renewal.end();
    };
    issuer.onRevoke = () => {
      throw down();
    };
    await rejection(certificates.revoke(id));
    issuer.onRevoke = () => undefined;
    clock.advance(450 * DAY);
    await work(made);
    expect(issuer.revoked.size).toBe(1);
    expect(await certificates.nextDueAt()).toBeUndefined();
  });

  it('keeps no key of what it gave up', async () => {
    const { certificates, issuer, another } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames });
    await certificates.renew(id, { wait: false });
    issuer.next(() => Promise.reject(down()));
    await rejection(certificates.revoke(id));
    const judge = another();
    await judge.list({ limit: 1 });
    const keys = await judge.storage.query({ collection: 'certificate_keys', index: 'byAge', limit: 10 });
    expect(keys.documents).toHaveLength(1);
  });
});

type Stage = 'never asked' | 'given and not written down' | 'in another instance';

/** A certificate whose renewal is under way, and an instance that is about to revoke it. */
async function scene(stage: Stage) {
  const made = createFaultyCertificates();
  const { successor } = made;
  const { id } = await successor.create({ subjectAltNames });
  if (stage === 'never asked') await successor.renew(id, { wait: false });
  const renewing = stage === 'never asked' ? undefined : underWay(successor, made.issuer, id, stage);
  await renewing?.begun;
  return { ...made, id, renewing };
}

/** A renewal that has reached the issuer; `end` lets it take its course. */
function underWay(instance: CertificateManager, issuer: ScriptedIssuer, id: string, stage: Stage) {
  let begin = () => undefined as void;
  let finish = () => undefined as void;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  issuer.next(async (_request, usual) => {
    const answer = await usual();
    begin();
    await finished;
    if (stage === 'given and not written down') throw down();
    return answer;
  });
  const renewal = settled(instance.renew(id));
  const end = async () => {
    finish();
    await renewal;
  };
  return { begun, end };
}

const STAGES: readonly Stage[] = storageSize(
  ['never asked', 'given and not written down', 'in another instance'],
  ['in another instance'],
);
const STRIDE = storageSize(1, 25);

describe.each(STAGES)('a revocation during a renewal (%s)', (stage) => {
  it.each(storageSize(['refuse', 'loseAnswer'] as const, ['loseAnswer'] as const))(
    'by a process that dies at any storage call (%s) leaves nothing valid',
    { timeout: 120_000 },
    async (kind) => {
      let crashes = 0;
      for (let skip = 0; ; skip += STRIDE) {
        const made = await scene(stage);
        const { faults, certificates, successor, id, renewing, issuer } = made;
        faults.plan({ kind, skip, times: 1 });
        faults.plan({ kind: 'refuse', skip, times: Number.POSITIVE_INFINITY });
        await settled(certificates.revoke(id));
        const hits = faults.log.length;
        if (hits > 0) crashes += 1;
        await renewing?.end();
        const { state } = await successor.get(id);
        await work(made);
        if (state === 'revoked') await expectNoneValid({ ...made, certificates: successor }, 2);
        else expect(issuer.revoked.size).toBe(0);
        if (hits === 0) break;
      }
      expect(crashes).toBeGreaterThan(storageSize(6, 0));
    },
  );

  it.each(storageSize(['asks', 'revokes'] as const, ['asks'] as const))(
    'by a process that dies when it %s leaves nothing valid',
    async (when) => {
      for (const after of storageSize([0, 1], [1])) {
        const made = await scene(stage);
        const { faults, certificates, successor, id, renewing, issuer } = made;
        let calls = 0;
        const die = () => {
          faults.plan({ kind: 'refuse', times: Number.POSITIVE_INFINITY });
          throw down();
        };
        if (when === 'asks') {
          issuer.next(async (_request, usual) => {
            if (after === 1) await usual();
            return die();
          });
        } else {
          issuer.onRevoke = () => {
            if (calls++ === after) die();
          };
        }
        await settled(certificates.revoke(id));
        issuer.onRevoke = () => undefined;
        await renewing?.end();
        await work(made);
        await expectNoneValid({ ...made, certificates: successor }, 2);
      }
    },
  );
});
