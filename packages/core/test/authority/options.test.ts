import { describe, expect, it, vi } from 'vitest';
import {
  builtInProfiles,
  CertificateAuthority,
  type CertificateAuthorityOptions,
  type CertificateProfile,
  EventLog,
  LocalKeyring,
  type StorageBackend,
} from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { rejection } from '../support/expect-error.ts';
import { createTestStorage, recordCommits } from '../support/test-storage.ts';

const clock = new VirtualClock();
const { storage, another } = createTestStorage(clock);
const keyring = LocalKeyring.generate();
const construct = (change: Partial<CertificateAuthorityOptions>) =>
  new CertificateAuthority({ storage, keyring, clock, ...change });

describe('the options of a CertificateAuthority', () => {
  it('are judged without any I/O', () => {
    const touched = vi.fn();
    const backend = new Proxy(storage, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function' ? touched : value;
      },
    });
    construct({ storage: backend });
    expect(touched).not.toHaveBeenCalled();
  });

  it.each<[Partial<CertificateAuthorityOptions>, string]>([
    [{ name: '' }, 'name'],
    [{ name: 'Internal' }, 'name'],
    [{ name: 'a/b' }, 'name'],
    [{ name: 'a'.repeat(41) }, 'name'],
    [{ baseUrl: 'ftp://pki.example' }, 'baseUrl'],
    [{ baseUrl: 'pki.example' }, 'baseUrl'],
    [{ baseUrl: 'http://pki.example/a b' }, 'baseUrl'],
    [{ baseUrl: 5 as unknown as string }, 'baseUrl'],
    [{ skipPathValidation: 'false' as unknown as boolean }, 'skipPathValidation'],
    [{ skipPathValidation: null as unknown as boolean }, 'skipPathValidation'],
  ])('are refused: %j', async (change, field) => {
    const error = await rejection(() => construct(change));
    expect(error).toMatchObject({ name: 'InvalidInputError', code: 'INVALID_ARGUMENT' });
    expect(error.message).toContain(field);
  });

  it('are refused without telling what may be a password', async () => {
    for (const baseUrl of [
      'ftp://ada:hunter2@pki.example',
      'https://ada:hunter2@pki.example/a b',
      'https://ada:hunter2@pki.example',
    ])
      expect((await rejection(() => construct({ baseUrl }))).message).not.toMatch(/ada|hunter2/);
  });

  const profile = (change: object) => ({
    profiles: { own: { ...builtInProfiles.server, ...change } as CertificateProfile },
  });

  it.each<[object, string]>([
    [{ keyUsage: ['keyCertSign'] }, 'keyUsage'],
    [{ keyUsage: ['everything'] }, 'keyUsage'],
    [{ extendedKeyUsage: ['serverauth'] }, 'extendedKeyUsage'],
    [{ extendedKeyUsage: ['serverAuth', '1.3.6.1.5.5.7.3.1'] }, 'extendedKeyUsage'],
    [{ subjectAltNames: ['host'] }, 'subjectAltNames'],
    [{ commonName: 'any' }, 'commonName'],
    [{ defaultValidityDays: 0 }, 'defaultValidityDays'],
    [{ defaultValidityDays: Number.NaN }, 'defaultValidityDays'],
    [{ defaultValidityDays: 500 }, 'defaultValidityDays'],
    [{ maximumValidityDays: Number.POSITIVE_INFINITY }, 'maximumValidityDays'],
    [{ keyAlgorithms: [] }, 'keyAlgorithms'],
    [{ keyAlgorithms: ['RSA-1024'] }, 'keyAlgorithms'],
    [{ wildcards: 'yes' }, 'wildcards'],
    [{ wildcard: true }, 'wildcard'],
  ])('are refused: a profile with %j', async (change, field) => {
    const error = await rejection(() => construct(profile(change)));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain('profile "own"');
    expect(error.message).toContain(field);
  });

  it('take every built-in profile back', () => {
    expect(() => construct({ profiles: builtInProfiles })).not.toThrow();
  });

  it('must not name an event log of another storage', async () => {
    const events = new EventLog({ storage: another(), clock });
    expect(await rejection(() => construct({ events }))).toMatchObject({
      name: 'ConflictError',
      code: 'EVENTS_STORAGE_MISMATCH',
    });
    expect(() => construct({ events: new EventLog({ storage, clock }) })).not.toThrow();
  });

  it('may ask for durability; without that, less than durable is only warned of', async () => {
    const withDurability = (durability: 'volatile' | 'async' | 'durable'): StorageBackend =>
      Object.create(storage, { capabilities: { value: { durability, watch: false } } });
    const warn = vi.fn();
    const logger = { debug: vi.fn(), info: vi.fn(), warn, error: vi.fn() };
    for (const durability of ['volatile', 'async'] as const) construct({ storage: withDurability(durability), logger });
    expect(warn.mock.calls.map(([, fields]) => fields as unknown)).toEqual([
      { durability: 'volatile' },
      { durability: 'async' },
    ]);
    construct({ storage: withDurability('durable'), logger, requireDurability: 'durable' });
    construct({ storage: withDurability('async'), logger, requireDurability: 'async' });
    expect(warn).toHaveBeenCalledTimes(2);
    for (const [durability, requireDurability] of [
      ['volatile', 'async'],
      ['async', 'durable'],
    ] as const) {
      const error = await rejection(() => construct({ storage: withDurability(durability), requireDurability }));
      expect(error).toMatchObject({
        code: 'STORAGE_UNSAFE_CONFIG',
        facts: { required: requireDurability, durability },
      });
    }
    const misspelled = { storage: withDurability('volatile'), requireDurability: 'Durable' as 'durable' };
    expect((await rejection(() => construct(misspelled))).code).toBe('INVALID_ARGUMENT');
  });

  it('may leave events out: then none are written', async () => {
    const recorded = recordCommits(createTestStorage(clock).storage);
    const authority = construct({ storage: recorded.storage });
    await authority.bootstrap({
      organization: 'E',
      passphrase: 'correct horse battery staple',
      saveRoot: async () => undefined,
    });
    const { serialNumber } = await authority.issue({ subjectAltNames: ['a.example'] });
    await authority.revoke(serialNumber);
    const collections = new Set(recorded.commits.flat().map(({ collection }) => collection));
    expect(collections.has('authority_certificates')).toBe(true);
    expect(collections.has('events')).toBe(false);
  });
});
