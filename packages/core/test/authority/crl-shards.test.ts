import { describe, expect, it } from 'vitest';
import { CertificateAuthority, LocalKeyring } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCertificate } from '../../src/x509/certificate/certificate.ts';
import { parseCrl } from '../../src/x509/crl/crl.ts';
import { decodeFreshestCrl } from '../../src/x509/extensions/crl-distribution-points.ts';
import { findExtension } from '../../src/x509/extensions/extension.ts';
import { decodeIssuingDistributionPoint } from '../../src/x509/extensions/issuing-distribution-point.ts';
import { crlJudge } from '../support/crl-judge.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { addIntermediate, BASE_URL, createTestAuthority, DAY, sharedRoot } from '../support/test-authority.ts';
import { publicKeyPem, testKey } from '../support/test-keys.ts';
import { createTestStorage } from '../support/test-storage.ts';

const SHARDS = 3;
const request = { subjectAltNames: ['a.example'] };

async function sharded() {
  const made = await createTestAuthority({ crls: { crlShards: SHARDS } });
  const publicKey = publicKeyPem(await testKey());
  // So many that no shard stays without one, but once in ten billion runs.
  const results = await made.authority.issueMany(Array.from({ length: 60 }, () => ({ ...request, publicKey })));
  const issued = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const pointOf = (pem: string) => {
    const [point] = parseCertificate(pem).crlDistributionPoints ?? [];
    const name = point?.distributionPoint;
    return name !== undefined && 'fullName' in name ? (name.fullName[0]?.value as string) : '';
  };
  const shardOf = (pem: string) => Number(/-(\d)\.crl$/.exec(pointOf(pem))?.[1]);
  return { ...made, issued, pointOf, shardOf };
}

describe('an intermediate whose CRL is divided into shards', () => {
  it('has each certificate point to the CRL of its shard, which says that it is that one', async () => {
    const { authority, intermediate, issued, pointOf, shardOf } = await sharded();
    expect(intermediate.crlShards).toBe(SHARDS);
    expect(new Set(issued.map(({ certificatePem }) => shardOf(certificatePem))).size).toBe(SHARDS);
    for (let shard = 0; shard < SHARDS; shard++) {
      const { extensions } = parseCrl((await authority.crl({ shard })).der);
      const scope = findExtension(extensions, 'issuingDistributionPoint');
      expect(scope?.critical).toBe(true);
      const url = `${BASE_URL}/${intermediate.keyIdentifier}-${shard}.crl`;
      const distributionPoint = { fullName: [{ kind: 'uri', value: url }] };
      expect(decodeIssuingDistributionPoint(scope?.value as Uint8Array)).toEqual({
        distributionPoint,
        onlyContainsUserCerts: false,
        onlyContainsCACerts: false,
        indirectCRL: false,
        onlyContainsAttributeCerts: false,
      });
      const freshest = findExtension(extensions, 'freshestCRL')?.value as Uint8Array;
      expect(decodeFreshestCrl(freshest)).toEqual([
        { distributionPoint: { fullName: [{ kind: 'uri', value: url.replace('.crl', '-delta.crl') }] } },
      ]);
      for (const { certificatePem } of issued)
        if (shardOf(certificatePem) === shard) expect(pointOf(certificatePem)).toBe(url);
    }
  });

  it('lists a revocation in its own shard alone, and leaves the CRLs of the others as they are', async () => {
    const { authority, another, clock, issued, shardOf } = await sharded();
    const judge = await crlJudge(authority, clock);
    const all = () => Promise.all(Array.from({ length: SHARDS }, (_, shard) => authority.crl({ shard })));
    const before = await all();
    const [revoked] = issued as [(typeof issued)[0]];
    const own = shardOf(revoked.certificatePem);
    await another().revoke(revoked.serialNumber);
    const after = await all();
    for (let shard = 0; shard < SHARDS; shard++) {
      if (shard !== own) expect(after[shard]).toEqual(before[shard]);
      expect(parseCrl(after[shard]?.der as Uint8Array).size).toBe(shard === own ? 1 : 0);
    }
    for (const one of issued) {
      const expected = one === revoked ? 'revoked' : 'good';
      const crl = after[shardOf(one.certificatePem)]?.der as Uint8Array;
      expect(await judge(one, [crl])).toBe(expected);
      // The CRL of another shard says nothing about it.
      const other = after[(shardOf(one.certificatePem) + 1) % SHARDS]?.der as Uint8Array;
      expect(await judge(one, [other])).toBe('unknown');
    }
    expect((await authority.crls()).length).toBe(SHARDS);
  });

  it('rebuilds one shard from the ledger without the entries of the others', async () => {
    const { authority, issued, shardOf } = await sharded();
    for (const { serialNumber } of issued) await authority.revoke(serialNumber, { reason: 'superseded' });
    for (let shard = 0; shard < SHARDS; shard++) {
      const listed = [...parseCrl((await authority.crl({ shard })).der).entries()].map((entry) => entry.serialNumber);
      const expected = issued.filter(({ certificatePem }) => shardOf(certificatePem) === shard);
      expect(listed.sort()).toEqual(expected.map(({ serialNumber }) => serialNumber).sort());
    }
  });

  it('asks which shard is meant', async () => {
    const { authority, intermediate } = await sharded();
    for (const shard of [undefined, -1, 3, 1.5, Number.NaN, '1' as unknown as number]) {
      const options = shard === undefined ? {} : { shard };
      expect(await rejection(authority.crl(options))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(`0 to ${SHARDS - 1}, not ${shard}`),
        facts: { intermediate: intermediate.id, crlShards: SHARDS },
      });
    }
  });

  it('keeps its pointers though the authority is told another baseUrl later', async () => {
    const { another, intermediate, pointOf } = await sharded();
    const moved = another({ baseUrl: 'http://elsewhere.example' });
    const { certificatePem } = await moved.issue(request);
    expect(pointOf(certificatePem)).toMatch(new RegExp(`^${BASE_URL}/${intermediate.keyIdentifier}-\\d.crl$`));
    const [, freshest] = parseCrl((await moved.crl({ shard: 0 })).der).extensions.filter(({ oid }) =>
      ['2.5.29.28', '2.5.29.46'].includes(oid),
    );
    expect(JSON.stringify(decodeFreshestCrl(freshest?.value as Uint8Array))).toContain(BASE_URL);
  });

  it('lets the entries of a shard expire, though another shard is signed more often', async () => {
    const { authority, clock, issued, shardOf } = await sharded();
    const [first] = issued as [(typeof issued)[0]];
    const shard = shardOf(first.certificatePem);
    await authority.revoke(first.serialNumber);
    const sizes: number[] = [];
    for (let step = 0; step < 30; step++) {
      for (let each = 0; each < SHARDS; each++) {
        const { size } = parseCrl((await authority.crl({ shard: each })).der);
        if (each === shard) sizes.push(size);
        else expect(size).toBe(0);
      }
      clock.advance(4 * DAY);
    }
    // 90 days are 22.5 steps; the CRL of the 23rd was issued after the end, and the 24th is without it.
    expect(sizes).toEqual([...new Array(24).fill(1), ...new Array(6).fill(0)]);
  });
});

describe('an intermediate with one CRL', () => {
  it('has none of this in its CRL but the pointer to delta CRLs', async () => {
    const { authority, intermediate } = await createTestAuthority();
    expect(intermediate.crlShards).toBe(1);
    const { extensions } = parseCrl((await authority.crl({ shard: 0 })).der);
    expect(findExtension(extensions, 'issuingDistributionPoint')).toBeUndefined();
    const url = `${BASE_URL}/${intermediate.keyIdentifier}-delta.crl`;
    expect(decodeFreshestCrl(findExtension(extensions, 'freshestCRL')?.value as Uint8Array)).toEqual([
      { distributionPoint: { fullName: [{ kind: 'uri', value: url }] } },
    ]);
    expect(await codeOf(authority.crl({ shard: 1 }))).toBe('INVALID_ARGUMENT');
  });

  it('points to no delta CRLs where it was told not to, or nothing is served', async () => {
    const quiet = await createTestAuthority({ crls: { deltaCrls: false } });
    const clock = new VirtualClock();
    const unserved = new CertificateAuthority({ ...createTestStorage(clock), keyring: LocalKeyring.generate(), clock });
    await addIntermediate(unserved, await sharedRoot());
    for (const authority of [quiet.authority, unserved])
      expect(findExtension(parseCrl((await authority.crl()).der).extensions, 'freshestCRL')).toBeUndefined();
  });
});

describe('installIntermediate', () => {
  it.each([0, -1, 1.5, 257, Number.NaN, '2' as unknown as number])('refuses %s shards', async (crlShards) => {
    const { authority, root } = await createTestAuthority();
    const asked = await authority.requestIntermediate({ subject: 'CN=Second CA' });
    const { certificatePem } = await root.signIntermediate(asked.csrPem);
    const options = { certificatePem, trustAnchorsPem: root.certificatePem, crlShards };
    expect(await codeOf(authority.installIntermediate(asked.id, options))).toBe('INVALID_ARGUMENT');
    const states = (await authority.intermediates()).map(({ state }) => state);
    expect(states.sort()).toEqual(['active', 'requested']);
  });

  it('refuses shards that no certificate could point to, in a bootstrap before anything is made', async () => {
    const clock = new VirtualClock();
    const authority = new CertificateAuthority({
      ...createTestStorage(clock),
      keyring: LocalKeyring.generate(),
      clock,
    });
    const saved: unknown[] = [];
    const options = {
      organization: 'Example',
      passphrase: 'correct horse battery staple',
      saveRoot: async (file: Uint8Array) => void saved.push(file),
    };
    expect(await rejection(authority.bootstrap({ ...options, crlShards: 4 }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('baseUrl'),
    });
    expect(saved).toEqual([]);
  });

  it('takes them from a bootstrap', async () => {
    const clock = new VirtualClock();
    const storage = createTestStorage(clock).storage;
    const authority = new CertificateAuthority({ storage, keyring: LocalKeyring.generate(), clock, baseUrl: BASE_URL });
    const { root, intermediate } = await authority.bootstrap({
      organization: 'Example',
      passphrase: 'correct horse battery staple',
      saveRoot: async () => undefined,
      crlShards: 2,
      deltaCrls: false,
    });
    root.close();
    expect(intermediate.crlShards).toBe(2);
    const { extensions } = parseCrl((await authority.crl({ shard: 1 })).der);
    expect(findExtension(extensions, 'issuingDistributionPoint')).toBeDefined();
    expect(findExtension(extensions, 'freshestCRL')).toBeUndefined();
  });
});
