import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../../src/crypto/node-provider.ts';
import { parsePasswordHash } from '../../../src/crypto/passwords/parse.ts';
import { PasswordHasher } from '../../../src/crypto/passwords/password-hasher.ts';
import { createWebCryptoProvider } from '../../../src/crypto/webcrypto-provider.ts';
import { utf8 } from '../../../src/encoding/bytes.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';

const crypto = nodeCrypto();
const verify = (encoded: string, password: string) => parsePasswordHash(encoded, crypto).verify(utf8(password));

/** Made by other programs: the reference implementations of argon2 and bcrypt, and passlib. */
const FOREIGN: readonly (readonly [string, string, string])[] = [
  ['argon2id', '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', 'password'],
  [
    'argon2id, two lanes',
    '$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc',
    'password',
  ],
  ['bcrypt 2a', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
  ['bcrypt 2b', '$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
  ['bcrypt 2y', '$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK', 'U*U*'],
  [
    'PBKDF2 of passlib',
    '$pbkdf2-sha256$6400$.6UI/S.nXIk8jcbdHx3Fhg$98jZicV16ODfEsEZeYPGHU3kbrUrvUEXOPimVSQDD44',
    'password',
  ],
];

describe('hashes that others have made', () => {
  it.each(FOREIGN)('%s fits its password and no other', async (_, encoded, password) => {
    expect(await verify(encoded, password)).toBe(true);
    expect(await verify(encoded, `${password}x`)).toBe(false);
  });

  it('PBKDF2 as Django and as PHC write it, against the function itself', async () => {
    const { pbkdf2Sync } = await import('node:crypto');
    for (const digest of ['sha1', 'sha256', 'sha512'] as const) {
      const hash = pbkdf2Sync('pässword', 'saltsaltsalt', 1000, 32, digest).toString('base64');
      expect(await verify(`pbkdf2_${digest}$1000$saltsaltsalt$${hash}`, 'pässword')).toBe(true);
      const salt = Buffer.from('saltsaltsalt').toString('base64').replace(/=+$/, '');
      const named = digest === 'sha1' ? '$pbkdf2' : `$pbkdf2-${digest}`;
      expect(await verify(`${named}$i=1000$${salt}$${hash.replace(/=+$/, '')}`, 'pässword')).toBe(true);
      expect(await verify(`${named}$1001$${salt}$${hash.replace(/=+$/, '')}`, 'pässword')).toBe(false);
    }
  });

  it('scrypt (RFC 7914), against the function itself', async () => {
    const { scryptSync } = await import('node:crypto');
    const salt = Buffer.from('NaClNaCl');
    const own = scryptSync('password', salt, 32, { N: 1024, r: 8, p: 16 }).toString('base64').replace('=', '');
    expect(
      await verify(`$scrypt$ln=10,r=8,p=16$${salt.toString('base64').replaceAll('=', '')}$${own}`, 'password'),
    ).toBe(true);
  });
});

describe('hashes that are refused', () => {
  const salt = 'c29tZXNhbHQ';
  const hash = 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  it.each([
    ['nothing', ''],
    ['a plain password', 'correct horse'],
    ['md5 crypt', '$1$abcdefgh$0123456789abcdefghijkl'],
    ['argon2i', `$argon2i$v=19$m=65536,t=2,p=1$${salt}$${hash}`],
    ['argon2id of another version', `$argon2id$v=16$m=65536,t=2,p=1$${salt}$${hash}`],
    ['argon2id without a version', `$argon2id$m=65536,t=2,p=1$${salt}$${hash}`],
    ['argon2id of 4 GiB', `$argon2id$v=19$m=4194304,t=1,p=1$${salt}$${hash}`],
    ['argon2id of a million passes', `$argon2id$v=19$m=64,t=1000000,p=1$${salt}$${hash}`],
    ['argon2id of less memory than lanes need', `$argon2id$v=19$m=8,t=1,p=4$${salt}$${hash}`],
    ['parameters in another order', `$argon2id$v=19$t=2,m=65536,p=1$${salt}$${hash}`],
    ['a leading zero', `$argon2id$v=19$m=065536,t=2,p=1$${salt}$${hash}`],
    ['a part too many', `$argon2id$v=19$m=65536,t=2,p=1$${salt}$${hash}$x`],
    ['a short salt', `$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$${hash}`],
    ['a short hash', `$argon2id$v=19$m=65536,t=2,p=1$${salt}$CTFhFdXPJO0`],
    ['scrypt of 2^30', `$scrypt$ln=30,r=8,p=1$${salt}$${hash}`],
    ['scrypt of N=1', `$scrypt$ln=0,r=8,p=1$${salt}$${hash}`],
    ['scrypt of blocks too short for its N', `$scrypt$ln=16,r=1,p=1$${salt}$${hash}`],
    ['bcrypt of cost 31', '$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    ['bcrypt that is cut off', '$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyO'],
    ['bcrypt 2x, whose hashes are broken', '$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    ['PBKDF2 of a billion rounds', `$pbkdf2-sha256$1000000000$${salt}$${hash}`],
    ['PBKDF2 of no rounds', `$pbkdf2-sha256$0$${salt}$${hash}`],
    ['PBKDF2 of MD5', `$pbkdf2-md5$1000$${salt}$${hash}`],
    ['a text of 10 KB', `$argon2id$${'x'.repeat(10_000)}`],
  ])('%s', async (_, encoded) => {
    const error = await rejection(() => parsePasswordHash(encoded, crypto));
    expect(error.code).toBe('PASSWORD_HASH_INVALID');
    if (encoded.length > 20) expect(error.message).not.toContain(encoded.slice(-20));
  });
});

describe('hashes of our own', () => {
  it('are argon2id of 19 MiB by default, as the reference writes them', async () => {
    const hasher = new PasswordHasher(crypto);
    const encoded = await hasher.hash(utf8('päss'));
    expect(encoded).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    const { verify: reference } = await import('@node-rs/argon2');
    expect(await reference(encoded, 'päss')).toBe(true);
    expect(await hasher.verify(encoded, utf8('päss'))).toBe(true);
    expect(await hasher.verify(encoded, utf8('pass'))).toBe(false);
    expect(await hasher.hash(utf8('päss'))).not.toBe(encoded);
  });

  it('are scrypt of 16 MiB where that is asked for', async () => {
    const hasher = new PasswordHasher(crypto, { algorithm: 'scrypt' });
    const encoded = await hasher.hash(utf8('pass'));
    expect(encoded).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$/);
    expect(await hasher.verify(encoded, utf8('pass'))).toBe(true);
    expect(await new PasswordHasher(crypto).needsRehash(encoded)).toBe(true);
    expect(await hasher.needsRehash(encoded)).toBe(false);
  });

  it('are due to be made anew when function or cost have moved', async () => {
    const cheap = { memoryKiB: 64, passes: 1, parallelism: 1 };
    const former = new PasswordHasher(crypto, { argon2id: cheap });
    const present = new PasswordHasher(crypto, { argon2id: { ...cheap, passes: 2 } });
    const encoded = await former.hash(utf8('pass'));
    expect(await former.needsRehash(encoded)).toBe(false);
    expect(await present.needsRehash(encoded)).toBe(true);
    expect(await present.verify(encoded, utf8('pass'))).toBe(true);
  });

  it.each(['argon2id', 'scrypt'] as const)('have decoys of the same form and cost: %s', async (algorithm) => {
    const hasher = new PasswordHasher(crypto, { algorithm, argon2id: { memoryKiB: 64, passes: 1, parallelism: 1 } });
    const [decoy, real] = [await hasher.decoy(), await hasher.hash(utf8('pass'))];
    expect(decoy.length).toBe(real.length);
    expect(parsePasswordHash(decoy, crypto).parameters).toBe(parsePasswordHash(real, crypto).parameters);
    expect(await hasher.verify(decoy, utf8('pass'))).toBe(false);
  });

  it('refuse a cost that no login should take', async () => {
    const hasher = (argon2id: object) => () => new PasswordHasher(crypto, { argon2id: argon2id as never });
    expect(await codeOf(hasher({ memoryKiB: 4_194_304, passes: 1, parallelism: 1 }))).toBe('PASSWORD_HASH_INVALID');
    expect(await codeOf(hasher({ memoryKiB: 64.5, passes: 1, parallelism: 1 }))).toBe('PASSWORD_HASH_INVALID');
    expect(await codeOf(hasher({ memoryKiB: 64 }))).toBe('PASSWORD_HASH_INVALID');
  });
});

describe('both providers', () => {
  it('compute PBKDF2 (RFC 6070) and HMAC-SHA-1 (RFC 2202) alike', async () => {
    for (const provider of [crypto, await createWebCryptoProvider()]) {
      const key = await provider.pbkdf2('SHA-1', utf8('password'), utf8('salt'), 4096, 20);
      expect(Buffer.from(key).toString('hex')).toBe('4b007901b765489abead49d926f721d065a429c1');
      const mac = await provider.hmac('SHA-1', utf8('Jefe'), utf8('what do ya want for nothing?'));
      expect(Buffer.from(mac).toString('hex')).toBe('effcdf6ae5eb2fa2d27416d5f184df9c259a7c79');
    }
  });
});
