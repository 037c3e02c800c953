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
  ])('are refused by their name: %s', (name, wrong) => {
    const options = wrong === null ? null : { storage, keyring, ...wrong };
    expect(() => createHandlers(options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(name) }),
    );
  });
});
