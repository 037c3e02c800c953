import * as pkijs from 'pkijs';
import { describe, expect, it } from 'vitest';
import { createWebCryptoProvider } from '../../../src/crypto/webcrypto-provider.ts';
import {
  derContext,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
} from '../../../src/encoding/der/writer.ts';
import { decodePem, encodePem } from '../../../src/encoding/pem.ts';
import {
  type ExportPkcs12Options,
  exportPkcs12,
  importPkcs12,
  type KeyAlgorithm,
  nodeCrypto,
} from '../../../src/index.ts';
import { encodeMac } from '../../../src/x509/pkcs12/mac.ts';
import { encodePassword } from '../../../src/x509/pkcs12/password.ts';
import { encodeCertBag, encodeSafeBag } from '../../../src/x509/pkcs12/safe-bag.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { seed, soakSize } from '../../support/soak.ts';
import { testCertificate } from '../../support/test-ca.ts';
import { testKey } from '../../support/test-keys.ts';

const ITERATIONS = 2_048;
const PASSWORD = 'Grüße aus 東京 🙂';
const crypto = nodeCrypto();

type Material = Awaited<ReturnType<typeof makeMaterial>>;
const known = new Map<string, Promise<Material>>();

/** A key, its certificate and the issuer's, the same each time. */
function material(algorithm: KeyAlgorithm = 'ECDSA-P256'): Promise<Material> {
  const pending = known.get(algorithm) ?? makeMaterial(algorithm);
  known.set(algorithm, pending);
  return pending;
}

async function makeMaterial(algorithm: KeyAlgorithm) {
  const key = await testKey(algorithm);
  const root = await testCertificate();
  const leaf = await testCertificate({
    subject: 'CN=Leaf',
    issuer: 'CN=Foreign Root CA',
    spki: key.publicKey.spki,
    basicConstraints: { cA: false },
    keyUsage: ['digitalSignature'],
  });
  const privateKeyPem = encodePem('PRIVATE KEY', await crypto.exportPrivateKey(key));
  return { privateKeyPem, chainPem: leaf + root, leaf, root };
}

async function made(options: Partial<ExportPkcs12Options> = {}) {
  const { privateKeyPem, chainPem } = await material();
  return exportPkcs12({ privateKeyPem, chainPem, password: PASSWORD, iterations: ITERATIONS, ...options });
}

describe('a PKCS#12 file', () => {
  it.each(['ECDSA-P256', 'ECDSA-P384', 'RSA-2048', 'Ed25519'] as const)(
    'holds a key of %s with its chain',
    async (algorithm) => {
      const { privateKeyPem, chainPem } = await material(algorithm);
      const file = await made({ privateKeyPem, chainPem, friendlyName: 'Grüße' });
      expect(await importPkcs12(file, { password: PASSWORD })).toEqual({
        privateKeyPem,
        chainPem,
        friendlyName: 'Grüße',
      });
    },
  );

  it('is the same to both providers', async () => {
    const webcrypto = await createWebCryptoProvider();
    const { privateKeyPem, chainPem } = await material();
    const ours = await made();
    const theirs = await made({ crypto: webcrypto });
    expect(await importPkcs12(ours, { password: PASSWORD, crypto: webcrypto })).toEqual({ privateKeyPem, chainPem });
    expect(await importPkcs12(theirs, { password: PASSWORD })).toEqual({ privateKeyPem, chainPem });
  });

  it('shows neither key nor certificate, and never repeats itself', async () => {
    const { privateKeyPem, chainPem } = await material();
    const [one, two] = [await made(), await made()];
    expect(one).not.toEqual(two);
    for (const pem of [privateKeyPem, ...chainPem.split(/(?<=-----\n)(?=-----BEGIN)/)]) {
      const der = decodePem(pem)[0]?.der as Uint8Array;
      expect(Buffer.from(one).includes(Buffer.from(der.subarray(-48)))).toBe(false);
    }
  });

  it('is read by pkijs, which finds its MAC right', async () => {
    const file = await made({ password: 'ascii only' });
    const pfx = pkijs.PFX.fromBER(new Uint8Array(file));
    const engine = new pkijs.CryptoEngine({ name: 'node', crypto: globalThis.crypto });
    await pfx.parseInternalValues(
      { checkIntegrity: true, password: new TextEncoder().encode('ascii only').buffer },
      engine,
    );
    expect(pfx.parsedValue?.integrityMode).toBe(0);
  });

  it('is ordered as a chain, whatever the order of the issuers', async () => {
    const { leaf, root } = await material();
    const stranger = await testCertificate({ subject: 'CN=Stranger' });
    const file = await made({ chainPem: leaf + stranger + root });
    expect((await importPkcs12(file, { password: PASSWORD })).chainPem).toBe(leaf + root + stranger);
  });
});

describe('a wrong password', () => {
  it.each(['', 'x', PASSWORD.slice(0, -2), PASSWORD.toUpperCase()])(
    '%o is refused, and quoted nowhere',
    async (password) => {
      const error = await rejection(importPkcs12(await made(), { password }));
      expect(error.code).toBe('PKCS12_PASSWORD_WRONG');
      if (password !== '' && password !== 'x')
        expect(JSON.stringify([error.message, error.facts, String(error.cause)])).not.toContain(password);
    },
  );

  it('and a changed file are told alike, at every octet', async () => {
    const file = await made();
    let state = seed(20_261_122);
    const rounds = soakSize(60, 20_000);
    for (let round = 0; round < rounds; round++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      const at = (state >>> 8) % file.length;
      const changed = file.with(at, (file[at] as number) ^ (1 << (state & 7)));
      const code = await codeOf(importPkcs12(changed, { password: PASSWORD }));
      expect(['PKCS12_PASSWORD_WRONG', 'PKCS12_INVALID'], `octet ${at}`).toContain(code);
    }
  });
});

describe('what is given for export', () => {
  it.each<[string, Partial<ExportPkcs12Options>, string]>([
    ['no password', { password: '' }, 'INVALID_ARGUMENT'],
    ['a password that is none', { password: undefined as never }, 'INVALID_ARGUMENT'],
    ['half a character as password', { password: '\ud83d' }, 'INVALID_ARGUMENT'],
    ['too long a password', { password: 'x'.repeat(1_025) }, 'INVALID_ARGUMENT'],
    ['too few iterations', { iterations: 2_047 }, 'INVALID_ARGUMENT'],
    ['too many iterations', { iterations: 200_001 }, 'INVALID_ARGUMENT'],
    ['a name beyond the basic plane', { friendlyName: '🙂' }, 'INVALID_ARGUMENT'],
    ['an empty name', { friendlyName: '' }, 'INVALID_ARGUMENT'],
    ['no chain', { chainPem: '' }, 'PEM_INVALID'],
    ['a chain that is no text', { chainPem: undefined as never }, 'INVALID_ARGUMENT'],
    ['a key that is no text', { privateKeyPem: undefined as never }, 'PEM_INVALID'],
    ['a key that is none', { privateKeyPem: encodePem('PRIVATE KEY', derSequence()) }, 'KEY_INVALID'],
    ['a key under another label', { privateKeyPem: encodePem('EC PRIVATE KEY', derSequence()) }, 'PEM_INVALID'],
  ])('%s is refused', async (_, options, code) => {
    expect(await codeOf(made(options))).toBe(code);
  });

  it('must be the key of the first certificate', async () => {
    const { root, leaf } = await material();
    const error = await rejection(made({ chainPem: root + leaf }));
    expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', expect.stringContaining('privateKeyPem')]);
  });
});

const SHA256 = derSequence(derOid('2.16.840.1.101.3.4.2.1'), derNull());
const data = (content: Uint8Array) =>
  derSequence(derOid('1.2.840.113549.1.7.1'), derContext(0, true, derOctetString(content)));
const mac = (algorithm: Uint8Array, iterations: number) =>
  derSequence(
    derSequence(algorithm, derOctetString(new Uint8Array(32))),
    derOctetString(new Uint8Array(8)),
    derInteger(iterations),
  );

/** A PBKDF2 AlgorithmIdentifier whose digest is the default, SHA-1. */
const derivation = (iterations: number, length: number) =>
  derSequence(
    derOid('1.2.840.113549.1.5.12'),
    derSequence(derOctetString(new Uint8Array(8)), derInteger(iterations), derInteger(length)),
  );

describe('a file that is not worth the work', () => {
  it.each<[string, number, number, string]>([
    ['of which one key takes four blocks', 1_000_001, 64, 'too many iterations'],
    ['that is within bounds', 1, 64, 'does not open'],
  ])('%s is judged before or after the work', async (_, iterations, length, said) => {
    const pbmac1 = derSequence(
      derOid('1.2.840.113549.1.5.14'),
      derSequence(derivation(iterations, length), derSequence(derOid('1.2.840.113549.2.9'), derNull())),
    );
    const file = derSequence(derInteger(3), data(derSequence()), mac(pbmac1, 1));
    expect((await rejection(importPkcs12(file, { password: PASSWORD }))).message).toContain(said);
  });

  it('whose parts together take more than one of them may is given up, though the MAC is right', async () => {
    const part = derSequence(
      derOid('1.2.840.113549.1.7.6'),
      derContext(
        0,
        true,
        derSequence(
          derInteger(0),
          derSequence(
            derOid('1.2.840.113549.1.7.1'),
            derSequence(
              derOid('1.2.840.113549.1.5.13'),
              derSequence(
                derivation(2_000_000, 32),
                derSequence(derOid('2.16.840.1.101.3.4.1.42'), derOctetString(new Uint8Array(16))),
              ),
            ),
            derContext(0, false, new Uint8Array(16)),
          ),
        ),
      ),
    );
    const derived: number[] = [];
    // What is derived does not matter here, only how often.
    const frugal = Object.assign(Object.create(crypto) as typeof crypto, {
      digest: crypto.digest.bind(crypto),
      hmac: crypto.hmac.bind(crypto),
      randomBytes: crypto.randomBytes.bind(crypto),
      pbkdf2: async (_: unknown, __: Uint8Array, ___: Uint8Array, iterations: number, length: number) => {
        derived.push(iterations);
        return new Uint8Array(length);
      },
      aesCbcDecrypt: () => derSequence(),
    });
    const safe = derSequence(part, part, part);
    const file = derSequence(
      derInteger(3),
      data(safe),
      await encodeMac(safe, encodePassword(PASSWORD, { mayBeEmpty: false }), 1, crypto),
    );
    const error = await rejection(importPkcs12(file, { password: PASSWORD, crypto: frugal }));
    expect([error.code, error.message]).toEqual([
      'PKCS12_INVALID',
      expect.stringContaining('together take too many iterations'),
    ]);
    expect(derived).toEqual([2_000_000]);
  });

  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), ''],
    ['text', new TextEncoder().encode('-----BEGIN'), ''],
    ['without a MAC', derSequence(derInteger(3), data(derSequence())), 'no MAC'],
    ['of another version', derSequence(derInteger(2), data(derSequence())), 'version 2'],
    [
      'with a billion iterations',
      derSequence(derInteger(3), data(derSequence()), mac(SHA256, 1e9)),
      '1000000000 iterations',
    ],
    ['with no iteration', derSequence(derInteger(3), data(derSequence()), mac(SHA256, 0)), '0 iterations'],
    [
      'with the MAC of MD5',
      derSequence(derInteger(3), data(derSequence()), mac(derSequence(derOid('1.2.840.113549.2.5')), 1)),
      '1.2.840.113549.2.5',
    ],
    [
      'with parameters of the digest',
      derSequence(
        derInteger(3),
        data(derSequence()),
        mac(derSequence(derOid('2.16.840.1.101.3.4.2.1'), derInteger(1)), 1),
      ),
      'null',
    ],
    [
      'signed instead',
      derSequence(derInteger(3), derSequence(derOid('1.2.840.113549.1.7.2'), derContext(0, true, derSequence()))),
      'by keys',
    ],
  ])('%s is refused', async (_, file, said) => {
    const error = await rejection(importPkcs12(file, { password: PASSWORD }));
    expect([error.code, error.message]).toEqual(['PKCS12_INVALID', expect.stringContaining(said)]);
  });

  it('with entries that nobody needs is read, with more than a thousand of them it is not', async () => {
    const holding = async (count: number) => {
      const bag = derSequence(derOid('1.2.3'), derContext(0, true, new Uint8Array()));
      const safe = derSequence(data(derSequence(...Array.from({ length: count }, () => bag))));
      const password = encodePassword(PASSWORD, { mayBeEmpty: false });
      return derSequence(derInteger(3), data(safe), await encodeMac(safe, password, 1, crypto));
    };
    for (const [count, said] of [
      [1_000, 'no certificate'],
      [1_001, 'more than 1000 entries'],
    ] as const) {
      const error = await rejection(importPkcs12(await holding(count), { password: PASSWORD }));
      expect([error.code, error.message]).toEqual(['PKCS12_INVALID', expect.stringContaining(said)]);
    }
  });

  it('is read or refused, whatever is changed in it behind a right MAC', async () => {
    const { leaf, root, privateKeyPem } = await material();
    const der = (pem: string) => decodePem(pem)[0]?.der as Uint8Array;
    const named = { friendlyName: 'name', localKeyId: new Uint8Array(4) };
    const safe = derSequence(
      data(derSequence(encodeCertBag(der(leaf), named), encodeCertBag(der(root), {}))),
      data(derSequence(encodeSafeBag('1.2.840.113549.1.12.10.1.1', der(privateKeyPem), named))),
    );
    const password = encodePassword(PASSWORD, { mayBeEmpty: false });
    const codes = new Set<string>();
    let state = seed(20_261_122);
    const rounds = soakSize(400, 50_000);
    for (let round = 0; round < rounds; round++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      const at = (state >>> 8) % safe.length;
      const changed = safe.with(at, (safe[at] as number) ^ (1 << (state & 7)));
      const file = derSequence(derInteger(3), data(changed), await encodeMac(changed, password, 1, crypto));
      codes.add(
        await importPkcs12(file, { password: PASSWORD }).then(
          () => 'read',
          (error: unknown) => String((error as { code?: unknown }).code),
        ),
      );
    }
    expect([...codes]).toEqual(expect.arrayContaining(['CERTIFICATE_INVALID', 'PKCS12_INVALID', 'read']));
    const documented = ['CERTIFICATE_INVALID', 'KEY_INVALID', 'KEY_UNSUPPORTED', 'PKCS12_INVALID', 'read'];
    expect(documented).toEqual(expect.arrayContaining([...codes]));
  });

  it('larger than 4 MiB is refused before it is read', async () => {
    expect(await codeOf(importPkcs12(new Uint8Array(4 * 1024 * 1024 + 1), { password: PASSWORD }))).toBe(
      'DER_TOO_LARGE',
    );
    expect(await codeOf(importPkcs12('x' as never, { password: PASSWORD }))).toBe('PEM_INVALID');
    expect(await codeOf(importPkcs12(new Uint8Array(), undefined as never))).toBe('INVALID_ARGUMENT');
  });
});
