import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type CertificateManager, StorageError } from '../../src/index.ts';
import type { FaultInjector } from '../../src/testing/fault-injector.ts';
import type { Script } from '../support/scripted-issuer.ts';
import { settled } from '../support/settled.ts';
import { createFaultyCertificates, DAY, type TestCertificates } from '../support/test-certificates.ts';
import { storageSize } from '../support/test-storage.ts';

const NAMES = ['a.example', 'b.example'];
/** From one call that is hit to the next: every call on memory; elsewhere each needs a storage of its own. */
const STRIDE = storageSize(1, 7);

type Operation = 'create' | 'renew' | 'revoke' | 'delete' | 'removeName';
// What is tried elsewhere is how a storage loses an answer, which is not another for each operation.
const OPERATIONS: readonly Operation[] = storageSize(['create', 'renew', 'revoke', 'delete', 'removeName'], ['renew']);

interface Scene extends TestCertificates {
  readonly faults: FaultInjector;
  /** An instance that starts after the crash. */
  readonly successor: CertificateManager;
  readonly id: string | undefined;
  run(): Promise<unknown>;
}

/** A certificate, except for `create`, and an instance that is about to do something with it. */
async function scene(operation: Operation): Promise<Scene> {
  const made = createFaultyCertificates();
  const { certificates, successor } = made;
  const id = operation === 'create' ? undefined : (await successor.create({ name: 'web', subjectAltNames: NAMES })).id;
  const run = (): Promise<unknown> => {
    if (id === undefined) return certificates.create({ name: 'web', subjectAltNames: NAMES });
    if (operation === 'renew') return certificates.renew(id);
    if (operation === 'revoke') return certificates.revoke(id);
    if (operation === 'delete') return certificates.delete(id);
    return certificates.removeName(id, 'b.example');
  };
  return { ...made, id, run };
}

/** What must hold at any time, whoever died when. */
async function expectServedWhole({ successor }: Scene, name: string): Promise<number | undefined> {
  const served = await successor.served(name);
  if (served === undefined) return undefined;
  const leaf = new X509Certificate(served.chainPem);
  expect(leaf.checkPrivateKey(createPrivateKey(served.privateKeyPem))).toBe(true);
  expect(served.names).toContain(name);
  return served.generation;
}

/** What a scheduler does: takes up whatever was left half done, when its head start has passed. */
async function recover({ successor, clock }: Scene): Promise<void> {
  clock.advance(120_000);
  for (let round = 0; round < 3; round++) {
    const jobs = await successor.claimJobs({ queue: 'test', limit: 10, leaseMs: 60_000 });
    for (const job of jobs) await successor.renew(job);
  }
}

async function expectSettled(operation: Operation, made: Scene): Promise<void> {
  const { successor, issuer, clock, told } = made;
  const { items } = await successor.list({ limit: 10 });
  const certificate = items[0];
  // Whatever was asked for was asked for with one key and one request, and issued once.
  const asked = new Map(
    issuer.requests.map(({ requestId, csrDer }) => [requestId, Buffer.from(csrDer).toString('hex')]),
  );
  for (const { requestId, csrDer } of issuer.requests)
    expect(asked.get(requestId)).toBe(Buffer.from(csrDer).toString('hex'));
  const generation = certificate?.generation ?? 0;
  expect(certificate?.renewing ?? false).toBe(false);
  expect(items.length).toBeLessThanOrEqual(1);
  if (operation === 'create') {
    expect(asked.size).toBeLessThanOrEqual(1);
    expect(certificate === undefined ? issuer.issued.size : certificate.status).toBe(certificate ? 'valid' : 0);
  }
  if (operation === 'renew' || operation === 'removeName') {
    expect(asked.size).toBe(generation);
    expect(issuer.issued.size).toBe(generation);
    expect(await expectServedWhole(made, 'a.example')).toBe(generation);
  }
  if (operation === 'removeName') {
    const removed = generation === 2;
    expect(certificate?.subjectAltNames).toEqual(removed ? ['a.example'] : NAMES);
    expect(await expectServedWhole(made, 'b.example')).toBe(removed ? undefined : 1);
  }
  if (operation === 'revoke') {
    const isRevoked = certificate?.status === 'revoked';
    expect(issuer.revoked.size).toBe(isRevoked ? 1 : 0);
    expect(await expectServedWhole(made, 'a.example')).toBe(isRevoked ? undefined : 1);
  }
  if (operation === 'delete' && certificate === undefined) {
    expect(await successor.versions(NAMES)).toEqual([undefined, undefined]);
    expect(await successor.nextDueAt()).toBeUndefined();
  }
  // Everything that happened was told, once, in order.
  const types = await told(made.id);
  expect(types.filter((type) => type === 'renewed')).toHaveLength(
    operation === 'create' ? 0 : Math.max(0, generation - 1),
  );
  expect(new Set(types).size).toBe(types.length);
  // Nothing is left to be resumed.
  const due = await successor.nextDueAt();
  if (due !== undefined) expect(due - clock.now()).toBeGreaterThan(30 * DAY);
}

describe.each(OPERATIONS)('%s', (operation) => {
  it.each(storageSize(['refuse', 'loseAnswer'] as const, ['loseAnswer'] as const))(
    'by a process that dies at any storage call (%s), is resumed with the same key and request',
    { timeout: 120_000 },
    async (kind) => {
      let crashes = 0;
      for (let skip = 0; ; skip += STRIDE) {
        const made = await scene(operation);
        const { faults } = made;
        // The call that the process dies at lands or not; none comes after.
        faults.plan({ kind, skip, times: 1 });
        faults.plan({ kind: 'refuse', skip, times: Number.POSITIVE_INFINITY });
        const { error } = await settled(made.run());
        const hits = faults.log.length;
        if (hits > 0) {
          crashes += 1;
          expect(error).toBeInstanceOf(StorageError);
        } else expect(error).toBeUndefined();
        const before = await expectServedWhole(made, 'a.example');
        if (operation === 'renew' || operation === 'removeName') expect(before).toBeGreaterThanOrEqual(1);
        await recover(made);
        await expectSettled(operation, made);
        if (hits === 0) break;
      }
      expect(crashes).toBeGreaterThan(storageSize(3, 0));
    },
  );
});

const ISSUING: readonly Operation[] = storageSize(['create', 'renew', 'removeName'], ['create']);

describe.each(ISSUING)('%s', (operation) => {
  it.each(['before', 'after'] as const)(
    'by a process that dies %s the issuer has done its part is resumed',
    async (when) => {
      const made = await scene(operation);
      const { issuer, faults } = made;
      const dying: Script = async (_request, usual) => {
        if (when === 'after') await usual();
        faults.plan({ kind: 'refuse', times: Number.POSITIVE_INFINITY });
        throw new StorageError('STORAGE_UNAVAILABLE', 'the process has died');
      };
      issuer.next(dying);
      expect((await settled(made.run())).error).toBeInstanceOf(StorageError);
      await recover(made);
      await expectSettled(operation, made);
      const expected = operation === 'create' ? 1 : 2;
      expect((await made.successor.list({ limit: 1 })).items[0]?.generation).toBe(expected);
      expect(issuer.issued.size).toBe(expected);
    },
  );
});

it('a revocation by a process that dies before the issuer was told is resumed', async () => {
  const made = await scene('revoke');
  made.issuer.onRevoke = () => {
    made.faults.plan({ kind: 'refuse', times: Number.POSITIVE_INFINITY });
    throw new StorageError('STORAGE_UNAVAILABLE', 'the process has died');
  };
  expect((await settled(made.run())).error).toBeInstanceOf(StorageError);
  expect(await made.successor.served('a.example')).toBeUndefined();
  made.issuer.onRevoke = () => undefined;
  await recover(made);
  await expectSettled('revoke', made);
  expect(made.issuer.revoked.size).toBe(1);
});
