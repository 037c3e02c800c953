import { expect, it } from 'vitest';
import type { IssuedCertificate } from '../../src/index.ts';
import { createTestAuthority, DAY } from '../support/test-authority.ts';
import { publicKeyPem, testKey } from '../support/test-keys.ts';
import { storageSize } from '../support/test-storage.ts';

const CALLERS = 8;
const CERTIFICATES = storageSize(10_000, 500);

it(`${CERTIFICATES} certificates issued by ${CALLERS} callers on ${CALLERS} instances are all in the ledger, each once`, async () => {
  const { authority, another, events, clock } = await createTestAuthority();
  const keys = await Promise.all(
    (['ECDSA-P256', 'Ed25519', 'ECDSA-P384'] as const).map(async (kind) => publicKeyPem(await testKey(kind))),
  );
  const issued: IssuedCertificate[] = [];
  let next = 0;
  const callers = Array.from({ length: CALLERS }, async () => {
    const instance = another();
    for (let at = next++; at < CERTIFICATES; at = next++) {
      issued.push(
        await instance.issue({
          publicKey: keys[at % keys.length] as string,
          subjectAltNames: [`host-${at}.example`],
          accountId: `account-${at % 7}`,
          validity: { days: 1 + (at % 397) },
        }),
      );
    }
  });
  await Promise.all(callers);

  expect(new Set(issued.map(({ serialNumber }) => serialNumber)).size).toBe(CERTIFICATES);
  expect(new Set(issued.map(({ sha256Fingerprint }) => sha256Fingerprint)).size).toBe(CERTIFICATES);

  const pages = async (options: { accountId?: string; expiresBefore?: Date }) => {
    const serials: string[] = [];
    let last = 0;
    let cursor: string | undefined;
    do {
      const page = await authority.list({ ...options, limit: 777, ...(cursor === undefined ? {} : { cursor }) });
      for (const { serialNumber, notAfter } of page.items) {
        if (notAfter.getTime() < last) throw new Error('out of order');
        last = notAfter.getTime();
        serials.push(serialNumber);
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
    return serials;
  };
  const serialsOf = (which: (one: IssuedCertificate) => boolean) =>
    issued.filter(which).map(({ serialNumber }) => serialNumber);

  expect((await pages({})).sort()).toEqual(serialsOf(() => true).sort());
  for (const account of [0, 6]) {
    const accountId = `account-${account}`;
    expect((await pages({ accountId })).sort()).toEqual(serialsOf((one) => one.accountId === accountId).sort());
  }
  const expiresBefore = new Date(clock.now() + 30 * DAY);
  expect((await pages({ expiresBefore })).sort()).toEqual(serialsOf(({ notAfter }) => notAfter < expiresBefore).sort());

  const told = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await events.pending({ limit: 1000, ...(cursor === undefined ? {} : { cursor }) });
    for (const { type, subject } of page.items) if (type === 'certificate.issued') told.add(subject);
    cursor = page.cursor;
  } while (cursor !== undefined);
  expect(told).toEqual(new Set(serialsOf(() => true)));
});
