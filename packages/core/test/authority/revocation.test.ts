import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCrl } from '../../src/x509/crl/crl.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { createTestAuthority, DAY } from '../support/test-authority.ts';
import { createTestStorage, recordCommits } from '../support/test-storage.ts';

const request = { subjectAltNames: ['a.example'] };
const REASONS = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
  'aACompromise',
] as const;
const made = createTestAuthority();

describe('revoke', () => {
  it.each(REASONS)('for the reason %s', async (reason) => {
    const { authority, clock } = await made;
    const { serialNumber } = await authority.issue(request);
    const revokedAt = new Date(clock.now());
    const record = await authority.revoke(serialNumber, { reason });
    expect(record).toMatchObject({ status: 'revoked', reason, revokedAt });
    expect(await authority.get(serialNumber)).toEqual(record);
    const entry = parseCrl((await authority.crl()).der).find(serialNumber);
    // The reason unspecified is left out of a CRL entry (RFC 5280 section 5.3.1).
    expect(entry).toMatchObject({ revokedAt, reason: reason === 'unspecified' ? undefined : reason });
  });

  it('takes the serial number in capitals, and says when the key was lost', async () => {
    const { authority, clock } = await made;
    const { serialNumber } = await authority.issue(request);
    const invalidityDate = new Date(clock.now() - DAY);
    await authority.revoke(serialNumber.toUpperCase(), { reason: 'keyCompromise', invalidityDate });
    expect(await authority.get(serialNumber)).toMatchObject({ invalidityDate });
    expect(parseCrl((await authority.crl()).der).find(serialNumber)?.invalidityDate).toEqual(invalidityDate);
  });

  it('is told of in an event of its own commit, with a revision that counts', async () => {
    const clock = new VirtualClock();
    const { storage, commits } = recordCommits(createTestStorage(clock).storage);
    const { authority, events } = await createTestAuthority({ clock, storage });
    const { serialNumber } = await authority.issue({ ...request, accountId: 'acct' });
    await authority.revoke(serialNumber, { reason: 'certificateHold' });
    await authority.release(serialNumber);
    await authority.revoke(serialNumber, { reason: 'superseded' });
    const { items } = await events.pending({ limit: 10 });
    const told = items.sort((a, b) => a.subjectRevision - b.subjectRevision);
    expect(told.map(({ type, subjectRevision }) => [type, subjectRevision])).toEqual([
      ['certificate.issued', 1],
      ['certificate.held', 2],
      ['certificate.released', 3],
      ['certificate.revoked', 4],
    ]);
    expect(told[3]).toMatchObject({
      specversion: '1.0',
      source: '/authorities/internal',
      subject: serialNumber,
      data: {
        serialNumber,
        profile: 'server',
        subjectAltNames: ['a.example'],
        accountId: 'acct',
        reason: 'superseded',
      },
    });
    for (const writes of commits.slice(-4)) {
      const touched = writes.map(({ collection }) => collection);
      expect(touched).toEqual(expect.arrayContaining(['authority_certificates', 'events']));
    }
  });

  it('twice is refused, and changes nothing', async () => {
    const { authority, clock } = await made;
    const { serialNumber } = await authority.issue(request);
    const record = await authority.revoke(serialNumber, { reason: 'superseded' });
    clock.advance(1_000);
    for (const reason of ['keyCompromise', 'certificateHold'] as const) {
      expect(await rejection(authority.revoke(serialNumber, { reason }))).toMatchObject({
        code: 'ALREADY_REVOKED',
        facts: { serialNumber, reason: 'superseded' },
      });
    }
    expect(await codeOf(authority.release(serialNumber))).toBe('NOT_ON_HOLD');
    expect(await authority.get(serialNumber)).toEqual(record);
  });

  it('from several instances at once happens once', async () => {
    const { authority, another, events } = await createTestAuthority();
    const { serialNumber } = await authority.issue(request);
    const results = await Promise.allSettled(
      [authority, another(), another(), another()].map((one) => one.revoke(serialNumber)),
    );
    const lost = results.filter((result) => result.status === 'rejected');
    expect(lost.map(({ reason }) => (reason as { code: string }).code)).toEqual(new Array(3).fill('ALREADY_REVOKED'));
    const { items } = await events.pending({ limit: 10 });
    expect(items.filter(({ type }) => type === 'certificate.revoked')).toHaveLength(1);
  });

  it.each(['', '00', 'ff'.repeat(20), 'zz', '../internal/00', 'a\0', 'x'.repeat(100_000), undefined, 5])(
    'what was never issued is not found: %j',
    async (serial) => {
      const { authority } = await made;
      const given = serial as unknown as string;
      for (const attempt of [
        () => authority.revoke(given),
        () => authority.release(given),
        () => authority.get(given),
        () => authority.chainPem(given),
      ]) {
        const error = await rejection(attempt());
        expect(error).toMatchObject({ name: 'NotFoundError', code: 'CERTIFICATE_NOT_FOUND' });
        expect(error.message.length).toBeLessThan(250);
      }
    },
  );

  it.each([
    { reason: 'removeFromCRL' },
    { reason: 'bad luck' },
    { reason: 'constructor' },
    { reason: 5 },
    { invalidityDate: new Date(Number.NaN) },
    { invalidityDate: '2026-01-01' },
  ])('is refused with %j', async (options) => {
    const { authority } = await made;
    const { serialNumber } = await authority.issue(request);
    expect(await codeOf(authority.revoke(serialNumber, options as object))).toBe('INVALID_ARGUMENT');
    expect((await authority.get(serialNumber)).status).toBe('valid');
  });
});

describe('a hold', () => {
  it('is released, or becomes a revocation that keeps its date', async () => {
    const { authority, clock } = await createTestAuthority();
    const { serialNumber } = await authority.issue(request);
    const onCrl = async () => parseCrl((await authority.crl()).der).find(serialNumber)?.reason;
    const held = await authority.revoke(serialNumber, {
      reason: 'certificateHold',
      invalidityDate: new Date(clock.now()),
    });
    expect(held.status).toBe('onHold');
    expect(await onCrl()).toBe('certificateHold');
    expect(await codeOf(authority.revoke(serialNumber, { reason: 'certificateHold' }))).toBe('ALREADY_REVOKED');
    clock.advance(DAY);
    const released = await authority.release(serialNumber);
    expect(released.status).toBe('valid');
    expect([released.reason, released.revokedAt, released.invalidityDate]).toEqual([undefined, undefined, undefined]);
    expect(await onCrl()).toBeUndefined();
    expect(await codeOf(authority.release(serialNumber))).toBe('NOT_ON_HOLD');
    const heldAgain = await authority.revoke(serialNumber, { reason: 'certificateHold' });
    clock.advance(DAY);
    const revoked = await authority.revoke(serialNumber, { reason: 'keyCompromise' });
    expect(revoked).toMatchObject({ status: 'revoked', revokedAt: heldAgain.revokedAt });
    expect(await onCrl()).toBe('keyCompromise');
  });
});

it.each([
  ['after the year 9999', new Date(Date.UTC(10_000, 0, 1))],
  ['before the year 0', new Date(-8.64e15)],
  ['at no time', new Date(Number.NaN)],
  ['as text', '2026-01-01' as unknown as Date],
])('a key that was lost %s is refused, and the CRL goes on', async (_, invalidityDate) => {
  const { authority } = await createTestAuthority();
  const { serialNumber } = await authority.issue(request);
  expect(await codeOf(authority.revoke(serialNumber, { invalidityDate }))).toBe('INVALID_ARGUMENT');
  expect(await authority.get(serialNumber)).toMatchObject({ status: 'valid' });
  await expect(authority.crl()).resolves.toBeDefined();
});
