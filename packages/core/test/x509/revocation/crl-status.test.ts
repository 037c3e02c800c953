import { describe, expect, it } from 'vitest';
import { signatureAlgorithmFor } from '../../../src/crypto/algorithms.ts';
import {
  type PathValidationResult,
  PathValidator,
  type ValidatePathOptions,
  validatePath,
} from '../../../src/index.ts';
import { buildCrl } from '../../../src/x509/crl/crl-builder.ts';
import { encodeCrlDistributionPoints } from '../../../src/x509/extensions/crl-distribution-points.ts';
import { encodeDeltaCrlIndicator } from '../../../src/x509/extensions/crl-number.ts';
import type { Extension } from '../../../src/x509/extensions/extension.ts';
import { DistinguishedName } from '../../../src/x509/name/distinguished-name.ts';
import { AT, crypto, type Entity, issue, unknownExtension } from '../path/path-pki.ts';
import { crlOf, scopeOf, type TestCrlOptions } from './revocation-pki.ts';

const URI = 'http://a.example/1.crl';
const HOUR = 3_600_000;

/** A CA and an end entity directly below it, so that one CRL decides. */
async function pair(extensions: readonly Extension[] = [], caUsage = true): Promise<{ root: Entity; leaf: Entity }> {
  const root = await issue({
    subject: 'CN=Root',
    ca: true,
    keyUsage: caUsage ? ['keyCertSign', 'cRLSign'] : ['keyCertSign'],
  });
  return { root, leaf: await issue({ subject: 'CN=Leaf', issuer: root, extensions }) };
}

function told(result: PathValidationResult): string {
  return result.valid ? (result.revocation[0]?.status ?? 'none') : result.error.code;
}

async function ask(
  { root, leaf }: { root: Entity; leaf: Entity },
  crls: readonly Uint8Array[],
  options: Partial<ValidatePathOptions> = {},
): Promise<string> {
  const required = { certificate: leaf.pem, trustAnchors: root.pem, at: AT, requireRevocation: true };
  return told(await validatePath({ ...required, crls, ...options }));
}

describe('a full CRL', () => {
  const unknown = 'PATH_REVOCATION_UNKNOWN';
  it.each<[string, string, TestCrlOptions]>([
    ['that does not list the certificate', 'good', {}],
    ['out of date', unknown, { nextUpdate: AT.getTime() - HOUR }],
    ['valid to this second', 'good', { nextUpdate: AT.getTime() }],
    ['of the future', unknown, { thisUpdate: AT.getTime() + HOUR, nextUpdate: AT.getTime() + 2 * HOUR }],
    ['without nextUpdate', unknown, { nextUpdate: null }],
    ['without a number', unknown, { withoutNumber: true }],
    ['with an unknown critical extension', unknown, { extensions: [unknownExtension(true)] }],
    ['with an unknown extension', 'good', { extensions: [unknownExtension(false)] }],
    [
      'with an entry that is not understood',
      unknown,
      { revoked: [{ serialNumber: '77', extensions: [unknownExtension(true)] }] },
    ],
    ['for CAs only', unknown, { extensions: [scopeOf({ caOnly: true })] }],
    ['for end entities only', 'good', { extensions: [scopeOf({ userOnly: true })] }],
    ['for another distribution point', unknown, { extensions: [scopeOf({ uri: 'http://other.example/' })] }],
    ['for some reasons', unknown, { extensions: [scopeOf({ reasons: ['keyCompromise'] })] }],
    ['that is a delta', unknown, { extensions: [encodeDeltaCrlIndicator(1n)], number: 2n }],
  ])('%s: %s', async (_, expected, options) => {
    const chain = await pair();
    expect(await ask(chain, [await crlOf(chain.root, options)])).toBe(expected);
  });

  it('that lists the certificate refuses it, required or not', async () => {
    const chain = await pair();
    const revoked = [{ serialNumber: chain.leaf.serialNumber, reason: 'keyCompromise' as const }];
    const crl = await crlOf(chain.root, { revoked });
    expect(await ask(chain, [crl])).toBe('PATH_REVOKED');
    expect(await ask(chain, [crl], { requireRevocation: false })).toBe('PATH_REVOKED');
  });

  it('that is missing or useless leaves the status unknown, with the reasons', async () => {
    const { root, leaf } = await pair();
    const stale = await crlOf(root, { nextUpdate: AT.getTime() - HOUR });
    const result = await validatePath({ certificate: leaf.pem, trustAnchors: root.pem, at: AT, crls: [stale, 'junk'] });
    expect(result).toMatchObject({ valid: true, revocation: [{ status: 'unknown' }] });
    expect(JSON.stringify(result)).toContain('out of date');
    expect(await ask({ root, leaf }, [])).toBe('PATH_REVOCATION_UNKNOWN');
  });

  it('of another issuer, or by another key, does not count', async () => {
    const chain = await pair();
    const other = await issue({ subject: 'CN=Other', ca: true });
    const revoked = [{ serialNumber: chain.leaf.serialNumber }];
    expect(await ask(chain, [await crlOf(other, { revoked })])).toBe('PATH_REVOCATION_UNKNOWN');
    const forged = await crlOf({ ...chain.root, key: other.key }, { revoked });
    expect(await ask(chain, [forged])).toBe('PATH_REVOCATION_UNKNOWN');
    expect(await ask(chain, [forged, await crlOf(chain.root)])).toBe('good');
  });

  it('by a CA that may not sign CRLs does not count', async () => {
    const chain = await pair([], false);
    expect(await ask(chain, [await crlOf(chain.root)])).toBe('PATH_REVOCATION_UNKNOWN');
  });

  it('counts by the newest of several', async () => {
    const chain = await pair();
    const held = [{ serialNumber: chain.leaf.serialNumber, reason: 'certificateHold' as const }];
    const older = await crlOf(chain.root, { number: 4n, revoked: held });
    const newer = await crlOf(chain.root, { number: 5n });
    expect(await ask(chain, [older, newer])).toBe('good');
    expect(await ask(chain, [await crlOf(chain.root, { number: 6n, revoked: held }), newer])).toBe('PATH_REVOKED');
  });
});

describe('partitioned CRLs', () => {
  it('count by the distribution point of the certificate', async () => {
    const chain = await pair([encodeCrlDistributionPoints([URI])]);
    const mine = await crlOf(chain.root, { extensions: [scopeOf({ uri: URI })] });
    const other = await crlOf(chain.root, { extensions: [scopeOf({ uri: 'http://a.example/2.crl' })] });
    expect(await ask(chain, [mine])).toBe('good');
    expect(await ask(chain, [other])).toBe('PATH_REVOCATION_UNKNOWN');
  });

  it('by reasons count together', async () => {
    const chain = await pair();
    const first = await crlOf(chain.root, { extensions: [scopeOf({ reasons: ['keyCompromise', 'cACompromise'] })] });
    const rest = [
      'affiliationChanged',
      'superseded',
      'cessationOfOperation',
      'certificateHold',
      'privilegeWithdrawn',
      'aACompromise',
    ] as const;
    const second = await crlOf(chain.root, { number: 2n, extensions: [scopeOf({ reasons: rest })] });
    expect(await ask(chain, [first])).toBe('PATH_REVOCATION_UNKNOWN');
    expect(await ask(chain, [first, second])).toBe('good');
  });
});

describe('a delta CRL', () => {
  const base = (chain: { root: Entity }, options: TestCrlOptions = {}) =>
    crlOf(chain.root, { number: 10n, ...options });
  const delta = (chain: { root: Entity }, from: bigint, options: TestCrlOptions = {}) =>
    crlOf(chain.root, { number: 11n, extensions: [encodeDeltaCrlIndicator(from)], ...options });

  it('adds a revocation', async () => {
    const chain = await pair();
    const revoked = [{ serialNumber: chain.leaf.serialNumber }];
    expect(await ask(chain, [await base(chain), await delta(chain, 10n, { revoked })])).toBe('PATH_REVOKED');
  });

  it('takes one back by removeFromCRL', async () => {
    const chain = await pair();
    const { serialNumber } = chain.leaf;
    const held = await base(chain, { revoked: [{ serialNumber, reason: 'certificateHold' }] });
    const released = await delta(chain, 10n, { revoked: [{ serialNumber, reason: 'removeFromCRL' }] });
    expect(await ask(chain, [held])).toBe('PATH_REVOKED');
    expect(await ask(chain, [held, released])).toBe('good');
  });

  it.each<[string, bigint, TestCrlOptions]>([
    ['of a later base', 11n, {}],
    ['no newer than the base', 9n, { number: 10n }],
    ['out of date', 10n, { nextUpdate: AT.getTime() - HOUR }],
  ])('%s does not count', async (_, from, options) => {
    const chain = await pair();
    const revoked = [{ serialNumber: chain.leaf.serialNumber }];
    expect(await ask(chain, [await base(chain), await delta(chain, from, { revoked, ...options })])).toBe('good');
  });
});

describe('an indirect CRL', () => {
  const indirect = async (
    revokedIssuer: string,
  ): Promise<{ root: Entity; leaf: Entity; signer: Entity; crls: Uint8Array[] }> => {
    const root = await issue({ subject: 'CN=Root', ca: true });
    const signer = await issue({ subject: 'CN=Signer', issuer: root, keyUsage: ['cRLSign'] });
    const crlIssuer = [{ kind: 'directoryName' as const, value: DistinguishedName.parse(signer.subject) }];
    const leaf = await issue({
      subject: 'CN=Leaf',
      issuer: root,
      extensions: [encodeCrlDistributionPoints([{ crlIssuer }])],
    });
    const revoked = [{ serialNumber: '0999', issuer: revokedIssuer }, { serialNumber: leaf.serialNumber }];
    const list = await crlOf(signer, { revoked, extensions: [scopeOf({ indirect: true })] });
    return { root, leaf, signer, crls: [list, await crlOf(root)] };
  };

  it('speaks of the issuer that the entry, or one before it, names', async () => {
    const own = await indirect('CN=Root');
    expect(await ask(own, own.crls, { intermediates: own.signer.pem })).toBe('PATH_REVOKED');
    const other = await indirect('CN=Somebody else');
    expect(await ask(other, other.crls, { intermediates: other.signer.pem })).toBe('good');
  });

  it('does not count without a path to its signer, or when that is revoked', async () => {
    const chain = await indirect('CN=Somebody else');
    const [list] = chain.crls as [Uint8Array];
    expect(await ask(chain, [list])).toBe('PATH_REVOCATION_UNKNOWN');
    const signerRevoked = await crlOf(chain.root, {
      revoked: [{ serialNumber: chain.signer.serialNumber }],
      extensions: [scopeOf({ uri: URI })],
    });
    expect(await ask(chain, [list, signerRevoked], { intermediates: chain.signer.pem })).toBe(
      'PATH_REVOCATION_UNKNOWN',
    );
  });
});

describe('a CRL of many entries', () => {
  it('is read and indexed once, and looked up at once after that', async () => {
    const { root, leaf } = await pair();
    const entries = Array.from({ length: 100_000 }, (_, at) => ({
      serialNumber: Uint8Array.of(0x40, at >> 16, at >> 8, at),
      revokedAt: AT.getTime() - HOUR,
    }));
    const crl = await buildCrl(
      {
        issuer: DistinguishedName.parse(root.subject),
        signatureAlgorithm: signatureAlgorithmFor(root.key.publicKey.kind),
        signingKey: root.key,
        number: 1n,
        thisUpdate: new Date(AT.getTime() - HOUR),
        nextUpdate: new Date(AT.getTime() + HOUR),
        entries,
      },
      crypto,
    );
    const took = async (validator: PathValidator): Promise<number> => {
      const started = performance.now();
      const result = await validator.validate(leaf.pem, { at: AT, crls: [crl], requireRevocation: true });
      const milliseconds = performance.now() - started;
      expect(told(result)).toBe('good');
      return milliseconds;
    };
    const anew: number[] = [];
    const again: number[] = [];
    for (let round = 0; round < 3; round++) {
      const validator = new PathValidator({ trustAnchors: root.pem });
      anew.push(await took(validator));
      for (let turn = 0; turn < 5; turn++) again.push(await took(validator));
    }
    // The least of each: what else the machine does can only add to them.
    expect(Math.min(...again)).toBeLessThan(Math.min(...anew) / 4);
  });
});
