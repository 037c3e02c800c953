import { X509Certificate } from 'node:crypto';
import { calculateJwkThumbprint, decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import type { DpopProof, SenderProof } from '../../../src/accounts/proofs/proof.ts';
import { type AuthenticateOptions, authenticate } from '../../../src/accounts/sessions/authenticate.ts';
import { refreshSession } from '../../../src/accounts/sessions/refresh-session.ts';
import type { CertificateStatusSource } from '../../../src/ports/certificate-status.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { createTestAuthority } from '../../support/test-authority.ts';
import { storageSize } from '../../support/test-storage.ts';
import { DpopClient } from '../support/dpop-client.ts';
import { addAccount, createSessionBed, MINUTE, open } from '../support/session-bed.ts';

const derOf = (pem: string) => new Uint8Array(new X509Certificate(pem).raw);
const URL_ = 'https://app.example/orders';

describe('a session bound to a DPoP key', () => {
  async function bound() {
    const bed = createSessionBed();
    const client = new DpopClient(bed.clock);
    const session = await open(bed.context, await addAccount(bed.context), { proof: await client.prove() });
    const { accessToken } = session;
    const prove = (contents = {}) => client.prove({ method: 'GET', url: URL_, accessToken, ...contents });
    const judge = (options: AuthenticateOptions) => authenticate(bed.context, accessToken, options);
    return { ...bed, client, session, accessToken, prove, judge };
  }

  it('is good with a proof, and says so', async () => {
    const { accessToken, prove, judge, client } = await bound();
    expect(decodeJwt(accessToken).cnf).toEqual({ jkt: await calculateJwkThumbprint(await client.jwk()) });
    expect((await judge({ proof: await prove() })).boundTo).toEqual(['dpop']);
    expect((await judge({ proof: await prove(), mode: 'offline' })).boundTo).toEqual(['dpop']);
  });

  it.each(['strict', 'offline'] as const)('is no good without one in mode %s', async (mode) => {
    const { clock, accessToken, prove, judge } = await bound();
    const thief = new DpopClient(clock);
    const certificate = derOf((await createTestAuthority()).root.certificatePem);
    expect(await codeOf(judge({ mode }))).toBe('PROOF_REQUIRED');
    expect(await codeOf(judge({ mode, proof: { certificate } }))).toBe('PROOF_REQUIRED');
    const stolen = await thief.prove({ method: 'GET', url: URL_, accessToken });
    expect(await codeOf(judge({ mode, proof: stolen }))).toBe('PROOF_INVALID');
    for (const changed of [
      { method: 'POST' },
      { url: 'https://app.example/Orders' },
      { url: 'https://app.example:8443/orders' },
    ])
      expect(await codeOf(judge({ mode, proof: { ...(await prove()), ...changed } }))).toBe('PROOF_INVALID');
    expect(await codeOf(judge({ mode, proof: await prove({ accessToken: 'another' }) }))).toBe('PROOF_INVALID');
    expect(await codeOf(judge({ mode, proof: {} as DpopProof }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(judge({ mode, proof: { ...(await prove()), certificate } as SenderProof }))).toBe(
      'INVALID_ARGUMENT',
    );
  });

  it('takes a proof once, whichever instance sees it', async () => {
    const { another, accessToken, prove, clock } = await bound();
    const instances = [another(), another(), another()];
    const proof = await prove();
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, (_, at) => authenticate(instances[at % 3] as never, accessToken, { proof })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason.code).toBe('PROOF_REPLAYED');
    clock.advance(MINUTE);
    expect(await codeOf(authenticate(another(), accessToken, { proof }))).toBe('PROOF_REPLAYED');
  });

  it('never takes a proof again, at whatever instant and by whichever clock', async () => {
    // Tokens of a little in the future are good here, so that the proof alone is judged.
    const { storage, context, clock, another } = createSessionBed({ clockToleranceMs: MINUTE });
    const client = new DpopClient(clock);
    const { accessToken } = await open(context, await addAccount(context), { proof: await client.prove() });
    const skewMs = 30_000;
    const start = clock.now();
    const proof = await client.prove({ accessToken });
    await authenticate(another(), accessToken, { proof });
    for (let at = 0; at <= 4 * MINUTE; at += storageSize(5_000, 20_000)) {
      clock.set(start + at);
      for (const skew of [-skewMs, 0, skewMs]) {
        const instance = another({ storage, clock: new VirtualClock(clock.now() + skew) });
        expect(await codeOf(authenticate(instance, accessToken, { proof }))).toMatch(/^PROOF_(REPLAYED|INVALID)$/);
      }
    }
  });

  it('does not open with the proof that opened it', async () => {
    const { context, clock } = createSessionBed();
    const client = new DpopClient(clock);
    const [one, two] = [await addAccount(context), await addAccount(context)];
    const proof = await client.prove();
    await open(context, one, { proof });
    expect(await codeOf(open(context, two, { proof }))).toBe('PROOF_REPLAYED');
    const race = await client.prove();
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => open(context, one, { proof: race })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('a bearer', () => {
  it('is no holder of a key: a proof with its token is refused', async () => {
    const { context, clock } = createSessionBed();
    const client = new DpopClient(clock);
    const session = await open(context, await addAccount(context));
    const { accessToken } = session;
    const proof = await client.prove({ accessToken });
    expect(await codeOf(authenticate(context, accessToken, { proof }))).toBe('PROOF_INVALID');
    expect(await codeOf(refreshSession(context, { ...session, proof: await client.prove() }))).toBe('PROOF_INVALID');
  });

  it('is refused where a binding is required', async () => {
    const { context, clock } = createSessionBed({ requireSenderConstraint: true });
    const accountId = await addAccount(context);
    expect(await codeOf(open(context, accountId))).toBe('PROOF_REQUIRED');
    expect(await codeOf(open(context, accountId, { bindingSecret: true }))).toBe('PROOF_REQUIRED');
    await open(context, accountId, { proof: await new DpopClient(clock).prove() });
  });
});

describe('a session bound to a client certificate', () => {
  it('is good with that certificate and no other', async () => {
    const { authority, root } = await createTestAuthority();
    const issue = async () =>
      (await authority.issue({ profile: 'client', subjectAltNames: ['a.example'] })).certificatePem;
    const [mine, other] = [await issue(), await issue()];
    const { context } = createSessionBed();
    const session = await open(context, await addAccount(context), { proof: { certificate: derOf(mine) } });
    const { accessToken } = session;
    const thumbprint = Buffer.from(new X509Certificate(mine).fingerprint256.replaceAll(':', ''), 'hex').toString(
      'base64url',
    );
    expect(decodeJwt(accessToken).cnf).toEqual({ 'x5t#S256': thumbprint });
    expect(session.tokenType).toBe('Bearer');
    const judge = (options: AuthenticateOptions) => authenticate(context, accessToken, options);
    expect((await judge({ proof: { certificate: mine } })).boundTo).toEqual(['certificate']);
    expect(await codeOf(judge({}))).toBe('PROOF_REQUIRED');
    expect(await codeOf(judge({ proof: { certificate: other } }))).toBe('PROOF_INVALID');
    expect(await codeOf(judge({ proof: { certificate: root.certificatePem } }))).toBe('PROOF_INVALID');
    expect(await codeOf(refreshSession(context, session))).toBe('PROOF_REQUIRED');
    expect(await codeOf(refreshSession(context, { ...session, proof: { certificate: other } }))).toBe('PROOF_INVALID');
    const next = await refreshSession(context, { ...session, proof: { certificate: mine } });
    const again = await refreshSession(context, { ...session, proof: { certificate: mine } });
    expect(again.refreshToken).toBe(next.refreshToken);
  });
});

describe('a session bound to a managed certificate', () => {
  it('ends with the revocation, by the ledger of an authority', async () => {
    const { authority, clock } = await createTestAuthority();
    const issued = await authority.issue({ profile: 'client', subjectAltNames: ['a.example'] });
    const { context } = createSessionBed({ certificateStatus: authority.certificateStatus(), clock });
    const proof = { certificate: derOf(issued.certificatePem), managed: true };
    const { accessToken } = await open(context, await addAccount(context), { proof });
    expect(decodeJwt(accessToken).cnf).toEqual({ 'urn:chancery:certificate': issued.serialNumber });
    const judge = () => authenticate(context, accessToken, { proof, mode: 'offline' });
    expect((await judge()).boundTo).toEqual(['managedCertificate']);
    await authority.revoke(issued.serialNumber, { reason: 'certificateHold' });
    expect((await rejection(judge())).message).toContain('revoked');
    await authority.release(issued.serialNumber);
    await judge();
    await authority.revoke(issued.serialNumber, { reason: 'keyCompromise' });
    expect(await codeOf(judge())).toBe('PROOF_INVALID');
    expect(await codeOf(open(context, await addAccount(context), { proof }))).toBe('PROOF_INVALID');
  });

  it('is no good with a certificate that merely has its serial number, or has expired', async () => {
    const { authority, clock } = await createTestAuthority();
    const foreign = await createTestAuthority();
    const issued = await authority.issue({ profile: 'client', subjectAltNames: ['a.example'] });
    const status = authority.certificateStatus();
    const der = derOf(issued.certificatePem);
    expect(await status.identify(der)).toEqual({ certificateId: issued.serialNumber, status: 'good' });
    const changed = Uint8Array.from(der);
    changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
    expect(await status.identify(changed)).toBeUndefined();
    const other = await foreign.authority.issue({ profile: 'client', subjectAltNames: ['a.example'] });
    expect(await status.identify(derOf(other.certificatePem))).toBeUndefined();
    clock.advance(91 * 86_400_000);
    expect(await status.identify(der)).toEqual({ certificateId: issued.serialNumber, status: 'revoked' });
    expect(await codeOf(status.identify(der, { signal: AbortSignal.abort() }))).toBe('ABORTED');
  });

  it('outlives a renewal, and fails closed', async () => {
    const { authority } = await createTestAuthority();
    const pems = [];
    for (let at = 0; at < 4; at++)
      pems.push((await authority.issue({ profile: 'client', subjectAltNames: ['a.example'] })).certificatePem);
    const [first = '', renewed = '', foreign = '', unknown = ''] = pems;
    const known = new Map(
      [
        [first, 'one'],
        [renewed, 'one'],
        [foreign, 'two'],
      ].map(([pem, id]) => [Buffer.from(derOf(pem as string)).toString('hex'), id as string]),
    );
    let fault: unknown;
    const certificateStatus: CertificateStatusSource = {
      async identify(der) {
        if (fault !== undefined) throw fault;
        const certificateId = known.get(Buffer.from(der).toString('hex'));
        return certificateId === undefined ? undefined : { certificateId, status: 'good' };
      },
    };
    const { context, another } = createSessionBed({ certificateStatus });
    const session = await open(context, await addAccount(context), { proof: { certificate: first, managed: true } });
    const judge = (certificate: string, instance = context) =>
      authenticate(instance, session.accessToken, { proof: { certificate } });
    await judge(first);
    await judge(renewed);
    expect(await codeOf(judge(foreign))).toBe('PROOF_INVALID');
    expect(await codeOf(judge(unknown))).toBe('PROOF_INVALID');
    expect(await codeOf(authenticate(context, session.accessToken))).toBe('PROOF_REQUIRED');
    await refreshSession(context, { ...session, proof: { certificate: renewed } });
    fault = new Error('the registry is down');
    expect(await codeOf(judge(first))).toBe('PROOF_INVALID');
    const blind = another({ certificateStatus: { identify: async () => undefined } });
    expect(await codeOf(judge(first, blind))).toBe('PROOF_INVALID');
    const without = createSessionBed().context;
    const proof = { certificate: first, managed: true };
    expect(await codeOf(open(without, await addAccount(without), { proof }))).toBe('PROOF_INVALID');
  });
});

describe('a session bound to a secret', () => {
  it('is good with the secret alone: what is missing equals nothing', async () => {
    const { context } = createSessionBed();
    const accountId = await addAccount(context);
    const session = await open(context, accountId, { bindingSecret: true });
    const other = await open(context, accountId, { bindingSecret: true });
    const { accessToken, refreshToken, bindingSecret = '' } = session;
    expect(bindingSecret).toMatch(/^[\w-]{43}$/);
    const wrong: unknown[] = [
      undefined,
      null,
      '',
      'undefined',
      'null',
      bindingSecret.slice(1),
      `${bindingSecret}A`,
      other.bindingSecret,
      decodeJwt<{ cnf: Record<string, string> }>(accessToken).cnf['urn:chancery:secret'],
      [bindingSecret],
      {},
    ];
    for (const mode of ['strict', 'offline'] as const) {
      expect((await authenticate(context, accessToken, { mode, bindingSecret })).boundTo).toEqual(['bindingSecret']);
      expect(await codeOf(authenticate(context, accessToken, { mode }))).toBe('BINDING_REQUIRED');
      for (const each of wrong)
        expect(await codeOf(authenticate(context, accessToken, { mode, bindingSecret: each as string }))).toBe(
          'BINDING_REQUIRED',
        );
    }
    expect(await codeOf(refreshSession(context, { refreshToken }))).toBe('BINDING_REQUIRED');
    await refreshSession(context, { refreshToken, bindingSecret });
  });

  it('is not told from a bearer where a refresh token comes twice', async () => {
    const { context } = createSessionBed();
    const session = await open(context, await addAccount(context), { bindingSecret: true });
    const { bindingSecret = '' } = session;
    await refreshSession(context, { ...session, bindingSecret });
    expect(await codeOf(refreshSession(context, { ...session, bindingSecret }))).toBe('REFRESH_TOKEN_REUSED');
  });

  it('can be bound to a key besides, and needs both', async () => {
    const { context, clock } = createSessionBed();
    const client = new DpopClient(clock);
    const session = await open(context, await addAccount(context), {
      bindingSecret: true,
      proof: await client.prove(),
    });
    const { accessToken, bindingSecret = '' } = session;
    const proof = () => client.prove({ accessToken });
    expect((await authenticate(context, accessToken, { bindingSecret, proof: await proof() })).boundTo).toEqual([
      'dpop',
      'bindingSecret',
    ]);
    expect(await codeOf(authenticate(context, accessToken, { proof: await proof() }))).toBe('BINDING_REQUIRED');
    expect(await codeOf(authenticate(context, accessToken, { bindingSecret }))).toBe('PROOF_REQUIRED');
  });
});
