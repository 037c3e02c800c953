import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { buildGo } from '../../support/go-program.ts';
import { CA_KEYS, HOST, makeInteropPki, removeInteropFolders } from '../../support/interop-pki.ts';

const program = buildGo(new URL('verify.go', import.meta.url));

afterAll(() => {
  removeInteropFolders();
  program.remove();
});

interface Verdict {
  readonly Title: string;
  readonly Name: string;
  readonly Error: string;
  readonly Serial: string;
  readonly Names: string[] | null;
  readonly Revoked: string[] | null;
}

/** Asks the program, which needs nothing but the standard library, about a manifest. */
function askGo(manifest: unknown): Verdict[] {
  const { status, stdout, stderr } = spawnSync(program.path, { input: JSON.stringify(manifest), encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Verdict);
}

describe("Go's crypto/x509", () => {
  it('verifies every chain and every CRL, and reads the same names and serial numbers', async () => {
    const constraints = {
      nameConstraints: {
        permitted: ['example.com', 'ip:10.0.0.0/8', 'ip:2001:db8::/32', 'email:example.com', 'uri:example.com'],
      },
    };
    const pkis = [];
    for (const caKey of CA_KEYS) pkis.push({ title: caKey as string, pki: await makeInteropPki(caKey) });
    pkis.push({ title: 'constrained', pki: await makeInteropPki('ECDSA-P256', constraints) });
    const named = new Set(['server', 'nameless', 'short-lived', 'peer']);
    const manifest = pkis.map(({ title, pki }) => ({
      Title: title,
      Root: pki.rootPem,
      Intermediate: pki.intermediatePem,
      RootCRL: pki.crls.root,
      IntermediateCRL: pki.crls.intermediate,
      Leaves: [
        ...pki.leaves.map(({ name, pem, profile }) => ({
          Name: name,
          Pem: pem,
          Usage: profile,
          DNSName: named.has(name) ? HOST : '',
        })),
        // What must fail shows that the program judges at all.
        { Name: 'wrong-host', Pem: pki.leaves[0]?.pem, Usage: 'server', DNSName: 'other.example' },
        { Name: 'wrong-usage', Pem: pki.leaves[0]?.pem, Usage: 'codeSigning', DNSName: '' },
      ],
    }));
    const verdicts = askGo(manifest);
    for (const { title, pki } of pkis) {
      const of = (name: string) => verdicts.find((verdict) => verdict.Title === title && verdict.Name === name);
      for (const { name, serialNumber } of pki.leaves)
        expect(of(name)).toMatchObject({ Name: name, Error: '', Serial: serialNumber });
      expect(of('server')?.Names).toEqual([
        HOST,
        '*.b.example.com',
        'ip:10.0.0.1',
        'ip:2001:db8::1',
        'uri:spiffe://example.com/x',
      ]);
      expect(of('client')?.Names).toEqual([HOST, 'email:ann@example.com']);
      expect(of('wrong-host')?.Error).toContain('not other.example');
      expect(of('wrong-usage')?.Error).toContain('incompatible key usage');
      expect(of('root.crl')).toMatchObject({ Error: '', Revoked: [] });
      const revoked = pki.leaves
        .filter(({ standing }) => standing === 'revoked')
        .map(({ serialNumber }) => serialNumber);
      expect(of('intermediate.crl')).toMatchObject({ Error: '' });
      expect(of('intermediate.crl')?.Revoked?.sort()).toEqual(revoked.sort());
    }
  });
});
