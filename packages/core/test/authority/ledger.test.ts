import { describe, expect, it } from 'vitest';
import type { CertificateStatus, ListCertificatesOptions } from '../../src/index.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { createTestAuthority, DAY } from '../support/test-authority.ts';
import { publicKeyPem, testKey } from '../support/test-keys.ts';

type Authority = Awaited<ReturnType<typeof createTestAuthority>>['authority'];

async function listed(
  authority: Authority,
  options: Omit<ListCertificatesOptions, 'limit'> = {},
  limit = 2,
): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await authority.list({ ...options, limit, ...(cursor === undefined ? {} : { cursor }) });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    names.push(...page.items.map(({ subjectAltNames }) => subjectAltNames[0] as string));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return names;
}

/** Certificates of two accounts, with 1 to 6 days to live; c is revoked, d held, e released. */
async function withCertificates() {
  const made = await createTestAuthority();
  const { authority } = made;
  const publicKey = publicKeyPem(await testKey());
  const serials: Record<string, string> = {};
  for (const [at, name] of ['a', 'b', 'c', 'd', 'e', 'f'].entries()) {
    const options = { publicKey, subjectAltNames: [name], validity: { days: 6 - at } };
    const { serialNumber } = await authority.issue({ ...options, ...(at % 2 === 0 ? { accountId: 'even' } : {}) });
    serials[name] = serialNumber;
  }
  await authority.revoke(serials.c as string);
  for (const name of ['d', 'e']) await authority.revoke(serials[name] as string, { reason: 'certificateHold' });
  await authority.release(serials.e as string);
  return { ...made, serials };
}

describe('the ledger', () => {
  it('gives a certificate as it was issued', async () => {
    const { authority, clock, intermediate } = await createTestAuthority();
    const { chainPem, privateKeyPem, ...record } = await authority.issue({
      subjectAltNames: ['a.example'],
      commonName: 'a.example',
    });
    expect(privateKeyPem).toBeDefined();
    expect(chainPem).toContain(record.certificatePem);
    expect(await authority.get(record.serialNumber)).toEqual(record);
    expect(await authority.get(record.serialNumber.toUpperCase())).toEqual(record);
    expect(record).toMatchObject({
      issuedAt: new Date(clock.now()),
      intermediateId: intermediate.id,
      subject: 'CN=a.example',
    });
  });

  it('lists by expiry, soonest first, in pages of any size', async () => {
    const { authority } = await withCertificates();
    for (const limit of [1, 2, 5, 6, 1000])
      expect(await listed(authority, {}, limit)).toEqual(['f', 'e', 'd', 'c', 'b', 'a']);
  });

  it('lists by account, by status, by both, and by what expires before an instant', async () => {
    const { authority, clock } = await withCertificates();
    expect(await listed(authority, { accountId: 'even' })).toEqual(['e', 'c', 'a']);
    expect(await listed(authority, { accountId: 'nobody' })).toEqual([]);
    expect(await listed(authority, { status: 'valid' })).toEqual(['f', 'e', 'b', 'a']);
    expect(await listed(authority, { status: 'revoked' })).toEqual(['c']);
    expect(await listed(authority, { status: 'onHold' })).toEqual(['d']);
    expect(await listed(authority, { accountId: 'even', status: 'valid' })).toEqual(['e', 'a']);
    expect(await listed(authority, { accountId: 'even', status: 'onHold' })).toEqual([]);
    const expiresBefore = new Date(clock.now() + 3 * DAY);
    expect(await listed(authority, { expiresBefore })).toEqual(['f', 'e']);
    expect(
      await listed(authority, { expiresBefore: new Date(expiresBefore.getTime() + 1), accountId: 'even' }),
    ).toEqual(['e']);
  });

  it('agrees with every record on its status, at the instant of expiry too', async () => {
    const { authority, clock } = await withCertificates();
    const statuses: readonly CertificateStatus[] = ['valid', 'expired', 'revoked', 'onHold'];
    for (const step of [0, 2 * DAY - 1, 1, 1, 2 * DAY, 365 * DAY]) {
      clock.advance(step);
      const all = (await authority.list({ limit: 10 })).items;
      for (const status of statuses) {
        const { items } = await authority.list({ status, limit: 10 });
        expect(items).toEqual(all.filter((record) => record.status === status));
      }
    }
    expect(await listed(authority, { status: 'expired' })).toEqual(['f', 'e', 'b', 'a']);
    expect(await listed(authority, { status: 'expired', accountId: 'even' })).toEqual(['e', 'a']);
    expect(await listed(authority, { status: 'valid' })).toEqual([]);
  });

  it('calls a certificate valid up to its notAfter, inclusive', async () => {
    const { authority, clock } = await createTestAuthority();
    const { serialNumber, notAfter } = await authority.issue({ subjectAltNames: ['a.example'] });
    clock.set(notAfter.getTime());
    expect((await authority.get(serialNumber)).status).toBe('valid');
    clock.advance(1);
    expect((await authority.get(serialNumber)).status).toBe('expired');
  });

  it.each([
    [{ limit: 0 }, 'limit'],
    [{ limit: 1001 }, 'limit'],
    [{ limit: 1.5 }, 'limit'],
    [{}, 'limit'],
    [undefined, 'options'],
    [{ limit: 1, status: 'issued' }, 'status'],
    [{ limit: 1, expiresBefore: new Date(Number.NaN) }, 'expiresBefore'],
    [{ limit: 1, expiresBefore: 5 }, 'expiresBefore'],
    [{ limit: 1, accountID: 'typo' }, 'accountID'],
  ])('refuses to list %j', async (options, field) => {
    const { authority } = await createTestAuthority();
    const error = await rejection(authority.list(options as unknown as ListCertificatesOptions));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain(field);
  });

  it('refuses the cursor of another list', async () => {
    const { authority } = await withCertificates();
    const { cursor = '' } = await authority.list({ limit: 1 });
    expect(await codeOf(authority.list({ limit: 1, accountId: 'even', cursor }))).toBe('STORAGE_INVALID');
    expect(await codeOf(authority.list({ limit: 1, cursor: 'junk' }))).toBe('STORAGE_INVALID');
  });
});
