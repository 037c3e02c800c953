import { describe, expect, it } from 'vitest';
import { AccountManager, type CertificateManager, EventLog, type NameGuard } from '../../src/index.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { createTestCertificates, DAY } from '../support/test-certificates.ts';
import { storageSize } from '../support/test-storage.ts';

/** Accounts of the same storage, and a manager that asks them; each account may hold what lies under a domain of its own name. */
async function scene(nameGuard: NameGuard = async (accountId, name) => name.endsWith(`${accountId}.example`)) {
  let accounts: AccountManager | undefined;
  const made = createTestCertificates({
    accountGuard: (id, options) => (accounts as AccountManager).accountGuard()(id, options),
    nameGuard,
  });
  const { storage, keyring, clock } = made;
  accounts = new AccountManager({ storage, keyring, clock, issuer: 'https://app.example' });
  const ann = (await accounts.create({ login: 'ann' })).id;
  const bob = (await accounts.create({ login: 'bob' })).id;
  return { ...made, accounts, ann, bob };
}

describe('certificates-of-accounts', () => {
  it('belong to an account that exists, and are listed by it (S0-6, S0-8)', async () => {
    const { certificates, ann, bob } = await scene();
    const made = await certificates.create({ accountId: ann, subjectAltNames: [`www.${ann}.example`] });
    expect(made.accountId).toBe(ann);
    await certificates.create({ accountId: bob, subjectAltNames: [`${bob}.example`] });
    await certificates.create({ subjectAltNames: ['own.example'] });
    const idsOf = async (options: object) =>
      (await certificates.list({ limit: 10, ...options })).items.map(({ id }) => id);
    expect(await idsOf({ accountId: ann })).toEqual([made.id]);
    expect(await idsOf({ accountId: ann, status: 'valid', active: true })).toEqual([made.id]);
    expect(await idsOf({ accountId: ann, status: 'revoked' })).toEqual([]);
    expect(await idsOf({})).toHaveLength(3);
    const nobody = '0198c0de-0000-7000-8000-000000000000';
    const unknown = certificates.create({ accountId: nobody, subjectAltNames: [`${nobody}.example`] });
    expect(await codeOf(unknown)).toBe('ACCOUNT_NOT_FOUND');
    expect(await idsOf({ accountId: nobody })).toEqual([]);
  });

  it('go with their account, however many tell of its end, and no others go', async () => {
    const { certificates, another, issuer, accounts, ann, bob } = await scene();
    const names = storageSize([0, 1, 2, 3, 4, 5, 6], [0, 1, 2]).map((at) => `n${at}.${ann}.example`);
    for (const name of names) await certificates.create({ accountId: ann, subjectAltNames: [name] });
    await certificates.create({ accountId: ann, subjectAltNames: [`${ann}.example`], wait: false });
    const kept = await certificates.create({ accountId: bob, subjectAltNames: [`${bob}.example`] });
    await accounts.delete(ann);
    const counts = await Promise.all([certificates.deleteByAccount(ann), another().deleteByAccount(ann)]);
    expect(counts[0] + counts[1]).toBe(names.length + 1);
    expect(await certificates.deleteByAccount(ann)).toBe(0);
    expect((await certificates.list({ limit: 10 })).items.map(({ id }) => id)).toEqual([kept.id]);
    const asked = issuer.requests.length;
    const late = certificates.create({ accountId: ann, subjectAltNames: [`${ann}.example`] });
    expect(await codeOf(late)).toBe('ACCOUNT_NOT_FOUND');
    expect(issuer.requests).toHaveLength(asked);
  });

  it('go with their account through a sink, also when the first attempt fails (orphans of S0)', async () => {
    let certificates: CertificateManager | undefined;
    let attempts = 0;
    const made = await scene();
    const { storage, keyring, clock, ann, bob } = made;
    const events = new EventLog({
      storage,
      clock,
      sinks: [
        {
          name: 'certificates-of-accounts',
          types: ['account.deleted'],
          async deliver({ subject }) {
            attempts += 1;
            if (attempts === 1) throw new Error('the instance was stopped');
            await certificates?.deleteByAccount(subject);
          },
        },
      ],
    });
    certificates = made.another({ storage, events });
    const accounts = new AccountManager({ storage, keyring, clock, events, issuer: 'https://app.example' });
    await certificates.create({ accountId: ann, subjectAltNames: [`${ann}.example`] });
    const kept = await certificates.create({ accountId: bob, subjectAltNames: [`${bob}.example`] });
    await accounts.delete(ann);
    for (let round = 0; round < 6; round++) {
      for (const task of events.maintenance()) await task.run({ limit: 100 });
      clock.advance(10_000);
    }
    expect(attempts).toBe(2);
    expect((await certificates.list({ limit: 10 })).items.map(({ id }) => id)).toEqual([kept.id]);
  });

  it('hold only names that the host permits, and nothing but true permits', async () => {
    const { certificates, issuer, ann, bob } = await scene();
    const stolen = await rejection(
      certificates.create({ accountId: ann, subjectAltNames: [`${ann}.example`, `${bob}.example`] }),
    );
    expect(stolen).toMatchObject({ code: 'NAME_NOT_PERMITTED', facts: { accountId: ann, name: `${bob}.example` } });
    expect(issuer.requests).toHaveLength(0);
    for (const answer of storageSize([undefined, 'yes', 1, {}, false], ['yes'])) {
      const careless = await scene((() => answer) as never);
      const made = careless.certificates.create({ accountId: careless.ann, subjectAltNames: ['a.example'] });
      expect(await codeOf(made), String(answer)).toBe('NAME_NOT_PERMITTED');
    }
    const throwing = await scene(() => Promise.reject(new Error('the host is down')));
    const options = { accountId: throwing.ann, subjectAltNames: ['a.example'] };
    await expect(throwing.certificates.create(options)).rejects.toThrow('the host is down');
    expect((await throwing.certificates.list({ limit: 1 })).items).toHaveLength(0);
  });

  it('are refused where nobody is there to ask: a missing guard permits nothing', async () => {
    const { another, ann } = await scene();
    for (const missing of [{ nameGuard: undefined }, { accountGuard: undefined }]) {
      const careless = another(missing as never);
      const options = { accountId: ann, subjectAltNames: [`${ann}.example`] };
      expect(await codeOf(careless.create(options))).toBe('NAME_NOT_PERMITTED');
    }
  });

  it('that held a name keep others from it, pending, served or raced for', async () => {
    const { certificates, another, storage, issuer, ann, bob } = await scene(() => true);
    const pending = await certificates.create({ accountId: ann, subjectAltNames: ['a.example'], wait: false });
    const subjectAltNames = ['b.example', 'a.example'];
    const taken = await rejection(certificates.create({ accountId: bob, subjectAltNames }));
    expect(taken).toMatchObject({ code: 'NAME_TAKEN', facts: { name: 'a.example' } });
    expect(await codeOf(certificates.create({ subjectAltNames }))).toBe('NAME_TAKEN');
    expect(issuer.requests).toHaveLength(0);
    const idle = await certificates.create({ accountId: bob, subjectAltNames, active: false });
    expect(await codeOf(certificates.activate(idle.id))).toBe('NAME_TAKEN');
    await certificates.delete(pending.id);
    await certificates.activate(idle.id);
    expect((await certificates.served('a.example'))?.certificateId).toBe(idle.id);

    const contested = ['contested.example'];
    const one = await certificates.create({ accountId: ann, subjectAltNames: contested, active: false });
    const two = await certificates.create({ accountId: bob, subjectAltNames: contested, active: false });
    const race = await Promise.allSettled(
      Array.from({ length: 6 }, (_, at) => another({ storage }).activate(at % 2 === 0 ? one.id : two.id)),
    );
    const winner = (await certificates.served('contested.example'))?.certificateId;
    expect([one.id, two.id]).toContain(winner);
    for (const [at, outcome] of race.entries()) {
      const id = at % 2 === 0 ? one.id : two.id;
      if (outcome.status === 'fulfilled') expect(id).toBe(winner);
      else {
        expect(outcome.reason.code).toBe('NAME_TAKEN');
        expect(id).not.toBe(winner);
      }
    }
    expect((await certificates.get(one.id)).active).toBe(winner === one.id);
    expect((await certificates.get(two.id)).active).toBe(winner === two.id);
  });

  it('are judged anew at each renewal: a name or an account that is gone is not renewed', async () => {
    let permitted = true;
    const { certificates, accounts, clock, ann } = await scene(() => permitted);
    const { id } = await certificates.create({ accountId: ann, subjectAltNames: ['a.example'] });
    permitted = false;
    expect(await codeOf(certificates.renew(id))).toBe('NAME_NOT_PERMITTED');
    clock.advance(61 * DAY);
    const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
    expect(await codeOf(certificates.renew(job!))).toBe('NAME_NOT_PERMITTED');
    expect(await certificates.get(id)).toMatchObject({ generation: 1, status: 'valid' });
    permitted = true;
    await accounts.delete(ann);
    expect(await codeOf(certificates.renew(id))).toBe('ACCOUNT_NOT_FOUND');
    expect((await certificates.served('a.example'))?.generation).toBe(1);
  });

  it('are judged anew where what is pending is resumed, and where one is activated', async () => {
    let permitted = true;
    const { certificates, accounts, issuer, clock, ann, bob } = await scene(() => permitted);
    const claim = async () => {
      clock.advance(120_000);
      return (await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 }))[0]!;
    };
    const one = await certificates.create({ accountId: ann, subjectAltNames: ['a.example'], wait: false });
    permitted = false;
    expect(await codeOf(certificates.renew(await claim()))).toBe('NAME_NOT_PERMITTED');
    expect(await certificates.get(one.id)).toMatchObject({ state: 'failed', failure: { code: 'NAME_NOT_PERMITTED' } });
    permitted = true;
    const two = await certificates.create({ accountId: ann, subjectAltNames: ['b.example'], wait: false });
    const idle = await certificates.create({ accountId: bob, subjectAltNames: ['c.example'], active: false });
    await accounts.delete(ann);
    expect(await codeOf(certificates.renew(await claim()))).toBe('ACCOUNT_NOT_FOUND');
    expect(await certificates.get(two.id)).toMatchObject({ state: 'failed', failure: { code: 'ACCOUNT_NOT_FOUND' } });
    expect(issuer.requests).toHaveLength(1);
    permitted = false;
    expect(await codeOf(certificates.activate(idle.id))).toBe('NAME_NOT_PERMITTED');
    expect((await certificates.get(idle.id)).active).toBe(false);
    // Taking a name out of service takes nobody's leave.
    expect(await certificates.deactivate(idle.id)).toMatchObject({ active: false });
  });

  it('are not activated for an account that goes meanwhile', async () => {
    let going: Promise<void> | undefined;
    let leave: () => Promise<void> = async () => undefined;
    const { certificates, accounts, ann } = await scene(async () => {
      await leave();
      return true;
    });
    const { id } = await certificates.create({ accountId: ann, subjectAltNames: ['a.example'], active: false });
    leave = () => {
      going ??= accounts.delete(ann);
      return going;
    };
    expect(await codeOf(certificates.activate(id))).toBe('ACCOUNT_NOT_FOUND');
    expect(await certificates.versions(['a.example'])).toEqual([undefined]);
  });

  it('do not outlive an account that goes while they are being made', async () => {
    const { certificates, accounts, ann } = await scene(async () => {
      await gone();
      return true;
    });
    let deleting: Promise<void> | undefined;
    function gone(): Promise<void> {
      deleting ??= accounts.delete(ann);
      return deleting;
    }
    const made = certificates.create({ accountId: ann, subjectAltNames: ['a.example'] });
    expect(await codeOf(made)).toBe('ACCOUNT_NOT_FOUND');
    expect((await certificates.list({ limit: 1 })).items).toHaveLength(0);
  });
});
