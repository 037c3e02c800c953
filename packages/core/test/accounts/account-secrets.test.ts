import { expect, it } from 'vitest';
import type { Write } from '../../src/ports/storage.ts';
import { authenticatorCode } from '../support/authenticators/authenticator-code.ts';
import { rejection } from '../support/expect-error.ts';
import { recordCommits } from '../support/test-storage.ts';
import { OTHER_PASSWORD, PASSWORD, seededTestAccounts } from './support/test-accounts.ts';

/** Every text that a write holds, bytes as several encodings of themselves. */
function textOf(write: Write): string {
  const bytes = write.kind === 'put' && write.bytes !== undefined ? Buffer.from(write.bytes) : Buffer.alloc(0);
  return `${JSON.stringify(write)} ${bytes.toString('latin1')} ${bytes.toString('base64')} ${bytes.toString('hex')}`;
}

function deepText(error: unknown): string {
  const seen = new Set<unknown>();
  const walk = (value: unknown): string => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return String(value);
    seen.add(value);
    const own = Object.getOwnPropertyNames(value).map(
      (key) => `${key}: ${walk((value as Record<string, unknown>)[key])}`,
    );
    return own.join('\n');
  };
  return walk(error);
}

it('no secret reaches storage, log, event or error in clear', async () => {
  const made = seededTestAccounts();
  const { commits, storage } = recordCommits(made.storage);
  const accounts = made.another({ storage, passwordPolicy: { breached: (sha1) => sha1.length !== 40 } });
  const imported = '$pbkdf2-sha256$6400$.6UI/S.nXIk8jcbdHx3Fhg$98jZicV16ODfEsEZeYPGHU3kbrUrvUEXOPimVSQDD44';
  const ip = '203.0.113.99';
  const errors: unknown[] = [];
  const fail = async (work: Promise<unknown>) => void errors.push(await rejection(work));

  const { id } = await accounts.create({ login: 'ann', password: PASSWORD });
  await accounts.create({ login: 'bob', passwordHash: imported });
  const enrollment = await accounts.enrollTotp(id);
  const { recoveryCodes } = await accounts.confirmTotp(id, authenticatorCode(enrollment.secret, made.clock.now()));
  made.clock.advance(30_000);
  const totp = authenticatorCode(enrollment.secret, made.clock.now());
  const session = await accounts.login({ login: 'ann', password: PASSWORD, ip, secondFactor: { totp } });
  const recovery = recoveryCodes[0] as string;
  await accounts.login({ login: 'ann', password: PASSWORD, secondFactor: { recoveryCode: recovery } });
  await accounts.login({ login: 'bob', password: 'password' });
  await fail(accounts.login({ login: 'ann', password: OTHER_PASSWORD, deviceToken: session.deviceToken }));
  await fail(accounts.login({ login: 'ann', password: PASSWORD, secondFactor: { totp } }));
  await fail(accounts.login({ login: 'ann', password: `${PASSWORD}\ud800`, secondFactor: { recoveryCode: recovery } }));
  await fail(accounts.changePassword({ accountId: id, current: OTHER_PASSWORD, next: PASSWORD }));
  await fail(accounts.changePassword({ accountId: id, current: PASSWORD, next: PASSWORD }));
  await fail(accounts.setPassword({ accountId: id, password: `${PASSWORD}`.slice(0, 9) }));
  await fail(accounts.create({ login: 'eve', passwordHash: `${imported}!` }));
  await fail(accounts.create({ login: 'ann', password: OTHER_PASSWORD }));
  await accounts.changePassword({ accountId: id, current: PASSWORD, next: OTHER_PASSWORD });

  const secrets = {
    password: PASSWORD,
    'a part of the password': PASSWORD.slice(0, 9),
    'the other password': OTHER_PASSWORD,
    'the imported hash': imported.slice(-43),
    'a hash in the PHC form': '$scrypt$',
    'the secret of the app': enrollment.secret,
    'a recovery code': recovery,
    'the same as it is hashed': recovery.replaceAll('-', ''),
    'the access token': session.accessToken.split('.')[2] as string,
    'the refresh token': session.refreshToken.slice(-40),
    'the device token': session.deviceToken.slice(-40),
  };
  expect(errors.map((error) => (error as { code: string }).code)).toHaveLength(8);
  const stored = commits.flat().map(textOf).join('\n');
  const events = JSON.stringify((await made.events.pending({ limit: 1000 })).items);
  const places = { stored, events, logged: made.log.join('\n'), errors: errors.map(deepText).join('\n') };
  for (const [place, text] of Object.entries(places)) {
    for (const [what, secret] of Object.entries(secrets))
      expect(text.includes(secret), `${what} in what was ${place}`).toBe(false);
  }
  expect(stored.length).toBeGreaterThan(10_000);
  expect(stored).not.toContain(Buffer.from(PASSWORD).toString('base64').slice(0, 20));
  expect(events).not.toContain(ip);
});
