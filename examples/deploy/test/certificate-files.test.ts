import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificate, CertificateAuthority, CertificateManager, EventLog, LocalKeyring } from '@chancery/core';
import { MemoryStorage } from '@chancery/storage-memory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CertificateFiles, type CertificateFilesOptions } from '../src/certificate-files.ts';
import { reloadCommand } from '../src/reload-command.ts';

let folder: string;
let authority: CertificateAuthority;
let certificates: CertificateManager;
let events: EventLog;
let web: Certificate;
let reloads: string[];

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'chancery-files-')), 'tls');
  const storage = new MemoryStorage();
  const keyring = LocalKeyring.generate();
  events = new EventLog({ storage, keyring });
  authority = new CertificateAuthority({ storage, keyring });
  const passphrase = 'fifteen characters or more';
  const { root } = await authority.bootstrap({ organization: 'Example', passphrase, saveRoot: async () => undefined });
  root.close();
  certificates = new CertificateManager({ storage, keyring, events, issuers: { internal: authority } });
  web = await certificates.create({ name: 'web', subjectAltNames: ['app.example'] });
  reloads = [];
});
afterEach(async () => {
  await certificates.close();
  await rm(join(folder, '..'), { recursive: true, force: true });
});

/** Notes at each reload which certificate the proxy would find. */
function filesOf(options: Partial<CertificateFilesOptions> = {}): CertificateFiles {
  return new CertificateFiles({
    certificates,
    folder,
    names: ['web'],
    reload: async () => {
      reloads.push(await servedSerialNumber());
    },
    onError: (error) => expect.unreachable(String(error)),
    ...options,
  });
}

/** Of the certificate on disk, whose key has to be the one beside it. */
async function servedSerialNumber(name = 'web'): Promise<string> {
  const [chain, key] = await Promise.all(
    ['chain.pem', 'key.pem'].map((file) => readFile(join(folder, name, file), 'utf8')),
  );
  const certificate = new X509Certificate(chain as string);
  const { createPrivateKey } = await import('node:crypto');
  expect(certificate.checkPrivateKey(createPrivateKey(key as string))).toBe(true);
  return certificate.serialNumber.toLowerCase();
}

const exports = async () => {
  const { items } = await events.pending({ limit: 1000 });
  return items.filter(({ type }) => type === 'certificate.exported').length;
};

/** S1-13: distribution of certificates to the service, as files. */
describe('certificates as files', () => {
  it('are written whole, with narrow permissions whatever the umask, before the proxy is told', async () => {
    const former = process.umask(0o077);
    try {
      await filesOf({ authority }).sync();
    } finally {
      process.umask(former);
    }
    expect(reloads).toEqual([web.serialNumber]);
    const modes = ['.', 'web', 'web/chain.pem', 'web/key.pem', 'trust-anchors.pem', 'crls.pem'].map(
      async (name) => [name, ((await stat(join(folder, name))).mode & 0o777).toString(8)] as const,
    );
    expect(Object.fromEntries(await Promise.all(modes))).toEqual({
      '.': '700',
      web: '700',
      'web/chain.pem': '644',
      'web/key.pem': '600',
      'trust-anchors.pem': '644',
      'crls.pem': '644',
    });
    expect(await readFile(join(folder, 'trust-anchors.pem'), 'utf8')).toBe(await authority.trustAnchorsPem());
    expect(await readFile(join(folder, 'crls.pem'), 'utf8')).toBe(await authority.crlBundlePem());
  });

  it('follow each generation, which is exported once, and keep the former one for who is reading it', async () => {
    const files = filesOf();
    await files.sync();
    await files.sync();
    expect([await exports(), reloads.length]).toEqual([1, 1]);
    for (let round = 0; round < 3; round++) {
      web = await certificates.renew(web.id);
      await files.sync();
      expect(await servedSerialNumber()).toBe(web.serialNumber);
    }
    expect([await exports(), reloads.length]).toEqual([4, 4]);
    const kept = (await readdir(folder)).filter((name) => name.startsWith('.web@')).sort();
    expect(kept).toEqual([`.web@${web.id}.3`, `.web@${web.id}.4`]);
  });

  it('are repaired after a crash, wherever it was', async () => {
    await filesOf().sync();
    web = await certificates.renew(web.id);
    // Within writing the next generation.
    const half = join(folder, `.web@${web.id}.2`);
    await mkdir(half);
    await writeFile(join(half, 'key.pem'), 'half of it');
    await writeFile(join(folder, '.web.link'), 'in the way');
    await filesOf().sync();
    expect(await servedSerialNumber()).toBe(web.serialNumber);

    // Between writing and reloading: whoever starts next reloads in any case.
    reloads = [];
    await filesOf().sync();
    expect(reloads).toEqual([web.serialNumber]);
  });

  it('have a reload that failed tried again, though nothing has changed', async () => {
    let failures = 2;
    const files = filesOf({
      reload: async () => {
        if (failures-- > 0) throw new Error('nginx: configuration file test failed');
        reloads.push(await servedSerialNumber());
      },
    });
    await expect(files.sync()).rejects.toMatchObject({ errors: [{ message: /configuration file test failed/ }] });
    await expect(files.sync()).rejects.toThrow(AggregateError);
    await files.sync();
    await files.sync();
    expect(reloads).toEqual([web.serialNumber]);
  });

  it('stay where a certificate is revoked or not there, and others are written', async () => {
    const files = filesOf({ names: ['nothing', 'web', 'mail'] });
    await certificates.create({ name: 'mail', subjectAltNames: ['mail.example'] });
    await expect(files.sync()).rejects.toMatchObject({
      errors: [{ message: 'the certificate nothing is not there: its files stay as they are' }],
    });
    await certificates.revoke(web.id, { reason: 'superseded' });
    const only = filesOf();
    await expect(only.sync()).rejects.toMatchObject({
      errors: [{ message: 'the certificate web is not there: its files stay as they are' }],
    });
    expect(await servedSerialNumber()).toBe(web.serialNumber);
    expect(await servedSerialNumber('mail')).not.toBe(web.serialNumber);
  });

  it('are written as soon as a certificate changes, until they are stopped', async () => {
    let reloaded: () => void = () => undefined;
    const files = filesOf({
      intervalMs: 3_600_000,
      reload: async () => {
        reloads.push(await servedSerialNumber());
        reloaded();
      },
    });
    await files.start();
    const next = new Promise<void>((resolve) => {
      reloaded = resolve;
    });
    const second = await certificates.renew(web.id);
    await next;
    await files.stop();
    await certificates.renew(web.id);
    expect(reloads).toEqual([web.serialNumber, second.serialNumber]);
  });

  it('that cannot be written are told of, without a key, and the proxy is left alone', async () => {
    const file = join(folder, '..', 'a-file');
    await writeFile(file, '');
    const error = await filesOf({ folder: join(file, 'tls') })
      .sync()
      .catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'ENOTDIR' });

    await mkdir(join(folder, 'web', 'in the way'), { recursive: true });
    const refused = await filesOf()
      .sync()
      .catch((thrown: AggregateError) => thrown.errors.map(String).join());
    expect(refused).toMatch(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(refused).not.toContain('PRIVATE KEY');
    expect(reloads).toEqual([]);
  });

  it('have names that cannot leave their folder', () => {
    for (const name of ['..', '.', '../web', 'a/b', '', '.hidden', 'a\0']) {
      expect(() => filesOf({ names: [name] }), name).toThrow(RangeError);
    }
  });
});

describe('a reload command', () => {
  it('runs a program without a shell, and passes its refusal on', async () => {
    const target = join(folder, '..', 'a file; touch b');
    await reloadCommand(['touch', target])();
    expect((await stat(target)).isFile()).toBe(true);
    await expect(
      reloadCommand([process.execPath, '-e', 'console.error("no"); process.exit(3)'])(),
    ).rejects.toMatchObject({ code: 3, stderr: 'no\n' });
    const endless = [process.execPath, '-e', 'setInterval(() => {}, 1000)'] as const;
    await expect(reloadCommand(endless, { timeoutMs: 300 })()).rejects.toMatchObject({ killed: true });
  });
});
