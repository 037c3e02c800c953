import { describe, expect, it } from 'vitest';
import { derContext, derOid, derSequence } from '../../../src/encoding/der/writer.ts';
import { type PolicyOptions, validatePath } from '../../../src/index.ts';
import { encodeCertificatePolicies } from '../../../src/x509/extensions/certificate-policies.ts';
import type { Extension } from '../../../src/x509/extensions/extension.ts';
import { ExtensionOid } from '../../../src/x509/extensions/extension-oids.ts';
import { AT, type Entity, issue } from './path-pki.ts';

const ANY = '2.5.29.32.0';
const [P1, P2, P3] = ['1.2.3.1', '1.2.3.2', '1.2.3.3'] as const;

const policies = (...oids: string[]): Extension => encodeCertificatePolicies(oids);
const mappings = (...pairs: readonly (readonly [string, string])[]): Extension => ({
  oid: ExtensionOid.policyMappings,
  critical: true,
  value: derSequence(...pairs.map(([from, to]) => derSequence(derOid(from), derOid(to)))),
});
const constraints = (explicit?: number, mapping?: number): Extension => ({
  oid: ExtensionOid.policyConstraints,
  critical: true,
  value: derSequence(
    ...(explicit === undefined ? [] : [derContext(0, false, Uint8Array.of(explicit))]),
    ...(mapping === undefined ? [] : [derContext(1, false, Uint8Array.of(mapping))]),
  ),
});
const inhibitAny = (after: number): Extension => ({
  oid: ExtensionOid.inhibitAnyPolicy,
  critical: true,
  value: Uint8Array.of(2, 1, after),
});

/** Validates a root and certificates below it with these extensions; gives the policies, or the code. */
async function policiesOf(chain: readonly (readonly Extension[])[], options?: PolicyOptions): Promise<string> {
  let issuer: Entity = await issue({ subject: 'CN=Root', ca: true });
  const root = issuer;
  const certificates: Entity[] = [];
  for (const [depth, extensions] of chain.entries()) {
    issuer = await issue({ subject: `CN=${depth}`, issuer, ca: depth < chain.length - 1, extensions });
    certificates.unshift(issuer);
  }
  const result = await validatePath({
    certificate: certificates.map(({ pem }) => pem).join(''),
    trustAnchors: root.pem,
    at: AT,
    ...(options && { policies: options }),
  });
  return result.valid ? [...result.policies].sort().join(' ') : result.error.code;
}

const explicit = (...initialPolicySet: string[]): PolicyOptions => ({ initialPolicySet, explicit: true });

describe('policies', () => {
  it.each<[string, string, readonly (readonly Extension[])[], PolicyOptions?]>([
    ['none, and none needed', '', [[], []]],
    ['the same all the way', P1, [[policies(P1)], [policies(P1)]]],
    ['only those of every certificate', P2, [[policies(P1, P2)], [policies(P2, P3)]]],
    ['anyPolicy of the CA takes those of the end entity', P1, [[policies(ANY)], [policies(P1)]]],
    ['anyPolicy of the end entity takes those of the CA', P1, [[policies(P1)], [policies(ANY)]]],
    ['anyPolicy all the way', ANY, [[policies(ANY)], [policies(ANY)]]],
    ['anyPolicy all the way, limited by the caller', P1, [[policies(ANY)], [policies(ANY)]], explicit(P1)],
    ['another than the caller accepts', 'PATH_POLICY', [[policies(P1)], [policies(P1)]], explicit(P2)],
    ['none, and one is needed by a CA', 'PATH_POLICY', [[constraints(0)], []]],
    ['none, and one is needed too late', '', [[constraints(3)], []]],
    [
      'anyPolicy that no longer counts',
      'PATH_POLICY',
      [[policies(ANY), inhibitAny(0), constraints(0)], [policies(ANY)]],
    ],
    ['a mapping, told in the terms of the root', P1, [[policies(P1), mappings([P1, P2])], [policies(P2)]]],
    ['what is mapped away', 'PATH_POLICY', [[policies(P1), mappings([P1, P2])], [policies(P1)]], explicit(P1)],
    ['one mapped to two', P1, [[policies(P1), mappings([P1, P2], [P1, P3])], [policies(P3)]]],
    ['two mapped to one', `${P1} ${P2}`, [[policies(P1, P2), mappings([P1, P3], [P2, P3])], [policies(P3)]]],
    ['a mapping below anyPolicy', P1, [[policies(ANY), mappings([P1, P2])], [policies(P2)]]],
    [
      'a mapping that is inhibited',
      'PATH_POLICY',
      [[policies(P1), constraints(undefined, 0)], [policies(P1), mappings([P1, P2])], [policies(P2)]],
      explicit(P1),
    ],
    [
      'a mapping that the caller inhibits',
      'PATH_POLICY',
      [[policies(P1), mappings([P1, P2])], [policies(P2)]],
      { ...explicit(P1), inhibitMapping: true },
    ],
    [
      'anyPolicy that the caller inhibits',
      'PATH_POLICY',
      [[policies(ANY)], [policies(P1)]],
      { ...explicit(P1), inhibitAny: true },
    ],
  ])('%s: %s', async (_, expected, chain, options) => {
    expect(await policiesOf(chain, options)).toBe(expected);
  });

  it('refuses a mapping of anyPolicy, as section 6.1.4 (a) has it', async () => {
    expect(await policiesOf([[policies(ANY), mappings([ANY, P1])], [policies(P1)]])).toBe('PATH_NOT_FOUND');
  });

  // The tree of RFC 5280 has 8^12 nodes here; that is why RFC 9618 made it a graph.
  it('stays small where every policy maps to every other, all the way down', async () => {
    const oids = Array.from({ length: 8 }, (_, at) => `1.2.3.4.${at}`);
    const all = mappings(...oids.flatMap((from) => oids.map((to) => [from, to] as const)));
    const chain = [...Array.from({ length: 12 }, () => [policies(...oids), all]), [policies(...oids)]];
    const started = performance.now();
    expect(await policiesOf(chain, explicit('1.2.3.4.0'))).toBe('1.2.3.4.0');
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
