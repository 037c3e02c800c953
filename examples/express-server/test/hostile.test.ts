import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CertificateAuthority, LocalKeyring } from '@chancery/core';
import { MemoryStorage } from '@chancery/storage-memory';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../src/server.ts';
import { type DashboardPage, launchBrowser, logIn, openDashboard, show } from './support/dashboard-page.ts';
import { startInMemory } from './support/start.ts';

/** Ends whatever it may stand in, and would run as script in each of several ways. */
const HOSTILE = `"'><img src=x onerror=alert(1)><svg onload=alert(2)></svg></title><script>alert(3)</script>{{4}}`;

let server: RunningServer;
let browser: Browser;
let dashboard: DashboardPage;
let page: Page;
const made = { accountId: '', certificateId: '', importedId: '' };

beforeAll(async () => {
  [server, browser] = await Promise.all([startInMemory({ certificates: 0 }), launchBrowser()]);
  dashboard = await openDashboard(browser, server);
  page = dashboard.page;
  await logIn(dashboard, server);
  await makeHostileThings();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function makeHostileThings(): Promise<void> {
  const password = randomBytes(15).toString('base64url');
  const account = await server.accounts.create({
    login: HOSTILE,
    displayName: HOSTILE,
    password,
    attributes: { domain: 'hostile.example', [HOSTILE]: HOSTILE },
  });
  made.accountId = account.id;
  await server.accounts.login({ login: HOSTILE, password, userAgent: HOSTILE, ip: '192.0.2.7' });
  const owned = { accountId: account.id, subjectAltNames: ['hostile.example'] };
  made.certificateId = (await server.certificates.create({ ...owned, name: HOSTILE })).id;

  const foreign = new CertificateAuthority({ storage: new MemoryStorage(), keyring: LocalKeyring.generate() });
  const passphrase = randomBytes(20).toString('base64url');
  await foreign.bootstrap({ organization: HOSTILE.slice(0, 40), passphrase, saveRoot: async () => undefined });
  const issued = await foreign.issue({
    profile: 'client',
    commonName: HOSTILE.slice(0, 60),
    subjectAltNames: ['a.example'],
  });
  const { chainPem, privateKeyPem = '' } = issued;
  made.importedId = (await server.certificates.import({ chainPem, privateKeyPem, name: `${HOSTILE} imported` })).id;

  const administrator = await server.accounts.findByLogin('admin@chancery.example');
  const ownerId = administrator?.id ?? '';
  await server.vault.store({ ownerId, recordId: HOSTILE, data: HOSTILE, keyMode: 'managed', contentType: 'text/html' });
}

/** Whatever became markup, and what the page says. */
async function look(): Promise<{ markup: number; text: string }> {
  return page.evaluate(() => ({
    markup: document.querySelectorAll('body img, body script, [onload], [onerror]').length,
    text: `${document.body.textContent} ${document.title}`,
  }));
}

describe('hostile names', () => {
  it.each([
    ['the overview', () => '/', 2],
    ['the certificates', () => '/certificates', 2],
    ['a certificate', () => `/certificates/${made.certificateId}`, 2],
    ['the accounts', () => '/accounts', 2],
    ['an account', () => `/accounts/${made.accountId}`, 5],
    ['the records', () => '/records', 1],
    ['the audit trail', () => '/audit', 3],
  ])('are text in %s', async (_, path, times) => {
    await show(dashboard, path());
    // The log tells of them a moment after they were made.
    const occurrences = async () => (await look()).text.split(HOSTILE).length - 1;
    await expect.poll(occurrences).toBeGreaterThanOrEqual(times);
    expect((await look()).markup).toBe(0);
  });

  it('are text in the fields of a certificate from elsewhere', async () => {
    await show(dashboard, `/certificates/${made.importedId}`);
    for (const summary of await page.locator('summary').all()) await summary.click();
    const { markup, text } = await look();
    expect(markup).toBe(0);
    // The subject and the issuer are RFC 4514 strings, in which some characters are escaped.
    expect(text.replaceAll('\\', '')).toContain(`CN=${HOSTILE.slice(0, 60)}`);
    expect(text.replaceAll('\\', '')).toContain(`O=${HOSTILE.slice(0, 40)}`);
  });

  it('are text in dialogs, in what a record holds, and in what the server says of them', async () => {
    await show(dashboard, '/records');
    await page.locator(`[data-key="open-${CSS_ESCAPED}"]`).click();
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    expect(await page.getByLabel('Content').textContent()).toBe(HOSTILE);
    expect((await look()).markup).toBe(0);
    await page.getByRole('button', { name: 'Close' }).click();

    await show(dashboard, '/certificates');
    await page.getByRole('button', { name: 'Issue a certificate' }).click();
    await page.getByLabel('Names').fill(HOSTILE);
    await page.getByRole('button', { name: 'Issue', exact: true }).click();
    await page.getByRole('alert').waitFor();
    const { markup, text } = await look();
    expect(markup).toBe(0);
    expect(text).toContain('onerror=alert(1)');
    await page.keyboard.press('Escape');
  });

  it('are no path either', async () => {
    for (const path of ['/dashboard/..%2f..%2fpackage.json', '/dashboard/%2e%2e/src/main.ts', '/dashboard/scripts']) {
      expect((await fetch(server.origin + path)).status, path).toBe(404);
    }
  });

  it('made nothing that the content security policy had to forbid', () => {
    expect(dashboard.faults).toEqual([]);
  });
});

/** For an attribute selector in double quotes. */
const CSS_ESCAPED = HOSTILE.replaceAll('"', '\\"');

describe('the session of a browser', () => {
  /** What the page sends with its requests. */
  async function credentials(): Promise<{ authorization: string; cookie: string }> {
    const sent = page.waitForRequest((request) => request.url().includes('/certificates?'));
    await show(dashboard, '/accounts');
    await show(dashboard, '/certificates');
    const { authorization = '' } = (await sent).headers();
    const cookies = await dashboard.context.cookies();
    return { authorization, cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') };
  }

  it('takes token and cookie together: neither alone is anybody', async () => {
    const { authorization, cookie } = await credentials();
    const ask = async (headers: Record<string, string>) =>
      (await fetch(`${server.origin}/certificates`, { headers })).status;
    expect(await ask({ authorization, cookie })).toBe(200);
    expect(await ask({ authorization })).toBe(401);
    expect(await ask({ cookie })).toBe(401);
    const summary = async (headers: Record<string, string>) =>
      (await fetch(`${server.origin}/dashboard/overview`, { headers })).status;
    expect([await summary({ authorization, cookie }), await summary({ authorization }), await summary({})]).toEqual([
      200, 401, 401,
    ]);
  });

  it('is out of reach for scripts of the page', async () => {
    expect(await page.evaluate(() => document.cookie)).toBe('');
    expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).toBe('[{},{}]');
  });

  it('is not used by another site', async () => {
    // Another host, and so another site, though it is the same machine.
    const site = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<form method="post">'),
    );
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    const attempts = ['/sessions/refresh', '/sessions', `/certificates/${made.certificateId}/revoke`];
    for (const path of attempts) {
      const attacker = await dashboard.context.newPage();
      await attacker.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
      const asked = attacker.waitForRequest((request) => request.url() === server.origin + path);
      const answered = attacker.waitForResponse((response) => response.url() === server.origin + path);
      await attacker.evaluate((action) => {
        const form = document.forms[0] as HTMLFormElement;
        form.enctype = 'text/plain';
        form.action = action;
        form.innerHTML = '<input name=\'{"cookie":true,"login":"a","password":"\' value=\'"}\'>';
        form.submit();
      }, server.origin + path);
      expect((await (await asked).allHeaders()).cookie, path).toBeUndefined();
      expect((await answered).status(), path).toBeGreaterThanOrEqual(400);
      await attacker.close();
    }
    site.close();
    expect(await server.certificates.get(made.certificateId)).toMatchObject({ status: 'valid' });
    await page.reload();
    await page.getByRole('button', { name: 'Log out' }).waitFor();
  });
});
