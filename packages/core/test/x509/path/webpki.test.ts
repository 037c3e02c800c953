import { describe, expect, it } from 'vitest';
import { validatePath } from '../../../src/index.ts';
import { encodeExtendedKeyUsage } from '../../../src/x509/extensions/extended-key-usage.ts';
import { encodeAuthorityKeyIdentifier } from '../../../src/x509/extensions/key-identifiers.ts';
import { encodeNameConstraints } from '../../../src/x509/extensions/name-constraints.ts';
import { DistinguishedName } from '../../../src/x509/name/distinguished-name.ts';
import { parseSubtreeText } from '../../../src/x509/name/general-name.ts';
import { AT, type IssueOptions, issue } from './path-pki.ts';

type Changes = { root?: Partial<IssueOptions>; leaf?: Partial<IssueOptions> };

async function verdict(
  { root: rootChanges, leaf: leafChanges }: Changes,
  profile: 'webpki' | 'rfc5280',
): Promise<string> {
  const root = await issue({ subject: 'CN=Root', ca: true, ...rootChanges });
  const options: IssueOptions = {
    subject: 'CN=a.example',
    issuer: root,
    names: ['a.example'],
    purposes: ['serverAuth'],
  };
  const leaf = await issue({ ...options, ...leafChanges });
  const result = await validatePath({ certificate: leaf.pem, trustAnchors: root.pem, at: AT, profile });
  return result.valid ? 'valid' : result.error.rule;
}

const withIssuer = encodeAuthorityKeyIdentifier({
  keyIdentifier: Uint8Array.of(1),
  authorityCertIssuer: [{ kind: 'directoryName', value: DistinguishedName.parse('CN=Root') }],
  authorityCertSerialNumber: '01',
});
const constraint = encodeNameConstraints({ permitted: [parseSubtreeText('a.example')] });

describe('the profile webpki', () => {
  it.each<[string, string, Changes]>([
    ['takes a certificate that is in order', 'valid', {}],
    ['wants a purpose', 'webpki.subscriber.extKeyUsage', { leaf: { purposes: undefined as never } }],
    [
      'wants it by name',
      'webpki.subscriber.extKeyUsage',
      { leaf: { purposes: ['serverAuth', 'anyExtendedKeyUsage'] } },
    ],
    [
      'wants it not critical',
      'webpki.subscriber.extKeyUsage',
      { leaf: { extensions: [encodeExtendedKeyUsage(['serverAuth'], true)] } },
    ],
    ['wants no CA', 'webpki.subscriber.ca', { leaf: { ca: true } }],
    ['wants names', 'webpki.subscriber.names', { leaf: { names: undefined as never } }],
    [
      'wants hosts and addresses only',
      'webpki.subscriber.names',
      { leaf: { names: ['a.example', 'email:a@a.example'] } },
    ],
    ['wants host names well-formed', 'webpki.subscriber.names', { leaf: { names: ['a.example', 'a_b.example'] } }],
    ['wants no registry for a wildcard', 'webpki.subscriber.names', { leaf: { names: ['a.example', '*.example'] } }],
    ['wants the common name among the names', 'webpki.subscriber.names', { leaf: { subject: 'CN=b.example' } }],
    ['wants it to the letter', 'webpki.subscriber.names', { leaf: { subject: 'CN=A.example' } }],
    ['wants listed keys', 'webpki.key', { leaf: { keyAlgorithm: 'Ed25519' } }],
    ['wants no purpose of a root', 'webpki.root.extKeyUsage', { root: { purposes: ['serverAuth'] } }],
    ['wants keyUsage of a CA', 'webpki.ca.keyUsage', { root: { keyUsage: [] } }],
    ['wants a plain authorityKeyIdentifier', 'webpki.authorityKeyIdentifier', { leaf: { extensions: [withIssuer] } }],
    [
      'takes name constraints that are not critical',
      'valid',
      { root: { extensions: [{ ...constraint, critical: false }] } },
    ],
  ])('%s: %s', async (_, expected, changes) => {
    expect(await verdict(changes, 'webpki')).toBe(expected);
  });

  it('is stricter than rfc5280 but in one thing', async () => {
    expect(
      await verdict(
        { leaf: { keyAlgorithm: 'Ed25519', subject: 'CN=Someone', purposes: ['anyExtendedKeyUsage'] } },
        'rfc5280',
      ),
    ).toBe('valid');
    expect(await verdict({ root: { extensions: [{ ...constraint, critical: false }] } }, 'rfc5280')).toBe(
      'nameConstraints.criticality',
    );
  });
});
