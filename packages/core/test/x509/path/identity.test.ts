import { describe, expect, it } from 'vitest';
import { type ReferenceIdentity, validatePath } from '../../../src/index.ts';
import { AT, type IssueOptions, issue } from './path-pki.ts';

async function verdict(leaf: Partial<IssueOptions>, name: ReferenceIdentity): Promise<boolean> {
  const root = await issue({ subject: 'CN=Root', ca: true });
  const certificate = await issue({ subject: 'CN=a.example', issuer: root, ...leaf });
  const result = await validatePath({ certificate: certificate.pem, trustAnchors: root.pem, at: AT, name });
  if (!result.valid && result.error.code !== 'PATH_NAME_MISMATCH') throw result.error;
  return result.valid;
}

describe('whom a certificate is for', () => {
  it.each<[readonly string[], ReferenceIdentity['kind'], string, boolean]>([
    [['a.example'], 'DNS', 'a.example', true],
    [['a.example'], 'DNS', 'A.EXAMPLE', true],
    [['A.example'], 'DNS', 'a.example', true],
    [['a.example'], 'DNS', 'a.example.', true],
    [['a.example'], 'DNS', 'b.example', false],
    [['a.example'], 'DNS', 'b.a.example', false],
    [['*.a.example'], 'DNS', 'b.a.example', true],
    [['*.a.example'], 'DNS', 'a.example', false],
    [['*.a.example'], 'DNS', 'c.b.a.example', false],
    [['b*.a.example'], 'DNS', 'bc.a.example', false],
    [['b.*.example'], 'DNS', 'b.a.example', false],
    [['*.example'], 'DNS', 'a.example', false],
    [['*'], 'DNS', 'example', false],
    [['*.a.example'], 'DNS', '*.a.example', false],
    [['10.0.0.1'], 'DNS', '10.0.0.1', false],
    [['ip:10.0.0.1'], 'DNS', '10.0.0.1', false],
    [['ip:10.0.0.1'], 'IP', '10.0.0.1', true],
    [['ip:10.0.0.1'], 'IP', '10.0.0.2', false],
    [['10.0.0.1'], 'IP', '10.0.0.1', false],
    [['ip:2001:db8::1'], 'IP', '2001:DB8:0:0:0:0:0:1', true],
    [['ip:2001:db8::1'], 'IP', 'a.example', false],
    [['email:a@b.example'], 'RFC822', 'a@B.example', true],
    [['email:a@b.example'], 'RFC822', 'A@b.example', false],
    [['email:a@b.example'], 'RFC822', 'b.example', false],
    [['a.example'], 'DNS', 'a_b.example', false],
    [['a.example'], 'DNS', '', false],
    [['a.example'], 'DNS', 'ä.example', false],
  ])('%j is for %s %s: %s', async (names, kind, value, expected) => {
    expect(await verdict({ names }, { kind, value })).toBe(expected);
  });

  it('is never told by the common name', async () => {
    expect(await verdict({}, { kind: 'DNS', value: 'a.example' })).toBe(false);
  });
});
