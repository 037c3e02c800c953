import { LocalKeyring } from '@chancery/core';
import { MemoryStorage } from '@chancery/storage-memory';
import { describe, expect, it } from 'vitest';
import { createHandlers } from '../src/index.ts';

describe('options that are malformed', () => {
  const storage = new MemoryStorage();
  const keyring = LocalKeyring.generate();

  it.each([
    ['options', null],
    ['storage', { storage: 7 }],
    ['keyring', { keyring: undefined }],
    ['accounts', { accounts: {} }],
    ['authority', { authority: { issue: () => undefined } }],
    ['certificates', { certificates: 'all' }],
    ['vault', { vault: {} }],
    ['events', { events: {} }],
    ['acme', { acme: null }],
    ['clock', { clock: { now: 7 } }],
    ['crypto', { crypto: {} }],
    ['logger', { logger: console.log }],
    ['clientCertificateHeader', { clientCertificateHeader: 'client-cert' }],
    ['clientCertificateHeader', { clientCertificateHeader: { name: '', format: 'nginx' } }],
    ['"nginxx"', { clientCertificateHeader: { name: 'client-cert', format: 'nginxx' } }],
    ['publicOrigin', { publicOrigin: 'app.example' }],
    ['basePath', { basePath: 'api' }],
    ['registration', { registration: 'yes' }],
    ['bodyLimit', { bodyLimit: Number.NaN }],
    ['observe', { observe: {} }],
    ['readiness', { readiness: 7 }],
    ['readiness.scheduler', { readiness: { scheduler: true } }],
    ['basePath', { basePath: ['/api'] }],
    ['basePath', { basePath: 1n }],
    ['registration', { registration: 1n }],
    ['bodyLimit', { bodyLimit: Object.create(null) }],
    ['publicOrigin', { publicOrigin: 1n }],
    ['rateLimits', { rateLimits: null }],
    ['rateLimits', { rateLimits: true }],
    ['rateLimits.account', { rateLimits: { account: true } }],
    ['permissions', { permissions: null }],
    ['"viewer"', { permissions: { viewer: null } }],
    ['"viewer"', { permissions: { viewer: '*' } }],
    ['"viewer"', { permissions: { viewer: [1n] } }],
    ['cors', { cors: null }],
    ['cors.origins', { cors: {} }],
    ['cors.origins', { cors: { origins: 'https://app.example' } }],
    ['cors.origins', { cors: { origins: [1n] } }],
    ['cors.maxAgeS', { cors: { origins: [], maxAgeS: '600' } }],
    ['trustedProxies', { trustedProxies: null }],
    ['trustedProxies', { trustedProxies: '10.0.0.1' }],
    ['trustedProxies', { trustedProxies: [1n] }],
    ['clientCertificateHeader', { clientCertificateHeader: null }],
  ])('are refused by their name: %s', (name, wrong) => {
    const options = wrong === null ? null : { storage, keyring, ...wrong };
    expect(() => createHandlers(options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(name) }),
    );
  });
});
