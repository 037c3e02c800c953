import { describe, expect, it } from 'vitest';
import type { IssuedCertificate, IssueOptions } from '../../src/index.ts';
import { faultInjector } from '../../src/testing/fault-injector.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { addIntermediate, createTestAuthority } from '../support/test-authority.ts';
import { publicKeyPem, testKey } from '../support/test-keys.ts';
import { createTestStorage, recordCommits } from '../support/test-storage.ts';

const request = async (name: string, more: Partial<IssueOptions> = {}): Promise<IssueOptions> => ({
  publicKey: publicKeyPem(await testKey()),
  subjectAltNames: [name],
  ...more,
});
const requests = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, at) => request(`host-${at}.example`)));
const named = (results: readonly PromiseSettledResult<IssuedCertificate>[]) =>
  results.map((one) =>
    one.status === 'fulfilled' ? one.value.subjectAltNames.join() : (one.reason as { code: string }).code,
  );

describe('issueMany', () => {
  it('gives one result a request, in order, in few commits', async () => {
    const clock = new VirtualClock();
    const { storage, commits } = recordCommits(createTestStorage(clock).storage);
    const { authority, events } = await createTestAuthority({ clock, storage });
    const before = commits.length;
    const results = await authority.issueMany(await requests(150));
    expect(named(results)).toEqual(Array.from({ length: 150 }, (_, at) => `host-${at}.example`));
    expect(commits.length - before).toBe(3);
    expect((await authority.list({ limit: 1000 })).items).toHaveLength(150);
    expect((await events.pending({ limit: 1000 })).items).toHaveLength(150);
  });

  it('goes on past bad requests', async () => {
    const { authority } = await createTestAuthority();
    const results = await authority.issueMany([
      await request('a.example'),
      await request('*.com'),
      { csr: 'no PEM', subjectAltNames: ['b.example'] },
      undefined as unknown as IssueOptions,
      await request('c.example', { metadata: { key: 'a\0b' } }),
      await request('d.example'),
    ]);
    expect(named(results)).toEqual([
      'a.example',
      'ISSUANCE_REFUSED',
      'PEM_INVALID',
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
      'd.example',
    ]);
    expect((await authority.list({ limit: 10 })).items).toHaveLength(2);
  });

  it('writes nothing where all are bad, and nothing for no requests', async () => {
    const clock = new VirtualClock();
    const { storage, commits } = recordCommits(createTestStorage(clock).storage);
    const { authority } = await createTestAuthority({ clock, storage });
    const before = commits.length;
    expect(await authority.issueMany([])).toEqual([]);
    expect(named(await authority.issueMany([await request('*.com')]))).toEqual(['ISSUANCE_REFUSED']);
    expect(commits.length).toBe(before);
  });

  it('issues one by one what is too much for one commit', async () => {
    const { authority, events } = await createTestAuthority();
    const uris = Array.from({ length: 40 }, (_, at) => `uri:urn:example:${at}:${'x'.repeat(2_000)}`);
    const many = await Promise.all(Array.from({ length: 30 }, () => request('a.example', { subjectAltNames: uris })));
    const results = await authority.issueMany(many);
    expect(results.every(({ status }) => status === 'fulfilled')).toBe(true);
    // Nor do all the names find room in the event, which says how many it leaves to the certificate.
    const [told] = (await events.pending({ limit: 1 })).items;
    const { subjectAltNames, subjectAltNamesOmitted } = (told?.data ?? {}) as {
      subjectAltNames: string[];
      subjectAltNamesOmitted: number;
    };
    expect(subjectAltNames).toEqual(uris.slice(0, subjectAltNames.length));
    expect([subjectAltNames.length > 10, subjectAltNames.length + subjectAltNamesOmitted]).toEqual([true, uris.length]);
  });

  it('keeps what earlier batches have issued when a later one meets a storage that fails', async () => {
    const clock = new VirtualClock();
    const faults = faultInjector(createTestStorage(clock).storage, { seed: 1 });
    const { authority } = await createTestAuthority({ clock, storage: faults });
    faults.plan({ method: 'commit', kind: 'refuse', skip: 1, times: Number.POSITIVE_INFINITY });
    const results = await authority.issueMany(await requests(100));
    faults.heal();
    expect(named(results.slice(0, 64))).toEqual(Array.from({ length: 64 }, (_, at) => `host-${at}.example`));
    expect(new Set(named(results.slice(64)))).toEqual(new Set(['STORAGE_UNAVAILABLE']));
    expect((await authority.list({ limit: 1000 })).items).toHaveLength(64);
  });

  it('moves to the new intermediate when it changes under way', async () => {
    const { authority, another, root, intermediate } = await createTestAuthority();
    const other = another();
    await other.issueMany(await requests(1));
    const next = await addIntermediate(authority, root);
    await authority.retireIntermediate(intermediate.id);
    const results = await other.issueMany(await requests(5));
    expect(results.map((one) => one.status === 'fulfilled' && one.value.intermediateId)).toEqual(
      new Array(5).fill(next.id),
    );
  });

  it('refuses each request where the authority cannot sign', async () => {
    const { authority, intermediate } = await createTestAuthority();
    await authority.retireIntermediate(intermediate.id);
    expect(named(await authority.issueMany(await requests(2)))).toEqual(['AUTHORITY_NOT_READY', 'AUTHORITY_NOT_READY']);
  });
});
