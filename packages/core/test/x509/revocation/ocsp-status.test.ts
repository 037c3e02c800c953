import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodePem } from '../../../src/encoding/pem.ts';
import { type ValidatePathOptions, validatePath } from '../../../src/index.ts';
import { encodeOcspNoCheck } from '../../../src/x509/extensions/revocation-hints.ts';
import { tool } from '../../support/tools.ts';
import { AT, crypto, type Entity, issue } from '../path/path-pki.ts';
import { crlOf, ocspOf, type TestOcspOptions } from './revocation-pki.ts';

const HOUR = 3_600_000;
const UNKNOWN = 'PATH_REVOCATION_UNKNOWN';

interface Scene {
  readonly root: Entity;
  readonly leaf: Entity;
  readonly responder: Entity;
}

async function scene(responder: Partial<Parameters<typeof issue>[0]> = {}): Promise<Scene> {
  const root = await issue({ subject: 'CN=Root', ca: true });
  const leaf = await issue({ subject: 'CN=Leaf', issuer: root });
  const delegated = await issue({
    subject: 'CN=Responder',
    issuer: root,
    purposes: ['ocspSigning'],
    extensions: [encodeOcspNoCheck()],
    ...responder,
  });
  return { root, leaf, responder: delegated };
}

async function ask(
  { root, leaf }: Scene,
  ocspResponses: readonly Uint8Array[],
  options: Partial<ValidatePathOptions> = {},
): Promise<string> {
  const required = { certificate: leaf.pem, trustAnchors: root.pem, at: AT, requireRevocation: true };
  const result = await validatePath({ ...required, ocspResponses, ...options });
  return result.valid ? (result.revocation[0]?.status ?? 'none') : result.error.code;
}

describe('an OCSP response', () => {
  it.each<[string, string, Partial<TestOcspOptions>]>([
    ['good, by the issuer', 'good', {}],
    ['good, by the issuer, told by name', 'good', { byName: true }],
    ['good, with SHA-256 CertIDs', 'good', { digest: 'SHA-256' }],
    ['revoked', 'PATH_REVOKED', { status: 'revoked' }],
    ['unknown', UNKNOWN, { status: 'unknown' }],
    ['out of date', UNKNOWN, { nextUpdate: AT.getTime() - HOUR }],
    ['of the future', UNKNOWN, { thisUpdate: AT.getTime() + HOUR }],
    ['without nextUpdate', UNKNOWN, { nextUpdate: null }],
    ['an error', UNKNOWN, { responseStatus: 3 }],
  ])('%s: %s', async (_, expected, options) => {
    const one = await scene();
    expect(await ask(one, [await ocspOf(one.leaf, one.root, { signer: one.root, ...options })])).toBe(expected);
  });

  it('by a delegated responder counts', async () => {
    const one = await scene();
    const signed = { signer: one.responder, certificates: [one.responder] };
    expect(await ask(one, [await ocspOf(one.leaf, one.root, signed)])).toBe('good');
    expect(await ask(one, [await ocspOf(one.leaf, one.root, { ...signed, byName: true })])).toBe('good');
  });

  it.each<[string, Partial<Parameters<typeof issue>[0]>]>([
    ['not for ocspSigning', { purposes: ['serverAuth'] }],
    ['for any purpose, which is not ocspSigning', { purposes: ['anyExtendedKeyUsage'] }],
    ['expired', { notAfter: '2026-05-01T00:00:00Z' }],
    ['of a key that may not sign', { keyUsage: ['keyEncipherment'] }],
    ['whose own status is unknown', { extensions: [] }],
  ])('by a responder %s does not', async (_, responder) => {
    const one = await scene(responder);
    const response = await ocspOf(one.leaf, one.root, { signer: one.responder, certificates: [one.responder] });
    expect(await ask(one, [response])).toBe(UNKNOWN);
  });

  it('by a responder of another CA, or by the subject itself, does not', async () => {
    const one = await scene();
    const other = await scene();
    const foreign = { signer: other.responder, certificates: [other.responder] };
    expect(await ask(one, [await ocspOf(one.leaf, one.root, foreign)])).toBe(UNKNOWN);
    const own = { signer: one.leaf, certificates: [one.leaf] };
    expect(await ask(one, [await ocspOf(one.leaf, one.root, own)])).toBe(UNKNOWN);
  });

  it('about another certificate, or of another issuer, does not count', async () => {
    const one = await scene();
    const other = await issue({ subject: 'CN=Other', issuer: one.root });
    expect(await ask(one, [await ocspOf(other, one.root, { signer: one.root })])).toBe(UNKNOWN);
    const namesake = await issue({ subject: 'CN=Root', ca: true });
    expect(await ask(one, [await ocspOf(one.leaf, namesake, { signer: one.root })])).toBe(UNKNOWN);
  });

  it('must have the nonce that was sent, which also makes it fresh', async () => {
    const one = await scene();
    const nonce = crypto.randomBytes(16);
    const withNonce = await ocspOf(one.leaf, one.root, { signer: one.root, nonce, nextUpdate: null });
    expect(await ask(one, [withNonce], { ocspNonce: nonce })).toBe('good');
    expect(await ask(one, [withNonce], { ocspNonce: crypto.randomBytes(16) })).toBe(UNKNOWN);
    const without = await ocspOf(one.leaf, one.root, { signer: one.root });
    expect(await ask(one, [without], { ocspNonce: nonce })).toBe(UNKNOWN);
  });

  it('that is good does not outweigh a CRL that says revoked', async () => {
    const one = await scene();
    const crl = await crlOf(one.root, { revoked: [{ serialNumber: one.leaf.serialNumber }] });
    expect(await ask(one, [await ocspOf(one.leaf, one.root, { signer: one.root })], { crls: [crl] })).toBe(
      'PATH_REVOKED',
    );
  });

  it('with any octet changed is never taken for good by its signature', async () => {
    const one = await scene();
    const response = await ocspOf(one.leaf, one.root, { signer: one.root, status: 'unknown' });
    for (let at = 0; at < response.length; at++) {
      const changed = Uint8Array.from(response, (byte, index) => (index === at ? byte ^ 0x02 : byte));
      expect(await ask(one, [changed])).toBe(UNKNOWN);
    }
  });

  it.each(['V', 'R'])('of the openssl command, which says %s, is understood', async (flag) => {
    const validity = { notBefore: '2020-01-01T00:00:00Z', notAfter: '2045-01-01T00:00:00Z' };
    const one = await scene(validity);
    const folder = mkdtempSync(join(tmpdir(), 'chancery-ocsp-'));
    try {
      const file = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);
      const run = (...args: string[]): void => {
        execFileSync(tool('openssl'), args, { cwd: folder, stdio: 'pipe' });
      };
      file('ca.pem', one.root.pem);
      file('leaf.pem', one.leaf.pem);
      file('responder.pem', one.responder.pem);
      file('key.pem', encodePem('PRIVATE KEY', await crypto.exportPrivateKey(one.responder.key)));
      const revoked = flag === 'R' ? '260501000000Z,keyCompromise' : '';
      file(
        'index.txt',
        `${flag}\t270101000000Z\t${revoked}\t${one.leaf.serialNumber.toUpperCase()}\tunknown\t/CN=Leaf\n`,
      );
      run('ocsp', '-issuer', 'ca.pem', '-cert', 'leaf.pem', '-no_nonce', '-reqout', 'request.der');
      const signer = ['-rsigner', 'responder.pem', '-rkey', 'key.pem'];
      run(
        'ocsp',
        '-index',
        'index.txt',
        '-CA',
        'ca.pem',
        ...signer,
        '-reqin',
        'request.der',
        '-respout',
        'r.der',
        '-ndays',
        '1',
      );
      // openssl dates its answers by the machine's clock.
      const at = new Date();
      const root = await issue({ subject: 'CN=Root', ca: true, key: one.root.key, ...validity });
      const leaf = await issue({
        subject: 'CN=Leaf',
        issuer: root,
        serialNumber: Number.parseInt(one.leaf.serialNumber, 16),
        ...validity,
      });
      const response = new Uint8Array(readFileSync(join(folder, 'r.der')));
      const status = await ask({ root, leaf, responder: one.responder }, [response], { at });
      expect(status).toBe(flag === 'R' ? 'PATH_REVOKED' : 'good');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
