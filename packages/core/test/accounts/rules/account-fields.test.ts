import { describe, expect, it } from 'vitest';
import { parseAttributes } from '../../../src/accounts/accounts/attributes.ts';
import { parseDateOfBirth } from '../../../src/accounts/accounts/date-of-birth.ts';
import { Permissions } from '../../../src/accounts/permissions.ts';
import { ipPrefix } from '../../../src/accounts/throttle/ip-prefix.ts';
import { loginRates } from '../../../src/accounts/throttle/throttle-options.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';

const NOW = Date.parse('2026-06-15T12:00:00Z');

describe('dates of birth', () => {
  it.each([
    ['1970-01-01', 0],
    ['2000-02-29', 11016],
    ['1969-12-31', -1],
    ['0001-01-01', -719162],
    ['2026-06-16', 20620],
  ])('%s is day %i', (text, day) => expect(parseDateOfBirth(text, NOW)).toBe(day));

  it.each([
    '2026-06-18',
    '1999-02-29',
    '1900-02-29',
    '2000-13-01',
    '2000-00-10',
    '2000-04-31',
    '2000-1-1',
    '20000101',
    '',
    '2000-01-01T00:00:00Z',
    '+002000-01-01',
  ])('%j is refused', (text) => expect(parseDateOfBirth(text, NOW)).toHaveProperty('fault'));
});

describe('attributes', () => {
  it('are copied', () => {
    const given = { plan: 'pro', limits: { seats: [1, 2] }, ['__proto__']: null };
    const parsed = parseAttributes(given);
    expect(parsed).toEqual({ attributes: given });
    expect('attributes' in parsed && parsed.attributes).not.toBe(given);
  });

  it.each([
    ['a list', []],
    ['a date', { at: new Date(0) }],
    ['a function', { at: () => 1 }],
    ['undefined', { at: undefined }],
    ['NUL', { text: 'a\0b' }],
    ['a lone surrogate', { text: '\udc00' }],
    ['infinity', { n: Number.POSITIVE_INFINITY }],
    ['17 KiB', { text: 'x'.repeat(17_000) }],
    ['forty levels', JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`)],
    ['null', null],
  ])('%s is refused', (_, value) => expect(parseAttributes(value)).toHaveProperty('fault'));

  it('are refused by place, not by value', () => {
    const parsed = parseAttributes({ profile: { secret: 'hush\0hush' } });
    expect('fault' in parsed && parsed.fault).toContain('attributes.profile.secret');
    expect(JSON.stringify(parsed)).not.toContain('hush');
  });
});

describe('addresses', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:C000:0201', '192.0.2.1'],
    ['64:ff9b::192.0.2.1', '192.0.2.1'],
    ['64:ff9b:1::192.0.2.1', '64:ff9b:1::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80::/64'],
    ['::1', '::/64'],
  ])('%s counts as %s', (text, prefix) => expect(ipPrefix(text)).toBe(prefix));

  it.each(['', 'localhost', '1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.4:80', '[::1]', '1::2::3', 'fe80::1%'])(
    '%j is none',
    (text) => expect(ipPrefix(text)).toBeUndefined(),
  );
});

describe('permissions', () => {
  const permissions = new Permissions({ clerk: ['orders.read'], manager: ['orders.read', 'orders.write'] });
  const holder = (...roles: string[]) => ({ accountId: 'a', roles });

  it('come with roles', () => {
    permissions.requireRole(holder('clerk'), 'clerk');
    permissions.requireRole(holder('clerk'), 'manager', 'clerk');
    permissions.requirePermission(holder('guest', 'manager'), 'orders.write');
    expect(permissions.of(['clerk', 'manager'])).toEqual(['orders.read', 'orders.write']);
  });

  it('are refused by name', async () => {
    const error = await rejection(() => permissions.requirePermission(holder('clerk'), 'orders.write'));
    expect(error).toMatchObject({ code: 'PERMISSION_DENIED', facts: { accountId: 'a', permission: 'orders.write' } });
    expect(await codeOf(() => permissions.requireRole(holder(), 'clerk'))).toBe('PERMISSION_DENIED');
    expect(await codeOf(() => permissions.requireRole(holder('Clerk'), 'clerk'))).toBe('PERMISSION_DENIED');
    expect(await codeOf(() => permissions.requireRole(holder('clerk')))).toBe('PERMISSION_DENIED');
    expect(await codeOf(() => permissions.requirePermission(holder('constructor', '__proto__'), 'name'))).toBe(
      'PERMISSION_DENIED',
    );
  });

  it('must be lists of names', async () => {
    for (const bad of [null, 5, { clerk: 'orders' }, { clerk: [5] }, { clerk: [''] }]) {
      expect(await codeOf(() => new Permissions(bad as never))).toBe('INVALID_ARGUMENT');
    }
  });
});

describe('the option loginThrottle', () => {
  it('takes what it names and leaves the rest as it is', () => {
    const rates = loginRates({ account: { limit: 3, periodMs: 1000 }, ip: false });
    expect(rates).toMatchObject({ account: { limit: 3, periodMs: 1000 }, ip: false, pair: { limit: 5 } });
  });

  it.each([{ account: { limit: 0, periodMs: 1 } }, { account: true }, { acount: false }, { ip: { limit: 1 } }, 5])(
    '%j is refused',
    async (given) => expect(await codeOf(() => loginRates(given as never))).toBe('INVALID_ARGUMENT'),
  );
});
