import { describe, expect, it } from 'vitest';
import { builtInProfiles, type CertificateValidity } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCertificate } from '../../src/x509/certificate/certificate.ts';
import { codeOf, violationsOf } from '../support/expect-error.ts';
import { createTestAuthority, DAY } from '../support/test-authority.ts';

const HOUR = 3_600_000;
const made = createTestAuthority();

async function issue(validity?: CertificateValidity, profile = 'server', under = made) {
  const { authority } = await under;
  const options = { subjectAltNames: ['a.example'], profile, ...(validity === undefined ? {} : { validity }) };
  return authority.issue(options);
}

describe('the validity of a certificate', () => {
  it('is 90 days by default, from five minutes ago', async () => {
    const { clock } = await made;
    const issued = await issue();
    expect(issued.notBefore.getTime()).toBe(clock.now() - 300_000);
    expect(issued.notAfter.getTime()).toBe(clock.now() + 90 * DAY);
    const certificate = parseCertificate(issued.certificatePem);
    expect([certificate.notBefore, certificate.notAfter]).toEqual([issued.notBefore, issued.notAfter]);
    expect((await issue(undefined, 'ocspResponder')).notAfter.getTime()).toBe(clock.now() + 14 * DAY);
  });

  it('is what was asked for, in days, hours or by an end', async () => {
    const { clock } = await made;
    expect((await issue({ days: 30 })).notAfter.getTime()).toBe(clock.now() + 30 * DAY);
    expect((await issue({ days: 0.5 })).notAfter.getTime()).toBe(clock.now() + 12 * HOUR);
    expect((await issue({ hours: 36 })).notAfter.getTime()).toBe(clock.now() + 36 * HOUR);
    const notAfter = new Date(clock.now() + 5 * DAY);
    expect((await issue({ notAfter })).notAfter).toEqual(notAfter);
  });

  it('is cut to whole seconds, as certificates hold them', async () => {
    const clock = new VirtualClock(1_767_225_600_789);
    const under = createTestAuthority({ clock });
    const issued = await issue({ notAfter: new Date(clock.now() + DAY + 210) }, 'server', under);
    expect(issued.notAfter.getTime()).toBe(1_767_225_600_000 + DAY);
    expect(issued.notBefore.getTime()).toBe(1_767_225_600_000 - 300_000);
  });

  it.each<[string, CertificateValidity, RegExp]>([
    [
      'an end in the past',
      { notAfter: new Date('2025-06-01T00:00:00Z') },
      /^validity\.past=2025-06-01T00:00:00\.000Z$/,
    ],
    ['an end at this instant', { notAfter: new Date('2026-01-01T00:00:00Z') }, /^validity\.past=2026-01-01/],
    ['no time at all', { hours: 0.0001 }, /^validity\.past=2026-01-01/],
    ['more than the profile allows', { days: 398 }, /^validity\.beyond-profile=2027-02-03/],
    ['more than any date', { days: 1e300 }, /^validity\.date=/],
  ])('is refused: %s', async (_, validity, violation) => {
    expect((await violationsOf(issue(validity)))[0]).toMatch(violation);
  });

  it.each([
    { days: 0 },
    { days: -1 },
    { days: Number.NaN },
    { days: Number.POSITIVE_INFINITY },
    { hours: '5' },
    { days: 1, hours: 1 },
    { notAfter: new Date(Number.NaN) },
    { notAfter: '2030-01-01' },
    {},
    5,
  ])('is refused where it is malformed: %j', async (validity) => {
    expect(await codeOf(issue(validity as unknown as CertificateValidity))).toBe('INVALID_ARGUMENT');
  });

  it("does not begin before the issuer's", async () => {
    const clock = new VirtualClock();
    const under = createTestAuthority({ clock });
    const { intermediate } = await under;
    clock.advance(1_000);
    expect((await issue(undefined, 'server', under)).notBefore).toEqual(
      new Date((intermediate.notBefore?.getTime() ?? 0) + 1_000),
    );
    clock.set(clock.now() - 60_000);
    expect((await issue(undefined, 'server', under)).notBefore).toEqual(intermediate.notBefore);
  });

  it("is clamped to the issuer's end by default; an explicit excess is refused", async () => {
    const under = createTestAuthority({ intermediate: { validityDays: 30 } });
    const { clock, intermediate } = await under;
    expect((await issue(undefined, 'server', under)).notAfter).toEqual(intermediate.notAfter);
    expect((await issue({ days: 30 }, 'server', under)).notAfter).toEqual(intermediate.notAfter);
    const beyond = new Date(clock.now() + 31 * DAY).toISOString();
    expect(await violationsOf(issue({ days: 31 }, 'server', under))).toEqual([`validity.beyond-issuer=${beyond}`]);
    clock.set((intermediate.notAfter as Date).getTime() + 1);
    expect(await codeOf(issue(undefined, 'server', under))).toBe('AUTHORITY_NOT_READY');
  });

  it('follows a profile of the host’s own', async () => {
    const short = { ...builtInProfiles.server, defaultValidityDays: 1, maximumValidityDays: 2 };
    const under = createTestAuthority({ profiles: { short } });
    const { clock } = await under;
    expect((await issue(undefined, 'short', under)).notAfter.getTime()).toBe(clock.now() + DAY);
    expect((await violationsOf(issue({ days: 3 }, 'short', under)))[0]).toMatch(/^validity\.beyond-profile=/);
  });
});

describe('a short-lived certificate', () => {
  it.each([
    [{ hours: 1 }, true],
    [{ days: 7 }, true],
    [{ hours: 7 * 24 + 1 }, false],
    [{ days: 90 }, false],
  ] as const)('of %j says that it needs no revocation: %s', async (validity, isShort) => {
    const certificate = parseCertificate((await issue(validity)).certificatePem);
    expect(certificate.noRevAvail).toBe(isShort);
    expect(certificate.crlDistributionPoints === undefined).toBe(isShort);
    expect(certificate.authorityInfoAccess).toBeDefined();
  });
});
