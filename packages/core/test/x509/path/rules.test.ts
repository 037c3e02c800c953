import { describe, expect, it } from 'vitest';
import { type ValidatePathOptions, validatePath } from '../../../src/index.ts';
import { encodeCertificatePolicies } from '../../../src/x509/extensions/certificate-policies.ts';
import { encodeNameConstraints } from '../../../src/x509/extensions/name-constraints.ts';
import { parseSubtreeText } from '../../../src/x509/name/general-name.ts';
import { AT, crypto, type IssueOptions, issue, simpleChain, unknownExtension } from './path-pki.ts';

/** Validates root, CA and end entity, each changed as told; gives the code, or `valid`. */
async function verdict(
  changes: { root?: Partial<IssueOptions>; ca?: Partial<IssueOptions>; leaf?: Partial<IssueOptions> },
  options: Partial<ValidatePathOptions> = {},
): Promise<string> {
  const root = await issue({ subject: 'CN=Root', ca: true, ...changes.root });
  const ca = await issue({ subject: 'CN=CA', issuer: root, ca: true, pathLength: 0, ...changes.ca });
  const leaf = await issue({ subject: 'CN=Leaf', issuer: ca, names: ['a.example'], ...changes.leaf });
  const result = await validatePath({
    certificate: leaf.pem,
    intermediates: ca.pem,
    trustAnchors: root.pem,
    at: AT,
    ...options,
  });
  return result.valid ? 'valid' : result.error.code;
}

const before = '2026-05-31T23:59:59Z';
const after = '2026-06-01T00:00:01Z';
const dns = (...names: string[]) => names.map((name) => parseSubtreeText(name));

describe('a path', () => {
  it('is told with its certificates, end entity first', async () => {
    const { root, ca, leaf } = await simpleChain();
    const result = await validatePath({
      certificate: leaf.der,
      intermediates: [ca.der],
      trustAnchors: root.der,
      at: AT,
    });
    expect(result).toMatchObject({ valid: true, path: [leaf.pem, ca.pem, root.pem] });
    if (result.valid) expect(result.revocation.map(({ status }) => status)).toEqual(['unknown', 'unknown']);
  });

  it('may come with its intermediates in one PEM text', async () => {
    const { root, ca, leaf } = await simpleChain();
    const result = await validatePath({ certificate: leaf.pem + ca.pem, trustAnchors: root.pem, at: AT });
    expect(result.valid).toBe(true);
  });

  it('is refused with certificate, rule, expected and found', async () => {
    const { root, ca, leaf } = await simpleChain({ purposes: ['clientAuth'] });
    const result = await validatePath({
      certificate: leaf.pem,
      intermediates: ca.pem,
      trustAnchors: root.pem,
      at: AT,
      purpose: 'serverAuth',
    });
    expect(result).toMatchObject({
      valid: false,
      error: {
        name: 'PathValidationError',
        code: 'PATH_EXTENDED_KEY_USAGE',
        certificateIndex: 0,
        certificate: 'CN=Leaf',
        rule: 'extended-key-usage',
        reference: 'RFC 5280 section 4.2.1.12',
        expected: 'serverAuth',
        found: 'clientAuth',
      },
    });
  });
});

describe('each rule by itself', () => {
  it.each<[string, string, Parameters<typeof verdict>[0], Partial<ValidatePathOptions>?]>([
    ['nothing wrong', 'valid', {}],
    ['expired end entity', 'PATH_EXPIRED', { leaf: { notAfter: before } }],
    ['expired CA', 'PATH_EXPIRED', { ca: { notAfter: before } }],
    ['expired root', 'PATH_EXPIRED', { root: { notAfter: before } }],
    ['end entity of the future', 'PATH_NOT_YET_VALID', { leaf: { notBefore: after } }],
    ['validity that ends this second', 'valid', { leaf: { notAfter: AT.toISOString() } }],
    ['validity that starts this second', 'valid', { leaf: { notBefore: AT.toISOString() } }],
    ['a CA that is none', 'PATH_NOT_A_CA', { ca: { ca: false, keyUsage: [] } }],
    ['a root that is no CA', 'PATH_NOT_A_CA', { root: { ca: false, keyUsage: [] } }],
    ['a CA that may not sign certificates', 'PATH_KEY_USAGE', { ca: { keyUsage: ['cRLSign'] } }],
    ['a CA without keyUsage', 'valid', { ca: { keyUsage: [] } }],
    ['a root of path length 0', 'PATH_TOO_LONG', { root: { pathLength: 0 } }],
    ['a path longer than the caller wants', 'PATH_TOO_LONG', {}, { maxPathLength: 0 }],
    ['a path as long as the caller wants', 'valid', {}, { maxPathLength: 1 }],
    ['an unknown critical extension', 'PATH_EXTENSION_UNKNOWN', { leaf: { extensions: [unknownExtension(true)] } }],
    [
      'an unknown critical extension of a CA',
      'PATH_EXTENSION_UNKNOWN',
      { ca: { extensions: [unknownExtension(true)] } },
    ],
    ['an unknown extension', 'valid', { leaf: { extensions: [unknownExtension(false)] } }],
    ['no key identifier of the issuer', 'PATH_FORM_VIOLATION', { leaf: { authorityKeyIdentifier: null } }],
    ['no key identifier of a CA', 'PATH_FORM_VIOLATION', { ca: { subjectKeyIdentifier: null } }],
    ['keyCertSign of an end entity', 'PATH_FORM_VIOLATION', { leaf: { keyUsage: ['keyCertSign'] } }],
    ['the purpose asked for', 'valid', { leaf: { purposes: ['serverAuth'] } }, { purpose: 'serverAuth' }],
    ['a purpose by OID', 'valid', { leaf: { purposes: ['1.2.3.4'] } }, { purpose: '1.2.3.4' }],
    ['any purpose', 'valid', { leaf: { purposes: ['anyExtendedKeyUsage'] } }, { purpose: 'serverAuth' }],
    [
      'a purpose that the CA lacks',
      'PATH_EXTENDED_KEY_USAGE',
      { ca: { purposes: ['clientAuth'] } },
      { purpose: 'serverAuth' },
    ],
    ['a key usage that is missing', 'PATH_KEY_USAGE', {}, { keyUsage: ['keyEncipherment'] }],
    ['a key usage that is there', 'valid', {}, { keyUsage: ['digitalSignature'] }],
    [
      'a name outside the constraints',
      'PATH_NAME_CONSTRAINTS',
      { ca: { extensions: [encodeNameConstraints({ permitted: dns('b.example') })] } },
    ],
    [
      'a name outside the constraints of the root',
      'PATH_NAME_CONSTRAINTS',
      { root: { extensions: [encodeNameConstraints({ excluded: dns('example') })] } },
    ],
    [
      'a name constraint with a leading dot',
      'PATH_FORM_VIOLATION',
      { ca: { extensions: [encodeNameConstraints({ permitted: dns('.example') })] } },
    ],
    ['no policy where one is needed', 'PATH_POLICY', {}, { policies: { initialPolicySet: ['1.2.3'], explicit: true } }],
    [
      'the policy that is needed',
      'valid',
      {
        ca: { extensions: [encodeCertificatePolicies(['1.2.3'])] },
        leaf: { extensions: [encodeCertificatePolicies(['1.2.3', '1.2.4'])] },
      },
      { policies: { initialPolicySet: ['1.2.3'], explicit: true } },
    ],
  ])('%s: %s', async (_, expected, changes, options) => {
    expect(await verdict(changes, options)).toBe(expected);
  });

  it.each(['ECDSA-P384', 'RSA-2048', 'Ed25519'] as const)('takes signatures by %s', async (keyAlgorithm) => {
    expect(await verdict({ root: { keyAlgorithm }, ca: { keyAlgorithm } })).toBe('valid');
  });

  it('refuses a signature by another key of the same name', async () => {
    const { root, ca, leaf } = await simpleChain();
    const impostor = await issue({ subject: 'CN=CA', issuer: root, ca: true, subjectKeyIdentifier: ca.keyIdentifier });
    const result = await validatePath({
      certificate: leaf.pem,
      intermediates: impostor.pem,
      trustAnchors: root.pem,
      at: AT,
    });
    expect(result).toMatchObject({ valid: false, error: { code: 'PATH_SIGNATURE_INVALID', certificateIndex: 0 } });
  });

  it('counts no self-issued certificate against the path length', async () => {
    const root = await issue({ subject: 'CN=Root', ca: true, pathLength: 1 });
    const old = await issue({ subject: 'CN=CA', issuer: root, ca: true, pathLength: 0 });
    const rolled = await issue({ subject: 'CN=CA', issuer: old, ca: true, pathLength: 0 });
    const leaf = await issue({ subject: 'CN=Leaf', issuer: rolled });
    const options = { certificate: leaf.pem, intermediates: [old.pem, rolled.pem], trustAnchors: root.pem, at: AT };
    expect(await validatePath(options)).toMatchObject({ valid: true });
  });
});

describe('input that is no certificate', () => {
  it.each(['', 'hello', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', new Uint8Array([0x30])])(
    '%j makes the result invalid',
    async (certificate) => {
      const { root } = await simpleChain();
      const result = await validatePath({ certificate, trustAnchors: root.pem, at: AT });
      expect(result).toMatchObject({ valid: false, error: { code: 'PATH_CERTIFICATE_MALFORMED' } });
    },
  );

  it('among the intermediates spoils nothing', async () => {
    const { root, ca, leaf } = await simpleChain();
    const intermediates = ['junk', new Uint8Array([1, 2, 3]), ca.pem];
    const result = await validatePath({ certificate: leaf.pem, intermediates, trustAnchors: root.pem, at: AT });
    expect(result.valid).toBe(true);
  });

  it('among the trust anchors is named when no path is found', async () => {
    const { ca, leaf } = await simpleChain();
    const options = { certificate: leaf.pem, intermediates: ca.pem, trustAnchors: new Uint8Array([1]), at: AT };
    const result = await validatePath(options);
    expect(result).toMatchObject({ valid: false, error: { code: 'PATH_NOT_FOUND' } });
    if (!result.valid) expect(result.error.message).toContain('could not be read');
  });

  it.each([
    ['at', { at: new Date(Number.NaN) }],
    ['profile', { profile: 'x' as 'webpki' }],
    ['purpose', { purpose: 'tls' }],
    ['name', { name: { kind: 'URI' as 'DNS', value: 'x' } }],
    ['keyUsage', { keyUsage: ['x' as 'cRLSign'] }],
    ['maxPathLength', { maxPathLength: -1 }],
    ['policies', { policies: { initialPolicySet: ['x'] } }],
    ['a certificate that is a number', { certificate: 7 as unknown as string }],
  ])('%s that no certificate can make right throws', async (_, wrong) => {
    const { root, leaf } = await simpleChain();
    const work = validatePath({ certificate: leaf.pem, trustAnchors: root.pem, at: AT, crypto, ...wrong });
    await expect(work).rejects.toMatchObject({ name: 'InvalidInputError' });
  });
});
