import { describe, expect, it } from 'vitest';
import {
  AccountManager,
  type CertificateManager,
  type ListManagedCertificatesOptions,
  PolicyError,
  type StorageBackend,
} from '../../src/index.ts';
import { SeededRandom } from '../../src/testing/random.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { seed } from '../support/soak.ts';
import { createTestCertificates, DAY } from '../support/test-certificates.ts';
import { overriding, storageSize } from '../support/test-storage.ts';

const STATES = ['pending', 'issued', 'expired', 'revoked', 'failed'] as const;

type Selection = Omit<ListManagedCertificatesOptions, 'limit' | 'cursor'>;

/** All pages of a list: each is full, save the last. */
async function pagesOf(certificates: CertificateManager, selection: Selection, limit: number): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await certificates.list({ ...selection, limit, ...(cursor === undefined ? {} : { cursor }) });
    if (page.cursor !== undefined) expect(page.items).toHaveLength(limit);
    expect(page.items.length).toBeLessThanOrEqual(limit);
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return ids;
}

/** A manager whose account `ann` has certificates, too. */
async function scene() {
  let accounts: AccountManager | undefined;
  const made = createTestCertificates({
    accountGuard: (id, options) => (accounts as AccountManager).accountGuard()(id, options),
    nameGuard: () => true,
  });
  const { storage, keyring, clock } = made;
  accounts = new AccountManager({ storage, keyring, clock, issuer: 'https://app.example' });
  const { id: ann } = await accounts.create({ login: 'ann' });
  return { ...made, ann };
}

const first = seed(4_021);

describe(`list, seed ${first}`, () => {
  it('gives full pages of what is meant, whatever is asked for', async () => {
    const random = new SeededRandom(first);
    const { certificates, clock, issuer, ann } = await scene();
    for (let at = 0; at < storageSize(60, 20); at++) {
      const state = STATES[at % STATES.length];
      const active = at % (2 * STATES.length) < STATES.length;
      const account = random.chance(0.5) ? { accountId: ann } : {};
      if (state === 'failed') issuer.next(() => Promise.reject(new PolicyError([])));
      const making = certificates.create({
        ...account,
        subjectAltNames: [`n${at}.example`],
        active,
        wait: state !== 'pending',
      });
      if (state === 'failed') {
        await rejection(making);
        continue;
      }
      const { id } = await making;
      if (state === 'revoked') await certificates.revoke(id);
      clock.advance(random.integer(0, 5) * DAY);
    }
    clock.advance(30 * DAY);
    const all = (await certificates.list({ limit: 100 })).items;
    const middle = all[Math.floor(all.length / 3)]?.notAfter as Date;
    for (const status of [undefined, 'pending', 'valid', 'expired', 'revoked', 'failed'] as const) {
      for (const active of [undefined, true, false]) {
        for (const [expiresBefore, accountId] of [
          [undefined],
          [undefined, ann],
          [middle, ann],
          [new Date(0)],
        ] as const) {
          const expected = all.filter(
            (each) =>
              (accountId === undefined || each.accountId === accountId) &&
              (status === undefined || each.status === status) &&
              (active === undefined || each.active === active) &&
              (expiresBefore === undefined || (each.notAfter !== undefined && each.notAfter < expiresBefore)),
          );
          const selection = {
            ...(status && { status }),
            ...(active === undefined ? {} : { active }),
            ...(expiresBefore && { expiresBefore }),
            ...(accountId && { accountId }),
          };
          const ids = await pagesOf(certificates, selection, storageSize(3, 5));
          expect([selection, ids]).toEqual([selection, expected.map(({ id }) => id)]);
        }
      }
    }
    for (const status of ['pending', 'valid', 'failed']) {
      for (const active of [true, false]) {
        expect(all.some((each) => each.status === status && each.active === active)).toBe(true);
      }
    }
  });

  it('finds the few that are active, or are not, without looking at the others', async () => {
    let read = 0;
    const wrap = (backend: StorageBackend) =>
      overriding(backend, {
        query: async (query) => {
          const page = await backend.query(query);
          read += page.documents.length;
          return page;
        },
      });
    const { certificates, clock } = createTestCertificates({ wrap });
    const idle: string[] = [];
    for (let at = 0; at < storageSize(120, 30); at++) {
      const { id } = await certificates.create({ subjectAltNames: [`n${at}.example`], active: at % 15 !== 7 });
      if (at % 15 === 7) idle.push(id);
      clock.advance(1_000);
    }
    read = 0;
    expect(await pagesOf(certificates, { active: false }, 4)).toEqual(idle);
    expect(await pagesOf(certificates, { active: false, status: 'valid' }, 4)).toEqual(idle);
    expect(await pagesOf(certificates, { active: true, status: 'expired' }, 4)).toEqual([]);
    expect(await pagesOf(certificates, { active: true, status: 'revoked' }, 4)).toEqual([]);
    expect(read).toBe(2 * idle.length);
  });

  it('fills its pages where those of the storage are short, too', async () => {
    // A page ends at 4 MiB, whatever its limit.
    const wrap = (backend: StorageBackend) =>
      overriding(backend, { query: (query) => backend.query({ ...query, limit: Math.min(query.limit, 2) }) });
    const { certificates, clock } = createTestCertificates({ wrap });
    const ids: string[] = [];
    for (let at = 0; at < 9; at++) {
      const { id } = await certificates.create({ subjectAltNames: [`n${at}.example`] });
      ids.push(id);
      clock.advance(1_000);
    }
    expect(await pagesOf(certificates, {}, 4)).toEqual(ids);
    expect(await pagesOf(certificates, { status: 'valid' }, 5)).toEqual(ids);
  });

  it('looks at no more than 3,000 for a page, and says where to go on', async () => {
    let read = 0;
    const wrap = (backend: StorageBackend) =>
      overriding(backend, {
        // As many certificates that are not meant as anybody likes, where one is.
        query: async (query) => {
          if (query.index !== 'byActivity') return backend.query(query);
          const { documents } = await backend.query({ ...query, cursor: undefined as never, limit: 1 });
          const [document] = documents;
          read += query.limit;
          if (document === undefined) return { documents };
          const revoked = { ...document, data: { ...document.data, state: 'revoked' } };
          return { documents: Array.from({ length: query.limit }, () => revoked), cursor: `${read}` };
        },
      });
    const { certificates } = createTestCertificates({ wrap });
    await certificates.create({ subjectAltNames: ['a.example'], active: false });
    const page = await certificates.list({ active: false, status: 'valid', limit: 10 });
    expect(page.items).toEqual([]);
    expect(page.cursor).toBe(`${read}`);
    expect(read).toBeLessThanOrEqual(4_000);
    expect(read).toBeGreaterThanOrEqual(3_000);
  });

  it('takes no cursor of another list', async () => {
    const { certificates } = createTestCertificates();
    for (const name of ['a', 'b', 'c']) await certificates.create({ subjectAltNames: [`${name}.example`] });
    const { cursor } = await certificates.list({ active: true, limit: 1 });
    expect(await codeOf(certificates.list({ active: false, limit: 1, cursor: cursor as string }))).toBe(
      'STORAGE_INVALID',
    );
    expect(await codeOf(certificates.list({ limit: 1, cursor: cursor as string }))).toBe('STORAGE_INVALID');
  });
});
