import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { CA_KEYS, HOST, makeInteropPki, removeInteropFolders } from '../../support/interop-pki.ts';
import { run } from '../../support/run-tool.ts';

afterAll(removeInteropFolders);

describe.each(CA_KEYS.map((caKey) => ({ caKey, pending: makeInteropPki(caKey) })))(
  'GnuTLS, CAs with keys of $caKey',
  ({ pending }) => {
    it('verifies every chain, and finds the revoked by the CRLs', async () => {
      const { leaves, path, intermediatePem } = await pending;
      for (const { name, pem, standing } of leaves) {
        writeFileSync(path('chain.pem'), pem + intermediatePem);
        const trust = ['--verify', '--load-ca-certificate', path('root.pem'), '--infile', path('chain.pem')];
        expect([name, run('certtool', trust)]).toMatchObject([name, { status: 0 }]);
        const { status, output } = run('certtool', [...trust, '--load-crl', path('crls.pem')]);
        expect([name, status === 0, /revoked/i.test(output)]).toEqual([name, standing === 'good', standing !== 'good']);
      }
    });

    it('checks the host name and the purpose', async () => {
      const { path, leaves, intermediatePem } = await pending;
      const check = (name: string, ...more: string[]) => {
        writeFileSync(path('chain.pem'), (leaves.find((leaf) => leaf.name === name)?.pem ?? '') + intermediatePem);
        return run('certtool', [
          '--verify',
          '--load-ca-certificate',
          path('root.pem'),
          '--infile',
          path('chain.pem'),
          ...more,
        ]).status;
      };
      expect(check('server', '--verify-hostname', HOST, '--verify-purpose', '1.3.6.1.5.5.7.3.1')).toBe(0);
      expect(check('server', '--verify-hostname', 'other.example')).not.toBe(0);
      expect(check('client', '--verify-purpose', '1.3.6.1.5.5.7.3.1')).not.toBe(0);
    });

    it('verifies the CRLs', async () => {
      const { path, leaves } = await pending;
      for (const issuer of ['root', 'intermediate']) {
        const { status, output } = run('certtool', [
          '--verify-crl',
          '--load-ca-certificate',
          path(`${issuer}.pem`),
          '--infile',
          path(`${issuer}.crl`),
        ]);
        expect([status, output]).toEqual([0, expect.stringContaining('Verified')]);
      }
      const { output } = run('certtool', ['--crl-info', '--infile', path('intermediate.crl')]);
      expect(output).toContain(
        `Revoked certificates (${leaves.filter(({ standing }) => standing === 'revoked').length})`,
      );
    });
  },
);
