import { describe, expect, it } from 'vitest';
import type { CertificateRequestResult } from '../../../src/index.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import type { Script, ScriptedIssuer } from '../../support/scripted-issuer.ts';
import { createTestCertificates, DAY } from '../../support/test-certificates.ts';
import { testKey } from '../../support/test-keys.ts';

type Wrong = (issuer: ScriptedIssuer, now: number, before: string) => Script;

const signed =
  (change: (now: number) => Parameters<ScriptedIssuer['sign']>[1]): Wrong =>
  (issuer, now) =>
  async (request) => ({ chainPem: await issuer.sign(request, change(now)) });
const answer =
  (value: unknown): Wrong =>
  () =>
  async () =>
    value as CertificateRequestResult;

const otherKey = (await testKey('ECDSA-P384')).publicKey.spki;

/** What an issuer may give in place of what it was asked for. */
const WRONG: Readonly<Record<string, Wrong>> = {
  'another key': signed(() => ({ spki: otherKey })),
  'other names': signed(() => ({ names: ['evil.example'] })),
  'a name too many': signed(() => ({ names: ['a.example', 'b.example', 'c.example'] })),
  'a name too few': signed(() => ({ names: ['a.example'] })),
  'no names': signed(() => ({ names: [] })),
  'a certificate that has ended': signed((now) => ({ notBefore: now - 2 * DAY, notAfter: now - DAY })),
  'a certificate of the future': signed((now) => ({ notBefore: now + DAY })),
  'the chain upside down': (issuer) => async (request) => {
    const blocks = (await issuer.sign(request)).split(/(?<=-----END CERTIFICATE-----\n)/);
    return { chainPem: blocks.reverse().join('') };
  },
  'a chain of strangers': (issuer) => async (request) => {
    const [leaf] = (await issuer.sign(request)).split(/(?<=-----END CERTIFICATE-----\n)/);
    return { chainPem: `${leaf}${leaf}` };
  },
  'a CA': (issuer) => async (request) => {
    const [, ca] = (await issuer.sign(request)).split(/(?<=-----END CERTIFICATE-----\n)/);
    return { chainPem: ca as string };
  },
  'the certificate before': (_issuer, _now, before) => async () => ({ chainPem: before }),
  garbage: answer({ chainPem: 'garbage' }),
  'a page of HTML': answer({ chainPem: '<html>502 Bad Gateway</html>' }),
  'half a certificate': (issuer) => async (request) => ({ chainPem: (await issuer.sign(request)).slice(0, 400) }),
  'a chain without end': (issuer) => async (request) => {
    const [leaf = '', ca = ''] = (await issuer.sign(request)).split(/(?<=-----END CERTIFICATE-----\n)/);
    return { chainPem: leaf + ca.repeat(20) };
  },
  nothing: answer(undefined),
  'an empty object': answer({}),
  'a chain that is no text': answer({ chainPem: 7 }),
  'a time that is none': answer({ pending: true, retryAt: new Date(Number.NaN) }),
};

describe.each(Object.entries(WRONG))('an issuer that answers with %s', (_name, wrong) => {
  it('is refused; the old generation serves, and the next attempt asks anew with another key', async () => {
    const { certificates, issuer, clock } = createTestCertificates();
    const made = await certificates.create({ subjectAltNames: ['a.example', 'b.example'] });
    issuer.next(wrong(issuer, clock.now(), made.chainPem as string));
    const error = await rejection(certificates.renew(made.id));
    expect(error.code).toBe('ISSUER_ANSWER_REFUSED');
    expect(error.facts).toMatchObject({ certificateId: made.id, issuer: 'test' });
    const after = await certificates.get(made.id);
    expect(after).toMatchObject({ generation: 1, status: 'valid', renewing: false, chainPem: made.chainPem });
    expect((await certificates.served('b.example'))?.generation).toBe(1);
    // The renewal is planned: the job has nothing to resume, and begins anew.
    clock.advance(120_000);
    const [job] = await certificates.claimJobs({ queue: 'test', limit: 1, leaseMs: 60_000 });
    expect(await certificates.renew(job!)).toMatchObject({ outcome: 'renewed' });
    const [, refused, next] = issuer.requests;
    expect(next?.requestId).not.toBe(refused?.requestId);
    expect(await certificates.get(made.id)).toMatchObject({ generation: 2 });
  });

  it('at the first issue makes it fail, and trying again asks anew', async () => {
    const { certificates, issuer, clock } = createTestCertificates();
    // Nothing was issued before: this is only a wrong answer where there is a generation.
    if (_name === 'the certificate before') return;
    issuer.next(wrong(issuer, clock.now(), ''));
    expect(await codeOf(certificates.create({ subjectAltNames: ['a.example', 'b.example'] }))).toBe(
      'ISSUER_ANSWER_REFUSED',
    );
    const [failed] = (await certificates.list({ limit: 1 })).items;
    expect(failed).toMatchObject({ status: 'failed', failure: { code: 'ISSUER_ANSWER_REFUSED' } });
    expect(await certificates.renew(failed!.id)).toMatchObject({ generation: 1, status: 'valid' });
  });
});

it('an answer that is right but for the key kept, once more, is no renewal', async () => {
  const { certificates, issuer } = createTestCertificates();
  const made = await certificates.create({ subjectAltNames: ['a.example'] });
  issuer.next(async () => ({ chainPem: made.chainPem as string }));
  const error = await rejection(certificates.renew(made.id, { rekey: false }));
  expect(error.code).toBe('ISSUER_ANSWER_REFUSED');
  expect(error.message).toContain('the certificate in force');
});
