import { describe, expect, it, vi } from 'vitest';
import { ConflictError, type IssuanceDecision, type IssuancePolicy, type IssuanceRequest } from '../../src/index.ts';
import { parseCertificate } from '../../src/x509/certificate/certificate.ts';
import { rejection, violationsOf } from '../support/expect-error.ts';
import { createTestAuthority, DAY } from '../support/test-authority.ts';
import { testCsr, testKey } from '../support/test-keys.ts';

const made = createTestAuthority();
const under = async (policy: IssuancePolicy) => (await made).another({ policy });
const answering = (decision: unknown) => under(() => decision as IssuanceDecision);

describe('a policy of the host', () => {
  it('sees the whole request, after the built-in checks', async () => {
    const seen: IssuanceRequest[] = [];
    const authority = await under((request) => void seen.push(request));
    const csr = await testCsr({ names: ['a.example'] });
    const issued = await authority.issue({
      csr,
      profile: 'peer',
      subjectAltNames: ['A.example', 'ip:::1'],
      commonName: 'a.example',
      validity: { days: 3 },
      accountId: 'acct',
      metadata: { team: 'x' },
    });
    expect(seen).toEqual([
      {
        profile: 'peer',
        subject: 'CN=a.example',
        subjectAltNames: ['a.example', 'ip:::1'],
        keyAlgorithm: 'ECDSA-P256',
        publicKey: (await testKey()).publicKey.spki,
        csr,
        notBefore: issued.notBefore,
        notAfter: issued.notAfter,
        accountId: 'acct',
        metadata: { team: 'x' },
      },
    ]);
  });

  it('is not asked about what the built-in checks refuse', async () => {
    const policy = vi.fn<IssuancePolicy>();
    await rejection((await under(policy)).issue({ subjectAltNames: ['*.com'] }));
    expect(policy).not.toHaveBeenCalled();
  });

  it('may leave out names and bring the end forward', async () => {
    const { clock } = await made;
    const notAfter = new Date(clock.now() + 2 * DAY + 999);
    const authority = await answering({ subjectAltNames: ['b.example'], notAfter });
    const issued = await authority.issue({ subjectAltNames: ['a.example', 'b.example'] });
    expect(issued.subjectAltNames).toEqual(['b.example']);
    expect(issued.notAfter.getTime()).toBe(clock.now() + 2 * DAY);
    const certificate = parseCertificate(issued.certificatePem);
    expect(certificate.notAfter).toEqual(issued.notAfter);
    // What became short-lived by it is short-lived.
    expect(certificate.noRevAvail).toBe(true);
  });

  it.each([
    ['more names', { subjectAltNames: ['a.example', 'evil.example'] }, 'policy.widened=evil.example'],
    ['the same name in another spelling', { subjectAltNames: ['A.EXAMPLE'] }, 'policy.widened=A.EXAMPLE'],
    ['a later end', { notAfter: new Date('2099-01-01') }, 'policy.widened='],
    ['an end in the past', { notAfter: new Date('2020-01-01') }, 'policy.widened='],
    ['no names, where the profile wants one', { subjectAltNames: [] }, 'name.none='],
  ])('may not give %s', async (_, decision, violation) => {
    const authority = await answering(decision);
    const refused = await violationsOf(authority.issue({ subjectAltNames: ['a.example'] }));
    expect(refused.join()).toContain(violation);
  });

  it('may not leave out the name that the common name repeats', async () => {
    const authority = await answering({ subjectAltNames: ['b.example'] });
    const issue = authority.issue({ subjectAltNames: ['a.example', 'b.example'], commonName: 'a.example' });
    expect(await violationsOf(issue)).toEqual(['name.cn-not-in-san=a.example']);
  });

  it('refuses with reasons of its own', async () => {
    const refuse = [{ rule: 'host.blocked-key', value: 'k1', message: 'the key is on the blocklist' }];
    const error = await rejection((await answering({ refuse })).issue({ subjectAltNames: ['a.example'] }));
    expect(error).toMatchObject({ name: 'PolicyError', violations: refuse });
  });

  it.each([
    false,
    null,
    true,
    'no',
    0,
    [],
    { allow: false },
    { refuse: 'yes' },
    { notAfter: 'soon' },
    { notAfter: new Date(Number.NaN) },
  ])('whose answer is %j has not consented', async (answer) => {
    const authority = await answering(answer);
    expect(await violationsOf(authority.issue({ subjectAltNames: ['a.example'] }))).toEqual([
      'policy.malformed=server',
    ]);
  });

  it.each([undefined, {}, { refuse: [] }])('whose answer is %j has consented', async (answer) => {
    const authority = await answering(answer);
    await expect(authority.issue({ subjectAltNames: ['a.example'] })).resolves.toBeDefined();
  });

  it('that fails refuses, and its words stay in the cause', async () => {
    const boom = new TypeError('database password is hunter2');
    const authority = await under(() => Promise.reject(boom));
    const error = await rejection(authority.issue({ subjectAltNames: ['a.example'] }));
    expect(error).toMatchObject({ code: 'ISSUANCE_REFUSED', cause: boom });
    expect(error.message).not.toContain('hunter2');
  });

  it('may refuse with an error of the SDK', async () => {
    const own = new ConflictError('COMMIT_CONFLICT', 'later');
    const authority = await under(() => {
      throw own;
    });
    await expect(authority.issue({ subjectAltNames: ['a.example'] })).rejects.toBe(own);
  });

  it('cannot change what it is shown', async () => {
    const authority = await under((request) => {
      const writable = request as unknown as { subjectAltNames: string[]; notAfter: Date; publicKey: Uint8Array };
      writable.subjectAltNames.push('evil.example');
      writable.notAfter.setFullYear(2099);
      writable.publicKey.fill(0);
    });
    const publicKey = (await testKey()).publicKey.spki;
    const issued = await authority.issue({ publicKey, subjectAltNames: ['a.example'] });
    expect(issued.subjectAltNames).toEqual(['a.example']);
    expect(issued.notAfter.getFullYear()).toBe(2026);
    expect(parseCertificate(issued.certificatePem).spki).toEqual(publicKey);
  });

  it('leaves nothing written when it refuses', async () => {
    const { events } = await made;
    const before = (await events.pending({ limit: 1000 })).items.length;
    await rejection((await answering(false)).issue({ subjectAltNames: ['a.example'] }));
    expect((await events.pending({ limit: 1000 })).items).toHaveLength(before);
  });
});
