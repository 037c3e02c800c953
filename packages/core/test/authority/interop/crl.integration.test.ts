import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { CertificateAuthority, IssuedCertificate } from '../../../src/index.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { parseCertificate } from '../../../src/x509/certificate/certificate.ts';
import { parseCrl } from '../../../src/x509/crl/crl.ts';
import { buildGo } from '../../support/go-program.ts';
import { run } from '../../support/run-tool.ts';
import { createTestAuthority } from '../../support/test-authority.ts';
import { publicKeyPem, testKey } from '../../support/test-keys.ts';

const SHARDS = 2;
const HOUR = 3_600_000;
const program = buildGo(new URL('crl.go', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'chancery-crls-'));

afterAll(() => {
  program.remove();
  rmSync(folder, { recursive: true, force: true });
});

type Standing = 'good' | 'revoked';

function shardOf({ certificatePem }: IssuedCertificate): number | undefined {
  const text = JSON.stringify(parseCertificate(certificatePem).crlDistributionPoints);
  const digit = /-(\d)\.crl/.exec(text)?.[1];
  return digit === undefined ? undefined : Number(digit);
}

/** Two certificates of each standing in every scope, before the base and after it. */
async function makeSet(crlShards: number) {
  // Not every program can be told another time.
  const made = await createTestAuthority({ clock: new VirtualClock(Date.now() - HOUR), crls: { crlShards } });
  const { authority, root, intermediate, clock } = made;
  const publicKey = publicKeyPem(await testKey());
  const requests = Array.from({ length: 24 }, () => ({ subjectAltNames: ['a.example'], publicKey }));
  const issued = (await authority.issueMany(requests)).flatMap((one) =>
    one.status === 'fulfilled' ? [one.value] : [],
  );
  const scopes = crlShards === 1 ? [{}] : [{ shard: 0 }, { shard: 1 }];
  const standings = new Map<IssuedCertificate, { readonly atBase: Standing; readonly now: Standing }>();
  const change = (authority: CertificateAuthority, at: number, { serialNumber }: IssuedCertificate) => ({
    hold: () => authority.revoke(serialNumber, { reason: 'certificateHold' }),
    revoke: () => authority.revoke(serialNumber, { reason: at % 2 === 0 ? 'keyCompromise' : 'unspecified' }),
    release: () => authority.release(serialNumber),
  });
  for (const [at, one] of issued.entries()) {
    if (at % 4 === 1) await change(authority, at, one).hold();
    if (at % 4 === 2) await change(authority, at, one).revoke();
  }
  const bases = await Promise.all(scopes.map((scope) => authority.crl(scope)));
  await Promise.all(scopes.map((scope) => authority.crl({ ...scope, delta: true })));
  clock.advance(HOUR / 2);
  for (const [at, one] of issued.entries()) {
    const [atBase, now]: [Standing, Standing] = (
      [
        ['good', 'good'],
        ['revoked', 'good'],
        ['revoked', 'revoked'],
        ['good', 'revoked'],
      ] as const
    )[at % 4] as [Standing, Standing];
    standings.set(one, { atBase, now });
    if (at % 4 === 1) await change(authority, at, one).release();
    if (at % 4 === 3) await change(authority, at, one).revoke();
  }
  const deltas = await Promise.all(scopes.map((scope) => authority.crl({ ...scope, delta: true })));
  const complete = await Promise.all(scopes.map((scope) => authority.crl(scope)));
  return {
    standings,
    bases,
    deltas,
    complete,
    rootPem: root.certificatePem,
    intermediatePem: intermediate.certificatePem as string,
  };
}

const sets = [1, SHARDS].map((crlShards) => ({ crlShards, pending: makeSet(crlShards) }));

describe.each(sets)('CRLs of an intermediate with $crlShards of them', ({ crlShards, pending }) => {
  it('OpenSSL judges by base, by base and delta, and by the complete one, as the ledger says', async () => {
    const set = await pending;
    const file = (name: string, text: string) => {
      const path = join(folder, `${crlShards}-${name}`);
      writeFileSync(path, text);
      return path;
    };
    const pems = (crls: readonly { readonly pem: string }[]) => crls.map(({ pem }) => pem).join('');
    const root = file('root.pem', set.rootPem);
    const intermediate = file('intermediate.pem', set.intermediatePem);
    const trust = ['verify', '-x509_strict', '-CAfile', root, '-untrusted', intermediate, '-crl_check'];
    const judge = (leaf: string, crls: string, ...more: string[]): string => {
      const { status, output } = run('openssl', [...trust, ...more, '-CRLfile', crls, leaf]);
      if (status === 0) return 'good';
      return output.includes('certificate revoked') ? 'revoked' : output;
    };
    const base = file('base.crl', pems(set.bases));
    const both = file('both.crl', pems([...set.bases, ...set.deltas]));
    const complete = file('complete.crl', pems(set.complete));
    const foreign = crlShards === 1 ? undefined : set.complete.map((crl, at) => file(`foreign-${at}.crl`, crl.pem));
    for (const [one, { atBase, now }] of set.standings) {
      const leaf = file('leaf.pem', one.certificatePem);
      expect([
        judge(leaf, base),
        judge(leaf, base, '-extended_crl'),
        judge(leaf, both, '-extended_crl', '-use_deltas'),
        judge(leaf, complete),
      ]).toEqual([atBase, atBase, now, now]);
      const shard = shardOf(one);
      if (foreign === undefined || shard === undefined) continue;
      // The CRL of another shard is no answer.
      expect(judge(leaf, foreign[1 - shard] as string)).toMatch(/unable to get certificate CRL|different CRL scope/i);
    }
  });

  it('Go and GnuTLS verify them and read the same numbers and entries', async () => {
    const { bases, deltas, complete, intermediatePem } = await pending;
    const all = [...bases, ...deltas, ...complete];
    const manifest = JSON.stringify({ Issuer: intermediatePem, CRLs: all.map(({ pem }) => pem) });
    const { status, stdout, stderr } = spawnSync(program.path, { input: manifest, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    const verdicts = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const scope = crlShards === 1 ? [] : ['2.5.29.28'];
    expect(verdicts).toEqual(
      all.map(({ der, number, baseNumber }) => ({
        Error: '',
        Number: String(number),
        Serials: [...parseCrl(der).entries()].map(({ serialNumber }) => serialNumber),
        Critical: [...(baseNumber === undefined ? [] : ['2.5.29.27']), ...scope],
      })),
    );
    for (const [at, { pem, number }] of all.entries()) {
      const path = join(folder, `gnutls-${crlShards}-${at}.crl`);
      writeFileSync(path, pem);
      const { status: read, output } = run('certtool', ['--crl-info', '--infile', path]);
      expect([read, output.includes(number.toString(16))]).toEqual([0, true]);
    }
  });
});
