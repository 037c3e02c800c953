import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { OfflineRoot } from '../../../src/index.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { run } from '../../support/run-tool.ts';
import { createTestAuthority, PASSPHRASE } from '../../support/test-authority.ts';
import { tool } from '../../support/tools.ts';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--dump-dom',
];
const PAGE = '<p id="said">certified by us</p>';
const folder = mkdtempSync(join(tmpdir(), 'chancery-chromium-'));

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

/** A home directory whose NSS database trusts a root, or nothing. */
function makeHome(name: string, rootPem: string | undefined): string {
  const home = join(folder, name);
  const database = join(home, '.pki', 'nssdb');
  mkdirSync(database, { recursive: true });
  expect(run('certutil', ['-N', '-d', `sql:${database}`, '--empty-password']).status).toBe(0);
  if (rootPem !== undefined) {
    const file = join(home, 'root.pem');
    writeFileSync(file, rootPem);
    expect(run('certutil', ['-A', '-d', `sql:${database}`, '-n', 'root', '-t', 'C,,', '-i', file])).toMatchObject({
      status: 0,
    });
  }
  return home;
}

/** What a headless Chromium shows of a page. Not synchronous, since the page is served by this process. */
function browse(home: string, url: string): Promise<string> {
  const env = {
    ...process.env,
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_CACHE_HOME: join(home, '.cache'),
  };
  const browser = spawn(tool('chromium'), [...FLAGS, `--user-data-dir=${join(home, 'profile')}`, url], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 90_000,
  });
  return new Promise((resolve, reject) => {
    let page = '';
    browser.stdout.on('data', (chunk: Buffer) => {
      page += chunk.toString();
    });
    browser.on('error', reject);
    browser.on('close', () => resolve(page));
  });
}

describe('Chromium', () => {
  it.each(['ECDSA-P256', 'RSA-2048'] as const)(
    'shows a page under a root of %s that it trusts, and no other',
    { timeout: 240_000 },
    async (keyAlgorithm) => {
      const clock = new VirtualClock(Date.now());
      const { root } = await OfflineRoot.create({
        subject: 'CN=Browser Root CA',
        keyAlgorithm,
        passphrase: PASSPHRASE,
        clock,
      });
      const { authority } = await createTestAuthority({ clock, root, intermediateKey: keyAlgorithm });
      const issued = await authority.issue({ subjectAltNames: ['localhost', 'ip:127.0.0.1'], keyAlgorithm });
      const server = createServer({ cert: issued.chainPem, key: issued.privateKeyPem ?? '' }, (_, response) => {
        response.setHeader('content-type', 'text/html');
        response.end(PAGE);
      });
      // By alerts alone: a connection that the browser opened ahead is cut when it ends, perhaps in the midst of the handshake.
      const alerts: string[] = [];
      server.on('tlsClientError', ({ code = '' }: NodeJS.ErrnoException) => {
        if (code.includes('_ALERT_')) alerts.push(code);
      });
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      try {
        const { port } = server.address() as AddressInfo;
        const trusting = makeHome(`trusting-${keyAlgorithm}`, root.certificatePem);
        expect(await browse(trusting, `https://localhost:${port}/`)).toContain(PAGE);
        expect(await browse(trusting, `https://127.0.0.1:${port}/`)).toContain(PAGE);
        expect(alerts).toEqual([]);
        const wary = await browse(makeHome(`wary-${keyAlgorithm}`, undefined), `https://localhost:${port}/`);
        expect(wary).not.toContain(PAGE);
        // The alert that the browser sent: it came, saw the certificate and went.
        // OpenSSL 3.0 and 3.5 spell it differently before the last three words.
        expect(alerts).toContainEqual(expect.stringMatching(/_ALERT_CERTIFICATE_UNKNOWN$/));
      } finally {
        server.closeAllConnections();
        server.close();
      }
    },
  );
});
