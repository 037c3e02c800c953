import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { PolicyError, StorageError } from '../../src/index.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { documentsOf, expectForgotten, HEAD_START, work } from '../support/expect-forgotten.ts';
import { foreignCertificate } from '../support/scripted-issuer.ts';
import { settled } from '../support/settled.ts';
import {
  createFaultyCertificates,
  createTestCertificates,
  DAY,
  type TestCertificates,
} from '../support/test-certificates.ts';
import { overriding, storageSize } from '../support/test-storage.ts';

const subjectAltNames = ['a.example', 'b.example'];
const down = () => new StorageError('STORAGE_UNAVAILABLE', 'down');

/** A certificate whose issuer could not be told that it is revoked. */
async function unsettledScene(made: TestCertificates) {
  const { another, issuer } = made;
  const { id } = await another().create({ name: 'web', subjectAltNames });
  issuer.onRevoke = () => {
    throw down();
  };
  await rejection(another().revoke(id, { reason: 'keyCompromise' }));
  issuer.onRevoke = () => undefined;
  expect(issuer.revoked.size).toBe(0);
  return id;
}

describe('a certificate that is deleted before its issuer knows that it is revoked', () => {
  it('goes at once, name, names and key; a scheduler has it revoked all the same', async () => {
    const made = createTestCertificates();
    const { certificates, issuer, told } = made;
    const id = await unsettledScene(made);
    await certificates.delete(id);
    expect(await codeOf(certificates.get(id))).toBe('CERTIFICATE_NOT_FOUND');
    expect((await certificates.list({ limit: 10 })).items).toEqual([]);
    expect(await documentsOf(made, id)).toEqual({ generations: 1, keys: 0 });
    const [der] = [...issuer.issued.values()].map((pem) => new Uint8Array(new X509Certificate(pem).raw));
    expect(await certificates.certificateStatus().identify(der!)).toBeUndefined();
    expect(await told(id)).toEqual(['created', 'issued', 'revoked', 'deleted']);
    await work(made);
    expect([...issuer.revoked.values()]).toEqual(['keyCompromise']);
    await expectForgotten(made, id, 1);
    await certificates.create({ name: 'web', subjectAltNames });
  });

  it('is told of to whoever looks after the revocations, the oldest first', async () => {
    const made = createTestCertificates();
    const { certificates, clock } = made;
    const at = clock.now();
    const id = await unsettledScene(made);
    clock.advance(1);
    const other = await certificates.create({ subjectAltNames: ['c.example'] });
    made.issuer.onRevoke = () => {
      throw down();
    };
    await rejection(certificates.revoke(other.id));
    await certificates.delete(id);
    const first = { certificateId: id, issuer: 'test', reason: 'keyCompromise', revokedAt: new Date(at) };
    const page = await certificates.unsettledRevocations({ limit: 1 });
    expect(page).toEqual({ items: [first], cursor: expect.any(String) });
    const next = await certificates.unsettledRevocations({ limit: 1, cursor: page.cursor as string });
    expect(next.items).toMatchObject([{ certificateId: other.id, reason: 'unspecified' }]);
    made.issuer.onRevoke = () => undefined;
    await work(made);
    expect(await certificates.unsettledRevocations({ limit: 10 })).toEqual({ items: [] });
    for (const options of [null, {}, { limit: 0 }, { limit: 1_001 }, { limit: 1, more: 1 }])
      expect(await codeOf(certificates.unsettledRevocations(options as never))).toBe('INVALID_ARGUMENT');
    const aborted = certificates.unsettledRevocations({ limit: 1, signal: AbortSignal.abort() });
    expect(await codeOf(aborted)).toBe('ABORTED');
  });

  it('has an answer revoked that arrives in another instance after the deletion', async () => {
    const made = createTestCertificates();
    const { certificates, another, issuer, told } = made;
    const { id } = await certificates.create({ subjectAltNames });
    issuer.next(async (_request, usual) => {
      issuer.next(() => Promise.reject(down()));
      await rejection(another().revoke(id));
      await another().delete(id);
      const answer = await usual();
      // From now on the issuer does not remember the request.
      issuer.next(() => Promise.reject(down()));
      return answer;
    });
    expect(await codeOf(certificates.renew(id))).toBe('CERTIFICATE_NOT_FOUND');
    expect(issuer.revoked.size).toBe(1);
    await work(made);
    await expectForgotten(made, id, 2);
    expect(await told(id)).toEqual(['created', 'issued', 'revoked', 'deleted']);
  });

  it('keeps of its generations those that can be revoked, however many there are, and no key', async () => {
    const made = createTestCertificates({ graceMs: 100 * DAY });
    const { certificates, issuer } = made;
    const { id } = await certificates.import({ ...(await foreignCertificate(subjectAltNames)), issuer: 'test' });
    for (let renewal = 0; renewal < storageSize(60, 3); renewal++) await certificates.renew(id);
    expect(await documentsOf(made, id)).toEqual({ generations: storageSize(61, 4), keys: storageSize(61, 4) });
    issuer.onRevoke = () => {
      throw down();
    };
    await rejection(certificates.revoke(id));
    await certificates.delete(id);
    expect(await documentsOf(made, id)).toEqual({ generations: storageSize(60, 3), keys: 0 });
    issuer.onRevoke = () => undefined;
    await work(made);
    expect(issuer.revoked.size).toBe(storageSize(60, 3));
    expect(await documentsOf(made, id)).toEqual({ generations: 0, keys: 0 });
    expect(await certificates.nextDueAt()).toBeUndefined();
  });

  it.each(storageSize(['commit', 'answer'] as const, ['commit'] as const))(
    'leaves nothing where it was deleted while its revocation was settled (before the %s)',
    async (moment) => {
      const made = createTestCertificates();
      const { certificates, another, issuer } = made;
      const { id } = await certificates.create({ subjectAltNames });
      let commits = 0;
      const late = another({
        storage: overriding(another().storage, {
          commit: async (writes) => {
            const settles = writes.some((write) => write.kind === 'delete' && write.collection === 'renewal_jobs');
            if (settles && moment === 'commit' && commits++ === 0) await another().delete(id);
            const result = await made.storage.commit(writes);
            if (settles && moment === 'answer' && commits++ === 0) await another().delete(id);
            return result;
          },
        }),
      });
      expect(await codeOf(late.revoke(id))).toBe('CERTIFICATE_NOT_FOUND');
      expect(commits).toBeGreaterThan(0);
      await expectForgotten(made, id, 1);
      expect(issuer.revoked.size).toBe(1);
    },
  );

  const LATE: readonly (readonly [string, () => Error])[] = [
    ['settled', () => new PolicyError([])],
    ['tried', down],
  ];
  it.each(storageSize(LATE, LATE.slice(0, 1)))(
    'goes on where an answer arrives after all was %s, at the moment of the deletion',
    async (_what, refusal) => {
      const made = createTestCertificates();
      const { certificates, another, issuer } = made;
      const { id } = await certificates.create({ subjectAltNames });
      let arrive = () => undefined as void;
      const arrived = new Promise<void>((resolve) => {
        arrive = resolve;
      });
      let begin = () => undefined as void;
      const begun = new Promise<void>((resolve) => {
        begin = resolve;
      });
      issuer.next(async (_request, usual) => {
        const answer = await usual();
        begin();
        await arrived;
        return answer;
      });
      const renewal = settled(another().renew(id));
      await begun;
      // This issuer refuses to the one what it gives to the other.
      issuer.next(() => Promise.reject(refusal()));
      await settled(certificates.revoke(id));
      let commits = 0;
      const deleting = another({
        storage: overriding(another().storage, {
          commit: async (writes) => {
            if (commits++ === 0) {
              arrive();
              await renewal;
            }
            return made.storage.commit(writes);
          },
        }),
      });
      await deleting.delete(id);
      expect(commits).toBeGreaterThan(1);
      await work(made);
      await expectForgotten(made, id, 2);
    },
  );
});

const KINDS = storageSize(['refuse', 'loseAnswer'] as const, ['loseAnswer'] as const);
const STRIDE = storageSize(1, 25);

/** Runs something again and again, by a process that dies one storage call later each time. */
async function dyingAtEachCall<S extends ReturnType<typeof createFaultyCertificates>>(
  kind: 'refuse' | 'loseAnswer',
  scene: () => Promise<S & { readonly run: () => Promise<unknown> }>,
  judge: (made: S) => Promise<void>,
): Promise<number> {
  let crashes = 0;
  for (let skip = 0; ; skip += STRIDE) {
    const made = await scene();
    made.faults.plan({ kind, skip, times: 1 });
    made.faults.plan({ kind: 'refuse', skip, times: Number.POSITIVE_INFINITY });
    await settled(made.run());
    const hits = made.faults.log.length;
    if (hits > 0) crashes += 1;
    await judge(made);
    if (hits === 0) return crashes;
  }
}

/** A certificate that is deleted while nobody knows what its issuer gave for a request under way. Its job is due. */
async function deletedScene() {
  const made = createFaultyCertificates();
  const { successor, issuer, clock } = made;
  const { id } = await successor.create({ subjectAltNames });
  await successor.renew(id, { wait: false });
  issuer.next(() => Promise.reject(down()));
  await rejection(successor.revoke(id));
  await successor.delete(id);
  clock.advance(HEAD_START);
  return { ...made, id };
}

describe.each(KINDS)('a process that dies at any storage call (%s)', (kind) => {
  it('while it deletes leaves a certificate to be deleted, or none, and nothing valid', {
    timeout: 120_000,
  }, async () => {
    const scene = async () => {
      const made = createFaultyCertificates();
      const { successor, issuer, certificates } = made;
      const { id } = await successor.create({ name: 'web', subjectAltNames });
      await successor.renew(id);
      await successor.renew(id, { wait: false });
      issuer.onRevoke = () => {
        throw down();
      };
      issuer.next(() => Promise.reject(down()));
      await rejection(successor.revoke(id));
      issuer.onRevoke = () => undefined;
      return { ...made, id, run: () => certificates.delete(id) };
    };
    const crashes = await dyingAtEachCall(kind, scene, async (made) => {
      const { successor, id } = made as Awaited<ReturnType<typeof scene>>;
      const isThere = (await settled(successor.get(id))).error === undefined;
      if (isThere) await successor.delete(id);
      await work(made);
      await expectForgotten(made, id, 3);
    });
    expect(crashes).toBeGreaterThan(storageSize(5, 0));
  });

  it('while it settles the revocation of what is deleted leaves that to be done', { timeout: 120_000 }, async () => {
    const scene = async () => {
      const made = await deletedScene();
      const { certificates } = made;
      const run = async () => {
        const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
        await certificates.renew(job!);
      };
      return { ...made, run };
    };
    const crashes = await dyingAtEachCall(kind, scene, async (made) => {
      await work(made);
      await expectForgotten(made, (made as Awaited<ReturnType<typeof scene>>).id, 2);
    });
    expect(crashes).toBeGreaterThan(storageSize(8, 0));
  });
});

it.each(
  storageSize(
    ['before it asks', 'after it was answered', 'before it revokes', 'after it has revoked'] as const,
    ['after it was answered'] as const,
  ),
)('a process that dies %s leaves the revocation of what is deleted to be done', async (when) => {
  const made = await deletedScene();
  const { id, issuer, certificates, faults } = made;
  const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
  const die = () => {
    faults.plan({ kind: 'refuse', times: Number.POSITIVE_INFINITY });
    throw down();
  };
  const revoke = issuer.revokeCertificate.bind(issuer);
  if (when === 'before it asks') issuer.next(die);
  if (when === 'after it was answered') issuer.next((_request, usual) => usual().then(die));
  if (when === 'before it revokes') issuer.onRevoke = die;
  if (when === 'after it has revoked') issuer.revokeCertificate = (request) => revoke(request).then(die);
  expect(await rejection(certificates.renew(job!))).toBeInstanceOf(StorageError);
  issuer.onRevoke = () => undefined;
  issuer.revokeCertificate = revoke;
  await work(made);
  await expectForgotten(made, id, 2);
});
