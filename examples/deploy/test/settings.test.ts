import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApplication } from '../src/open-application.ts';
import { readSettings } from '../src/settings.ts';

let folder: string;
let sound: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chancery-settings-'));
  await writeFile(join(folder, 'storage-url'), 'postgres://app:hunter2@db/app\n');
  await writeFile(join(folder, 'keyring.json'), '{}');
  sound = {
    CHANCERY_ORIGIN: 'https://app.example',
    CHANCERY_STORAGE_FILE: join(folder, 'storage-url'),
    CHANCERY_KEYRING_FILE: join(folder, 'keyring.json'),
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const refusal = (changes: Record<string, string | undefined>) =>
  readSettings({ ...sound, ...changes }).then(
    () => 'accepted',
    (error: Error) => error.message,
  );

/** S3-7: configuration is validated. */
describe('settings', () => {
  it('have defaults that trust nobody', async () => {
    expect(await readSettings(sound)).toEqual({
      origin: 'https://app.example',
      storageUrl: 'postgres://app:hunter2@db/app',
      keyringFile: sound.CHANCERY_KEYRING_FILE,
      port: 8080,
      mtlsPort: 8081,
      address: '0.0.0.0',
      logLevel: 'info',
      trustedProxies: [],
      clientCertificate: { name: 'client-cert', format: 'rfc9440' },
    });
  });

  it('take lists, a proxy by name, and what to do with files', async () => {
    const settings = await readSettings({
      ...sound,
      CHANCERY_TRUSTED_PROXIES: '10.0.0.0/8, 127.0.0.1',
      CHANCERY_CLIENT_CERTIFICATE: 'traefik',
      CHANCERY_TLS_FOLDER: '/tls',
      CHANCERY_TLS_NAMES: 'web,mail',
      CHANCERY_TLS_RELOAD: ' nginx  -s reload ',
    });
    expect(settings).toMatchObject({
      trustedProxies: ['10.0.0.0/8', '127.0.0.1'],
      clientCertificate: { name: 'x-forwarded-tls-client-cert', format: 'traefik' },
      files: { folder: '/tls', names: ['web', 'mail'], reload: ['nginx', '-s', 'reload'] },
    });
  });

  it.each([
    ['CHANCERY_ORIGIN', undefined, 'CHANCERY_ORIGIN is missing'],
    ['CHANCERY_ORIGIN', 'https://app.example/', 'CHANCERY_ORIGIN must be an origin such as https://app.example, not'],
    ['CHANCERY_ORIGIN', 'app.example', 'CHANCERY_ORIGIN must be an origin'],
    ['CHANCERY_STORAGE_FILE', undefined, 'CHANCERY_STORAGE_FILE is missing'],
    ['CHANCERY_STORAGE_FILE', '/nowhere', 'CHANCERY_STORAGE_FILE cannot be read: ENOENT'],
    ['CHANCERY_KEYRING_FILE', undefined, 'CHANCERY_KEYRING_FILE is missing'],
    ['CHANCERY_KEYRING_FILE', '/nowhere', 'CHANCERY_KEYRING_FILE cannot be read: ENOENT'],
    ['CHANCERY_PORT', '80a', 'CHANCERY_PORT must be a port, not "80a"'],
    ['CHANCERY_MTLS_PORT', '65536', 'CHANCERY_MTLS_PORT must be a port, not "65536"'],
    ['CHANCERY_METRICS_PORT', '', 'CHANCERY_METRICS_PORT must be a port, not ""'],
    ['CHANCERY_LOG_LEVEL', 'loud', 'CHANCERY_LOG_LEVEL must be one of debug, info, warn, error, silent, not "loud"'],
    ['CHANCERY_CLIENT_CERTIFICATE', 'toString', 'CHANCERY_CLIENT_CERTIFICATE must be one of nginx, '],
  ])('name what is wrong with %s: %s', async (name, value, message) => {
    const refused = await refusal({ [name]: value });
    expect(refused.startsWith(message), refused).toBe(true);
    expect(refused).not.toContain('\n');
    expect(refused).not.toContain('hunter2');
  });

  it('name everything that is wrong at once', async () => {
    expect((await refusal({ CHANCERY_ORIGIN: undefined, CHANCERY_PORT: '-1' })).split('\n')).toHaveLength(2);
  });

  it('open no storage that they do not know, and repeat no password', async () => {
    await writeFile(join(folder, 'other-url'), 'mysql://app:hunter2@db/app');
    const environment = { ...sound, CHANCERY_STORAGE_FILE: join(folder, 'other-url') };
    const error = await openApplication(environment).catch((thrown: Error) => thrown);
    expect(String(error)).toBe('Error: CHANCERY_STORAGE must be a URL that begins with postgres:// or redis://');
  });
});
