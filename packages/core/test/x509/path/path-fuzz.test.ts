import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePem } from '../../../src/encoding/pem.ts';
import { InvalidInputError, PathValidationError, PathValidator } from '../../../src/index.ts';
import { parseCertificate } from '../../../src/x509/certificate/certificate.ts';
import { encodeCertificatePolicies } from '../../../src/x509/extensions/certificate-policies.ts';
import type { Extension } from '../../../src/x509/extensions/extension.ts';
import type { KeyUsage } from '../../../src/x509/extensions/key-usage.ts';
import { encodeNameConstraints } from '../../../src/x509/extensions/name-constraints.ts';
import { parseSubtreeText } from '../../../src/x509/name/general-name.ts';
import { encodeSignatureAlgorithm } from '../../../src/x509/signature-algorithm.ts';
import { encodeSigned } from '../../../src/x509/signed.ts';
import { seed, soakSize } from '../../support/soak.ts';
import { tool } from '../../support/tools.ts';
import { AT, crypto, type Entity, type IssueOptions, issue, unknownExtension } from './path-pki.ts';

const SEED = seed(20_260_601);
const MUTATIONS = soakSize(2000, 200_000);
const BATCH = 50;

/** mulberry32: small, seeded and good enough to choose mutations. */
function generator(from: number): (below: number) => number {
  let state = from >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const random = generator(SEED);
const oneOf = <T>(...values: readonly [T, ...T[]]): T => values[random(values.length)] as T;
const sometimes = <T>(percent: number, value: () => T): T | undefined => (random(100) < percent ? value() : undefined);

const NAMES = [
  'a.example',
  'b.a.example',
  '*.a.example',
  'c.test',
  'ip:10.0.0.1',
  'ip:2001:db8::1',
  'email:x@a.example',
  'uri:https://a.example/x',
] as const;
const SUBTREES = [
  'a.example',
  'example',
  'test',
  'b.a.example',
  'ip:10.0.0.0/8',
  'ip:2001:db8::/32',
  'email:a.example',
  'uri:a.example',
  'directoryName:CN=Leaf',
] as const;

function someExtensions(isCa: boolean): Extension[] {
  const extensions: (Extension | undefined)[] = [
    sometimes(5, () => unknownExtension(oneOf(true, false))),
    sometimes(20, () => encodeCertificatePolicies([oneOf('1.2.3', '1.2.4', '2.5.29.32.0')])),
    isCa ? sometimes(60, someConstraints) : undefined,
  ];
  return extensions.filter((extension) => extension !== undefined);
}

function someConstraints(): Extension {
  const subtrees = () => Array.from({ length: 1 + random(3) }, () => parseSubtreeText(oneOf(...SUBTREES)));
  return oneOf(
    () => encodeNameConstraints({ permitted: subtrees() }),
    () => encodeNameConstraints({ excluded: subtrees() }),
    () => encodeNameConstraints({ permitted: subtrees(), excluded: subtrees() }),
  )();
}

function someCa(issuer: Entity, subject: string, key: IssueOptions['key']): Promise<Entity> {
  const keyUsage = oneOf<readonly KeyUsage[]>(
    ['keyCertSign', 'cRLSign'],
    ['keyCertSign'],
    ['keyCertSign'],
    ['cRLSign'],
  );
  const pathLength = oneOf(undefined, undefined, 0, 1);
  return issue({
    subject,
    issuer,
    ...(key && { key }),
    ca: random(30) > 0,
    keyUsage,
    ...(pathLength !== undefined && { pathLength }),
    ...someDates(),
    ...sometimes(20, () => ({
      purposes: [oneOf('serverAuth' as const, 'clientAuth' as const, 'codeSigning' as const)],
    })),
    extensions: someExtensions(true),
  });
}

async function someLeaf(issuer: Entity, key: IssueOptions['key']): Promise<Entity> {
  const leaf = await issue({
    subject: oneOf('CN=Leaf', 'CN=Leaf,O=Example', 'O=Other', ''),
    issuer,
    ...(key && { key }),
    names: Array.from({ length: 1 + random(3) }, () => oneOf(...NAMES)),
    keyUsage: oneOf<readonly KeyUsage[]>(['digitalSignature'], ['digitalSignature', 'keyEncipherment'], []),
    ...someDates(),
    ...sometimes(70, () => ({
      purposes: [oneOf('serverAuth' as const, 'clientAuth' as const, 'anyExtendedKeyUsage' as const)],
    })),
    extensions: someExtensions(false),
  });
  return random(2) === 0 ? leaf : resigned(leaf, issuer);
}

function someDates(): Partial<IssueOptions> {
  return oneOf({}, {}, {}, {}, {}, { notAfter: '2026-05-01T00:00:00Z' }, { notBefore: '2026-07-01T00:00:00Z' });
}

/** Changes octets of what is signed and signs it again, so that oddities get past the signature. */
async function resigned(leaf: Entity, issuer: Entity): Promise<Entity> {
  const { tbs } = parseCertificate(leaf.der);
  const changed = Uint8Array.from(tbs);
  for (let count = 1 + random(3); count > 0; count--)
    changed[random(changed.length)] = oneOf(random(256), 0, 0x30, 0xff);
  const signature = await crypto.sign(issuer.key, 'ECDSA-SHA256', changed);
  const der = encodeSigned(changed, encodeSignatureAlgorithm('ECDSA-SHA256'), signature);
  return { ...leaf, der, pem: encodePem('CERTIFICATE', der) };
}

/** Whether path validation does not share a reason of OpenSSL's, for a reason of its own. */
async function isReviewed(reason: string, leaf: Entity): Promise<boolean> {
  switch (reason) {
    case 'unable to get local issuer certificate':
      // Key identifiers are hints here, after RFC 4158 section 3.5.12; OpenSSL takes them for a condition.
      return true;
    case 'unsuitable certificate purpose':
      // RFC 5280 section 4.2.1.12 lets anyExtendedKeyUsage serve for any purpose; OpenSSL wants serverAuth by name.
      return parseCertificate(leaf.der).extKeyUsage?.includes('anyExtendedKeyUsage') === true;
    case 'unspecified certificate verification error':
      // A key of a kind that nobody here knows is let through, one that is malformed is not.
      return isUnknownKey(parseCertificate(leaf.der).spki);
    default:
      return false;
  }
}

async function isUnknownKey(spki: Uint8Array): Promise<boolean> {
  try {
    await crypto.importPublicKey(spki);
    return false;
  } catch (error) {
    return error instanceof InvalidInputError && error.code === 'KEY_UNSUPPORTED';
  }
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chancery-path-fuzz-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Why OpenSSL refuses which of these end entities, all asked in one process. */
function opensslRefuses(root: Entity, cas: readonly Entity[], leaves: readonly Entity[]): ReadonlyMap<number, string> {
  writeFileSync(join(folder, 'root.pem'), root.pem);
  writeFileSync(join(folder, 'cas.pem'), cas.map(({ pem }) => pem).join(''));
  const files = leaves.map((leaf, index) => {
    writeFileSync(join(folder, `${index}.pem`), leaf.pem);
    return `${index}.pem`;
  });
  const at = String(AT.getTime() / 1000);
  const args = [
    'verify',
    '-x509_strict',
    '-purpose',
    'sslserver',
    '-attime',
    at,
    '-CAfile',
    'root.pem',
    '-untrusted',
    'cas.pem',
  ];
  const { stdout, stderr, error } = spawnSync(tool('openssl'), [...args, ...files], { cwd: folder, encoding: 'utf8' });
  if (error) throw error;
  const accepted = new Set([...stdout.matchAll(/^(\d+)\.pem: OK$/gm)].map((match) => Number(match[1])));
  const reasons = new Map<number, string>();
  let reason = 'unreadable';
  for (const line of stderr.split('\n')) {
    reason = /^error \d+ at \d+ depth lookup: (.*)$/.exec(line)?.[1] ?? reason;
    const failed = /^error (\d+)\.pem: verification failed$/.exec(line)?.[1];
    if (failed !== undefined) reasons.set(Number(failed), reason);
  }
  return new Map(leaves.flatMap((_, at) => (accepted.has(at) ? [] : [[at, reasons.get(at) ?? 'unreadable'] as const])));
}

describe(`${MUTATIONS} paths made at random (CHANCERY_SEED=${SEED})`, () => {
  it('are never accepted where OpenSSL refuses, and never take long', async () => {
    const keys = await Promise.all([0, 1, 2].map(() => crypto.generateKey('ECDSA-P256')));
    const root = await issue({ subject: 'CN=Root', ca: true });
    const disagreements: string[] = [];
    const tally = { ours: 0, theirs: 0 };
    let slowest = 0;
    for (let done = 0; done < MUTATIONS; done += BATCH) {
      const outer = await someCa(root, 'CN=Outer', keys[0]);
      const inner = await someCa(oneOf(outer, root), oneOf('CN=Inner', 'CN=Outer'), keys[1]);
      const cas = [outer, inner];
      const leaves: Entity[] = [];
      for (let index = 0; index < BATCH; index++) leaves.push(await someLeaf(oneOf(outer, inner), keys[2]));
      const refused = opensslRefuses(root, cas, leaves);
      const validator = new PathValidator({ trustAnchors: root.pem, intermediates: cas.map(({ der }) => der) });
      for (const [index, leaf] of leaves.entries()) {
        const started = performance.now();
        const result = await validator.validate(leaf.der, { at: AT, purpose: 'serverAuth' });
        slowest = Math.max(slowest, performance.now() - started);
        if (!result.valid) expect(result.error).toBeInstanceOf(PathValidationError);
        tally.ours += result.valid ? 1 : 0;
        tally.theirs += refused.has(index) ? 0 : 1;
        const reason = refused.get(index);
        if (!result.valid || reason === undefined || (await isReviewed(reason, leaf))) continue;
        disagreements.push(`${reason}\n${[leaf, ...cas].map(({ pem }) => pem).join('')}`);
      }
    }
    console.log(
      `${MUTATIONS} paths, seed ${SEED}: ${tally.ours} accepted, ${tally.theirs} by OpenSSL; slowest ${slowest.toFixed(1)} ms`,
    );
    expect(disagreements.slice(0, 3)).toEqual([]);
    // As many must be right as are wrong, or nothing is compared.
    expect(tally.ours).toBeGreaterThan(MUTATIONS / 50);
    expect(slowest).toBeLessThan(500);
  });
});
