import { describe, expect, it } from 'vitest';
import type { CertificateRequest } from '../../src/index.ts';
import { faultInjector } from '../../src/testing/fault-injector.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCertificates } from '../../src/x509/certificate/certificate.ts';
import { codeOf, rejection, violationsOf } from '../support/expect-error.ts';
import { createTestAuthority, DAY } from '../support/test-authority.ts';
import { testCsr, testKey } from '../support/test-keys.ts';
import { createTestStorage } from '../support/test-storage.ts';

const csrDer = await testCsr({ names: ['a.example', 'b.example'] });
const request: CertificateRequest = { requestId: 'generation-1', csrDer, subjectAltNames: ['a.example', 'b.example'] };
const ledgerSize = async ({ authority }: Awaited<ReturnType<typeof createTestAuthority>>) =>
  (await authority.list({ limit: 1000 })).items.length;

describe('requestCertificate', () => {
  it('gives the same certificate however often and from wherever it is asked', async () => {
    const made = await createTestAuthority();
    const { authority, another, clock, events } = made;
    const first = await authority.requestCertificate({ ...request, validity: { days: 30 }, accountId: 'acct' });
    const { chainPem } = first as { chainPem: string };
    expect(parseCertificates(chainPem)).toHaveLength(2);
    clock.advance(DAY);
    const again = { ...request, subjectAltNames: ['b.example', 'a.example'], accountId: 'acct' };
    expect(await authority.requestCertificate(again)).toEqual(first);
    expect(await another().requestCertificate({ ...again, validity: { days: 29 } })).toEqual(first);
    expect(await ledgerSize(made)).toBe(1);
    expect((await events.pending({ limit: 10 })).items).toHaveLength(1);
    expect((await authority.list({ accountId: 'acct', limit: 1 })).items).toHaveLength(1);
  });

  it('asked from several instances at once issues once', async () => {
    const made = await createTestAuthority();
    const { authority, another } = made;
    const instances = [authority, another(), another(), another()];
    const answers = await Promise.all(
      [...instances, ...instances].map((instance) => instance.requestCertificate(request)),
    );
    expect(new Set(answers.map((answer) => (answer as { chainPem: string }).chainPem)).size).toBe(1);
    expect(await ledgerSize(made)).toBe(1);
  });

  it('is of another id another certificate', async () => {
    const made = await createTestAuthority();
    await made.authority.requestCertificate(request);
    await made.authority.requestCertificate({ ...request, requestId: 'generation-2' });
    expect(await ledgerSize(made)).toBe(2);
  });

  it('forgets an id once the certificate that it was answered with has ended', async () => {
    const made = await createTestAuthority();
    const { authority, clock } = made;
    const first = await authority.requestCertificate({ ...request, validity: { days: 10 } });
    clock.advance(10 * DAY - 1_000);
    expect(await authority.requestCertificate(request)).toEqual(first);
    clock.advance(1_000);
    expect(await authority.requestCertificate(request)).not.toEqual(first);
    expect(await ledgerSize(made)).toBe(2);
  });

  it('refuses an id that was used for another request', async () => {
    const made = await createTestAuthority();
    const { authority } = made;
    await authority.requestCertificate(request);
    const others: Partial<CertificateRequest>[] = [
      { csrDer: await testCsr({ key: await testKey('Ed25519') }) },
      { subjectAltNames: ['a.example'] },
      { profile: 'peer' },
      { accountId: 'acct' },
    ];
    for (const change of others) {
      expect(await rejection(authority.requestCertificate({ ...request, ...change }))).toMatchObject({
        code: 'REQUEST_ID_REUSED',
        facts: { requestId: 'generation-1' },
      });
    }
    expect(await ledgerSize(made)).toBe(1);
  });

  it('refuses what issue refuses, and can then be asked again', async () => {
    const made = await createTestAuthority();
    const { authority } = made;
    const bare = await testCsr({});
    expect(
      await violationsOf(authority.requestCertificate({ ...request, csrDer: bare, subjectAltNames: ['*.com'] })),
    ).toEqual(['name.wildcard.public=*.com']);
    await expect(authority.requestCertificate({ ...request, csrDer: bare })).resolves.toBeDefined();
  });

  it.each([
    { requestId: '' },
    { requestId: 'x'.repeat(257) },
    { requestId: 'é'.repeat(129) },
    { requestId: 'a\0b' },
    { requestId: '\ud800' },
    { requestId: 5 },
    { csrDer: 'PEM' },
    { csrDer: undefined },
    { subjectAltNames: 'a.example' },
    { subjectAltNames: undefined },
    { subjectAltNames: [5] },
  ])('refuses a malformed request: %j', async (change) => {
    const { authority } = await createTestAuthority();
    const malformed = { ...request, ...change } as unknown as CertificateRequest;
    expect(await codeOf(authority.requestCertificate(malformed))).toBe('INVALID_ARGUMENT');
  });

  it('keeps the ids of two authorities apart', async () => {
    const clock = new VirtualClock();
    const { storage } = createTestStorage(clock);
    const first = await createTestAuthority({ clock, storage });
    const second = await createTestAuthority({ clock, storage, name: 'second', keyring: first.keyring });
    const answers = [
      await first.authority.requestCertificate(request),
      await second.authority.requestCertificate(request),
    ];
    expect(answers[0]).not.toEqual(answers[1]);
  });

  it.each(['refuse', 'loseRequest', 'loseAnswer', 'landLate'] as const)(
    'survives a commit that meets %s, and a crash behind it',
    async (kind) => {
      const clock = new VirtualClock();
      const stored = createTestStorage(clock);
      const faults = faultInjector(stored.storage, { seed: 7 });
      const made = await createTestAuthority({ clock, storage: faults });
      faults.plan({ method: 'commit', kind, times: kind === 'refuse' ? 1 : 3 });
      const first = await made.authority.requestCertificate(request).catch((error: { code: string }) => error.code);
      faults.heal();
      await faults.settle();
      const after = await made.another().requestCertificate(request);
      if (typeof first !== 'string') expect(after).toEqual(first);
      expect(await ledgerSize(made)).toBe(1);
      expect((await made.events.pending({ limit: 10 })).items).toHaveLength(1);
    },
  );

  it('stops when it is aborted', async () => {
    const made = await createTestAuthority();
    const asked = made.authority.requestCertificate({ ...request, signal: AbortSignal.abort() });
    expect(await codeOf(asked)).toBe('ABORTED');
    expect(await ledgerSize(made)).toBe(0);
  });
});
