import { beforeAll, describe, expect, it } from 'vitest';
import { PathValidator, type ValidatePathOptions, validatePath } from '../../../src/index.ts';
import { codeOf } from '../../support/expect-error.ts';
import { expectRefused, HOSTILE_VALUES } from '../../support/hostile-values.ts';
import { createTestAuthority } from '../../support/test-authority.ts';

type Any = never;

let good: ValidatePathOptions;

beforeAll(async () => {
  const { authority, clock } = await createTestAuthority();
  const { chainPem } = await authority.issue({ subjectAltNames: ['a.example'] });
  good = { certificate: chainPem, trustAnchors: await authority.trustAnchorsPem(), clock };
});

describe.each(HOSTILE_VALUES)('%s', (name, value) => {
  const bad = value as Any;
  const options: Record<string, () => Partial<ValidatePathOptions>> = {
    intermediates: () => ({ intermediates: bad }),
    trustAnchors: () => ({ trustAnchors: bad }),
    at: () => ({ at: bad }),
    profile: () => ({ profile: bad }),
    purpose: () => ({ purpose: bad }),
    name: () => ({ name: bad }),
    'name.kind': () => ({ name: { kind: bad, value: 'a.example' } }),
    keyUsage: () => ({ keyUsage: bad }),
    'keyUsage.0': () => ({ keyUsage: [bad] }),
    maxPathLength: () => ({ maxPathLength: bad }),
    crls: () => ({ crls: bad }),
    ocspResponses: () => ({ ocspResponses: bad }),
    requireRevocation: () => ({ requireRevocation: bad }),
    policies: () => ({ policies: bad }),
    'policies.initialPolicySet': () => ({ policies: { initialPolicySet: bad } }),
    'policies.initialPolicySet.0': () => ({ policies: { initialPolicySet: [bad] } }),
    'policies.explicit': () => ({ policies: { initialPolicySet: [], explicit: bad } }),
  };

  it('is refused as any option', async () => {
    for (const [option, asOption] of Object.entries(options)) {
      // Text and bytes may be certificates: they make the result invalid, or help nobody.
      if (/megabyte/.test(name) && /^(intermediates|trustAnchors)$/.test(option)) continue;
      await expectRefused(() => validatePath({ ...good, ...asOption() }));
    }
  });
});

it.each(HOSTILE_VALUES)('%s is refused by a validator that is to be used again', async (_, value) => {
  await expectRefused(() => new PathValidator(value as Any));
  await expectRefused(() => new PathValidator({ ...good, crypto: value as Any }));
  await expectRefused(() => new PathValidator({ ...good, clock: value as Any }));
});

it('is refused without options', async () => {
  for (const none of [undefined, null, 7])
    expect(await codeOf(() => validatePath(none as Any))).toBe('INVALID_ARGUMENT');
});

it('does not take one text for a list of CRLs, of which each letter would be one that tells nothing', async () => {
  expect(await codeOf(() => validatePath({ ...good, crls: '-----BEGIN X509 CRL-----' as Any }))).toBe(
    'INVALID_ARGUMENT',
  );
});

it('takes what is right', async () => {
  expect((await validatePath({ ...good, purpose: '1.3.6.1.5.5.7.3.1', requireRevocation: false })).valid).toBe(true);
});
