import { describe, expect, it } from 'vitest';
import { PathValidator, validatePath } from '../../../src/index.ts';
import { encodeNameConstraints } from '../../../src/x509/extensions/name-constraints.ts';
import { parseSubtreeText } from '../../../src/x509/name/general-name.ts';
import { AT, crypto, type Entity, issue } from './path-pki.ts';

const chainOf = async (certificate: Entity, intermediates: readonly Entity[], anchors: readonly Entity[]) =>
  validatePath({
    certificate: certificate.der,
    intermediates: intermediates.map(({ der }) => der),
    trustAnchors: anchors.map(({ der }) => der),
    at: AT,
  });

describe('path building', () => {
  it('finds the way through a cross-sign when the other way has expired', async () => {
    const oldRoot = await issue({ subject: 'CN=Old', ca: true, notAfter: '2026-02-01T00:00:00Z' });
    const root = await issue({ subject: 'CN=New', ca: true });
    const key = await crypto.generateKey('ECDSA-P256');
    const byOld = await issue({ subject: 'CN=CA', issuer: oldRoot, ca: true, key });
    const byNew = await issue({ subject: 'CN=CA', issuer: root, ca: true, key });
    const leaf = await issue({ subject: 'CN=Leaf', issuer: byOld });
    expect(await chainOf(leaf, [byOld, byNew], [oldRoot, root])).toMatchObject({
      valid: true,
      path: [leaf.pem, byNew.pem, root.pem],
    });
  });

  it('takes key identifiers for hints only', async () => {
    const root = await issue({ subject: 'CN=Root', ca: true });
    const ca = await issue({ subject: 'CN=CA', issuer: root, ca: true });
    const namesake = await issue({ subject: 'CN=CA', issuer: root, ca: true });
    const leaf = await issue({ subject: 'CN=Leaf', issuer: ca, authorityKeyIdentifier: namesake.keyIdentifier });
    expect(await chainOf(leaf, [namesake, ca], [root])).toMatchObject({
      valid: true,
      path: [leaf.pem, ca.pem, root.pem],
    });
  });

  it('compares names after RFC 5280 section 7.1', async () => {
    const root = await issue({ subject: 'CN=Root  CA,O=Example', ca: true });
    const leaf = await issue({ subject: 'CN=Leaf', issuer: { ...root, subject: 'CN=root ca,O=EXAMPLE' } });
    expect((await chainOf(leaf, [], [root])).valid).toBe(true);
  });

  it('ends where certificates sign one another in a circle', async () => {
    const root = await issue({ subject: 'CN=Root', ca: true });
    const a = await issue({ subject: 'CN=A', ca: true });
    const b = await issue({ subject: 'CN=B', issuer: a, ca: true });
    const aByB = await issue({ subject: 'CN=A', issuer: b, ca: true, key: a.key });
    const leaf = await issue({ subject: 'CN=Leaf', issuer: b });
    expect(await chainOf(leaf, [a, b, aByB], [root])).toMatchObject({
      valid: false,
      error: { code: 'PATH_NOT_FOUND' },
    });
    const aByRoot = await issue({ subject: 'CN=A', issuer: root, ca: true, key: a.key });
    expect(await chainOf(leaf, [a, aByB, b, aByRoot], [root])).toMatchObject({ valid: true });
  });

  it('gives up in time on a mesh with more paths than anyone can try', async () => {
    const root = await issue({ subject: 'CN=Root', ca: true, pathLength: 3 });
    const layers: Entity[] = [];
    let issuers = [root];
    for (let depth = 0; depth < 8; depth++) {
      const keys = await Promise.all([0, 1].map(() => crypto.generateKey('ECDSA-P256')));
      const layer = await Promise.all(
        issuers.flatMap((issuer) => keys.map((key) => issue({ subject: `CN=Layer ${depth}`, issuer, ca: true, key }))),
      );
      layers.push(...layer);
      issuers = layer.slice(0, 2);
    }
    const leaf = await issue({ subject: 'CN=Leaf', issuer: issuers[0] as Entity });
    const started = performance.now();
    const result = await chainOf(leaf, layers, [root]);
    expect(result.valid).toBe(false);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('bounds the name constraints of all paths together, whatever their kinds', async () => {
    const subtrees = Array.from({ length: 3000 }, (_, at) => parseSubtreeText(`email:h${at}.example`));
    const extensions = [encodeNameConstraints({ excluded: subtrees })];
    const root = await issue({ subject: 'CN=Root', ca: true });
    let issuers = [root];
    const all: Entity[] = [];
    for (let depth = 0; depth < 6; depth++) {
      const keys = await Promise.all([0, 1].map(() => crypto.generateKey('ECDSA-P256')));
      const layer: Entity[] = [];
      for (const issuer of issuers) {
        for (const key of keys) layer.push(await issue({ subject: `CN=${depth}`, issuer, ca: true, key, extensions }));
      }
      all.push(...layer);
      issuers = layer.slice(0, 2);
    }
    const leaf = await issue({ subject: 'CN=Leaf', issuer: issuers[0] as Entity, names: ['email:a@h2999.example'] });
    const started = performance.now();
    expect(await chainOf(leaf, all, [root])).toMatchObject({
      valid: false,
      error: { code: 'PATH_BUDGET_EXCEEDED' },
    });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('bounds the signatures of a hundred namesakes', async () => {
    const root = await issue({ subject: 'CN=CA', ca: true });
    const key = await crypto.generateKey('ECDSA-P256');
    const namesakes: Entity[] = [];
    for (let count = 0; count < 200; count++) {
      const own = await crypto.generateKey('ECDSA-P256');
      namesakes.push(await issue({ subject: 'CN=CA', issuer: { ...root, key }, ca: true, key: own }));
    }
    const leaf = await issue({ subject: 'CN=Leaf', issuer: { ...root, key } });
    const result = await chainOf(leaf, namesakes, [root]);
    expect(result).toMatchObject({ valid: false, error: { code: 'PATH_BUDGET_EXCEEDED' } });
  });

  it('trusts an intermediate that is a trust anchor, whoever issued it', async () => {
    const root = await issue({ subject: 'CN=Root', ca: true });
    const ca = await issue({ subject: 'CN=CA', issuer: root, ca: true });
    const leaf = await issue({ subject: 'CN=Leaf', issuer: ca });
    expect(await chainOf(leaf, [root], [ca])).toMatchObject({ valid: true, path: [leaf.pem, ca.pem] });
  });

  it('does not trust what is only among the intermediates', async () => {
    const root = await issue({ subject: 'CN=Root', ca: true });
    const other = await issue({ subject: 'CN=Other', ca: true });
    const leaf = await issue({ subject: 'CN=Leaf', issuer: root });
    expect((await chainOf(leaf, [root], [other])).valid).toBe(false);
    expect((await chainOf(leaf, [root], [])).valid).toBe(false);
  });
});

describe('PathValidator', () => {
  it('verifies what it has seen only once', async () => {
    const root = await issue({ subject: 'CN=Root', ca: true });
    const ca = await issue({ subject: 'CN=CA', issuer: root, ca: true });
    let verifications = 0;
    const counting = new Proxy(crypto, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]) => {
          if (name === 'verify') verifications++;
          return Reflect.apply(value, target, given);
        };
      },
    });
    const validator = new PathValidator({ trustAnchors: root.pem, intermediates: ca.pem, crypto: counting });
    for (const subject of ['CN=1', 'CN=2', 'CN=3']) {
      const leaf = await issue({ subject, issuer: ca });
      expect(await validator.validate(leaf.pem, { at: AT })).toMatchObject({ valid: true });
    }
    expect(verifications).toBe(4);
  });
});
