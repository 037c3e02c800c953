import { expect } from 'vitest';
import type { AccountManager } from '../../../src/index.ts';
import { PASSKEYS, SoftwareAuthenticator, type Twist } from '../../support/authenticators/software-authenticator.ts';
import { rejection } from '../../support/expect-error.ts';
import { seededTestAccounts, type TestAccountOptions } from './test-accounts.ts';

/** An account manager that takes passkeys, with an account. */
export async function bed(options: TestAccountOptions = {}) {
  const made = seededTestAccounts({ passkeys: PASSKEYS, ...options });
  const { id } = await made.add('ann');
  return { ...made, id };
}

/** Registers what a device has made. */
export async function register(accounts: AccountManager, id: string, device: SoftwareAuthenticator, twist: Twist = {}) {
  const options = await accounts.beginPasskeyRegistration(id);
  return accounts.finishPasskeyRegistration(id, device.create(options, twist), { name: 'phone' });
}

/** Logs in by what a device answers. */
export async function logIn(accounts: AccountManager, device: SoftwareAuthenticator, twist: Twist = {}) {
  const passkey = device.get(await accounts.beginPasskeyAuthentication(), twist);
  return accounts.loginWithPasskey({ passkey });
}

/** An account whose passkey is on a device that this test is. */
export async function registered(options: TestAccountOptions = {}, device = new SoftwareAuthenticator()) {
  const made = await bed(options);
  const passkey = await register(made.accounts, made.id, device);
  return { ...made, device, passkey, login: (twist: Twist = {}) => logIn(made.accounts, device, twist) };
}

/** Why a passkey was refused. */
export const reasonOf = async (promise: Promise<unknown>) => {
  const error = await rejection(promise);
  expect(error).toMatchObject({ code: 'PASSKEY_INVALID' });
  return (error as { facts?: { reason?: unknown } }).facts?.reason;
};
