import { MemoryStorage } from '@chancery/storage-memory';
import { describe, expect, it } from 'vitest';
import { AccountManager, LocalKeyring } from '../../../src/index.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';

const storage = new MemoryStorage();
const keyring = LocalKeyring.generate();
const accounts = new AccountManager({ storage, keyring, issuer: 'https://app.example' });
const id = '01900000-0000-7000-8000-000000000000';
const cycle: Record<string, unknown> = {};
cycle.itself = cycle;

describe('options that are malformed', () => {
  const none = null as never;
  const mute = { signal: 'now' as never };

  it.each<[string, () => unknown]>([
    ['get', () => accounts.get(id, none)],
    ['get', () => accounts.get(id, mute)],
    ['findByLogin', () => accounts.findByLogin('ann', none)],
    ['findByLogin', () => accounts.findByLogin('ann', mute)],
    ['delete', () => accounts.delete(id, none)],
    ['disable', () => accounts.disable(id, none)],
    ['enable', () => accounts.enable(id, none)],
    ['logoutEverywhere', () => accounts.logoutEverywhere(id, none)],
    ['jwks', () => accounts.jwks(none)],
    ['secondFactor', () => accounts.secondFactor(id, none)],
    ['confirmTotp', () => accounts.confirmTotp(id, '123456', none)],
    ['confirmTotp', () => accounts.confirmTotp(id, Object.create(null))],
    ['renewRecoveryCodes', () => accounts.renewRecoveryCodes(id, none)],
    ['removeSecondFactor', () => accounts.removeSecondFactor(id, none)],
    ['beginPasskeyRegistration', () => accounts.beginPasskeyRegistration(id, none)],
    ['passkeys', () => accounts.passkeys(id, none)],
    ['removePasskey', () => accounts.removePasskey(id, 'x', none)],
    ['rotateSigningKey', () => accounts.rotateSigningKey({ compromised: 'yes' as never })],
    ['rotateSigningKey', () => accounts.rotateSigningKey({ compromized: true } as never)],
  ])('are refused by %s', async (_, call) => {
    expect(await codeOf(call)).toBe('INVALID_ARGUMENT');
  });

  it('are refused by the constructor: a keyring that cannot seal', async () => {
    const options = { storage, keyring: {} as never, issuer: 'https://app.example' };
    const error = await rejection(() => new AccountManager(options));
    expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', 'keyring has no method seal()']);
  });
});

describe('roles', () => {
  it.each([undefined, null, 'admin', {}, { roles: 'not-an-admin' }, { roles: undefined }])(
    'are nobody’s who is no principal: %j',
    async (holder) => {
      expect(await codeOf(() => accounts.requireRole(holder as never, 'admin'))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(() => accounts.requirePermission(holder as never, 'orders.read'))).toBe('INVALID_ARGUMENT');
    },
  );

  it.each([undefined, null, '', Symbol('admin'), cycle])('have to be named', async (role) => {
    const principal = { accountId: id, roles: [role as string] };
    expect(await codeOf(() => accounts.requireRole(principal, role as never))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => accounts.requirePermission(principal, role as never))).toBe('INVALID_ARGUMENT');
  });

  it('are denied where none is held', async () => {
    expect(await codeOf(() => accounts.requireRole({ accountId: id, roles: ['clerk'] }, 'cler'))).toBe(
      'PERMISSION_DENIED',
    );
  });
});
