import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isGuessable } from '../../../src/accounts/passwords/guessable.ts';
import { PasswordPolicy, type PasswordPolicyOptions } from '../../../src/accounts/passwords/password-policy.ts';
import { parsePasswordText } from '../../../src/accounts/passwords/password-text.ts';
import { nodeCrypto } from '../../../src/crypto/node-provider.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';

const text = (password: string) => {
  const parsed = parsePasswordText(password);
  if ('fault' in parsed) throw new Error(parsed.fault);
  return parsed;
};

async function ruleOf(password: string, options: PasswordPolicyOptions = {}, rest: object = {}): Promise<unknown> {
  const policy = new PasswordPolicy(nodeCrypto(), options);
  const judged = policy.require(text(password), { login: 'ann.lee@example.com', secondFactorRequired: false, ...rest });
  try {
    await judged;
    return undefined;
  } catch {
    const error = await rejection(judged);
    expect(error.code).toBe('PASSWORD_REFUSED');
    expect(`${error.message} ${JSON.stringify(error)}`).not.toContain(password);
    return error.facts.rule;
  }
}

describe('texts that cannot be a password', () => {
  it.each([
    ['empty', ''],
    ['NUL', 'a password with \0 in it'],
    ['a newline', 'a password\nof two lines'],
    ['a lone surrogate', 'a password with \ud83d half'],
    ['1,025 bytes', 'x'.repeat(1_025)],
    ['1,024 characters of two bytes', 'é'.repeat(1_024)],
    ['1 MB', 'x'.repeat(1_000_000)],
  ])('%s', (_, password) => {
    const parsed = parsePasswordText(password);
    expect(parsed).toHaveProperty('fault');
    if (password.length > 0) expect(JSON.stringify(parsed)).not.toContain(password.slice(0, 12));
  });

  it('1,024 bytes are one, and the last one counts', () => {
    const [one, other] = [text(`${'x'.repeat(1_023)}y`), text(`${'x'.repeat(1_023)}z`)];
    expect(one.bytes.length).toBe(1_024);
    expect(one.bytes).not.toEqual(other.bytes);
  });

  it('an accent is the same however it was composed', () => {
    expect(text('e\u0301').bytes).toEqual(text('\u00e9').bytes);
    expect(text('e\u0301').typed).not.toEqual(text('\u00e9').typed);
    expect(text('ﬁ').bytes).not.toEqual(text('fi').bytes);
  });
});

describe('length', () => {
  it('is 15 characters, or 8 with a second factor', async () => {
    expect(await ruleOf('kobold-rasp-ten')).toBeUndefined();
    expect(await ruleOf('kobold-rasp-te')).toBe('too-short');
    expect(await ruleOf('kobold-r', {}, { secondFactorRequired: true })).toBeUndefined();
    expect(await ruleOf('kobold-', {}, { secondFactorRequired: true })).toBe('too-short');
  });

  it('counts characters, not code units', async () => {
    expect(await ruleOf('🦊🐙🐢🐫🐬🐌🐝')).toBe('too-short');
    expect(await ruleOf('🦊🐙🐢🐫🐬🐌🐝🐞🦀🦑🦎🐍🦜🦚🦩')).toBeUndefined();
  });

  it('can be raised, and never lowered below 8', async () => {
    expect(await ruleOf('kobold-rasp-ten', { minimumLength: 16 })).toBe('too-short');
    expect(await codeOf(() => new PasswordPolicy(nodeCrypto(), { minimumLength: 7 }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => new PasswordPolicy(nodeCrypto(), { minimumLengthWithSecondFactor: 4 }))).toBe(
      'INVALID_ARGUMENT',
    );
  });
});

describe('what anybody would try', () => {
  it.each([
    'password',
    'P@ssw0rd',
    'Password123456789',
    'passwordpassword',
    '!!iloveyou2026!!',
    'correct horse battery staple',
    'CorrectHorseBatteryStaple1',
    'aaaaaaaaaaaaaaaa',
    'abcabcabcabcabcabc',
    '1234567890123456',
    '098765432109876',
    'qwertyuiopasdfgh',
    'abcdefghijklmnop',
    'zyxwvutsrqponml',
    'qwerty12345678',
    '1q2w3e4r5t6y7u8i',
    'qwertyuiop123456',
    'abcd1234abcd1234',
    '123123123123123',
  ])('%s', (password) => expect(isGuessable(password)).toBe(true));

  it.each([
    'seventeen purple otters',
    'eleven amber lanterns',
    'tr0ub4dor&3-xkcd',
    'mypasswordisnotthis',
    'X7#kd92!mPq0zLw',
    'qwertyzebraplanet1',
    'correct horse battery stapler',
    'a1b2c3d4-mandolin',
  ])('%s is not', (password) => expect(isGuessable(password)).toBe(false));

  it('is refused, as is what the host names', async () => {
    expect(await ruleOf('passwordpassword')).toBe('common');
    expect(await ruleOf('Example Company 1', { refused: ['example company 1'] })).toBe('common');
  });
});

describe('the login inside', () => {
  it.each(['ann.lee@example.com', 'my ANN.LEE is great', 'ａｎｎ.lee-ａｎｎ.lee'])('%s', async (password) => {
    expect(await ruleOf(password)).toBe('contains-login');
  });

  it('counts from four characters on', async () => {
    expect(await ruleOf('the animal in my manual', {}, { login: 'al' })).toBeUndefined();
    expect(await ruleOf('the alma in my manual', {}, { login: 'Alma' })).toBe('contains-login');
  });
});

describe('passwords that have leaked', () => {
  const password = 'kobold raspberry ten';

  it('are asked for by their SHA-1', async () => {
    const asked: string[] = [];
    const breached = (sha1: string) => {
      asked.push(sha1);
      return true;
    };
    expect(await ruleOf(password, { breached })).toBe('breached');
    expect(asked).toEqual([createHash('sha1').update(password).digest('hex').toUpperCase()]);
    expect(await ruleOf(password, { breached: async () => false })).toBeUndefined();
  });

  it('are refused where nobody can tell', async () => {
    expect(await ruleOf(password, { breached: () => Promise.reject(new Error('no such file')) })).toBe(
      'breach-unknown',
    );
    expect(await ruleOf(password, { breached: () => undefined as unknown as boolean })).toBe('breached');
  });
});
